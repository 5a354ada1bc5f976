// What is computed before and after the products of gemm.h: the factor of gradients, and the sum of parts.
#include "gemm.h"

// out receives the sum of parts [parts, m, n], in their order, with bias and residual as a layer's result has them.
extern "C" __global__ void gemm_sum(float *out, const float *sums, const float *bias, const float *residual, int parts,
                                    int m, int n, int out_height, int out_width, int place_height, int place_width,
                                    int place_y, int place_x, int place_step) {
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x, count = static_cast<long long>(m) * n;
    if (i >= count) return;
    float sum = 0;
    for (int p = 0; p < parts; p++) sum += sums[p * count + i];
    int row = static_cast<int>(i / n), column = static_cast<int>(i % n);
    Places places{place_height, place_width, place_y, place_x, place_step};
    long long at = places.of(row, Windows{0, 0, 0, out_height, out_width, 0, 0, 0, 0}) * n + column;
    out[at] = GemmOutput(out, bias, residual, 1, n).finished(sum, column, at);
}
EXPORT_KERNEL(gemm_sum);

// The largest of the numbers of a block's threads, in thread 0.
__device__ inline float block_max(float x) {
    SHARED_ARRAY(float, of_warp, 32);
    x = warp_max(x);
    if (lane_index() == 0) of_warp[warp_index()] = x;
    __syncthreads();
    int warps = static_cast<int>(blockDim.x) / warp_size;
    return warp_max(lane_index() < warps ? of_warp[lane_index()] : 0);
}

// largest receives for each block the largest magnitude among its share of x.
extern "C" __global__ void gemm_largest(float *largest, const float *x, long long count) {
    float most = 0;
    long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
        most = fmaxf(most, fabsf(x[i]));
    }
    most = block_max(most);
    if (threadIdx.x == 0) largest[blockIdx.x] = most;
}
EXPORT_KERNEL(gemm_largest);

// factor receives what brings the largest of count numbers to between 1/2 and 1; there is one block.
extern "C" __global__ void gemm_factor(float *factor, const float *largest, int count) {
    float most = 0;
    for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) {
        most = fmaxf(most, largest[i]);
    }
    most = block_max(most);
    if (threadIdx.x == 0) *factor = power_to_one(most);
}
EXPORT_KERNEL(gemm_factor);
