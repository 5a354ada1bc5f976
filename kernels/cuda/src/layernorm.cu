// Layer normalisation of the rows of [rows, c], and its gradient (Ba et al. 2016). A warp has a row and goes through it
// more than once, since it stays in the nearest cache: the variance is that of deviations, which do not cancel.
#include "device.h"

// A row's mean, and one over its standard deviation.
struct RowMoments {
    float mean, inverse;

    __device__ RowMoments(const float *x, int c, float eps) {
        float sum = 0, squares = 0;
        for (int i = lane_index(); i < c; i += warp_size) sum += x[i];
        mean = warp_sum(sum) / c;
        for (int i = lane_index(); i < c; i += warp_size) squares += (x[i] - mean) * (x[i] - mean);
        inverse = 1 / sqrtf(warp_sum(squares) / c + eps);
    }
};

__device__ inline int row_of_warp(int rows) {
    int row = static_cast<int>(blockIdx.x * (blockDim.x / warp_size)) + warp_index();
    return row < rows ? row : -1;
}

// out may be x.
extern "C" __global__ void layer_norm(float *out, const float *x, const float *gamma, const float *beta, int rows,
                                      int c, float eps) {
    int row = row_of_warp(rows);
    if (row < 0) return;
    x += static_cast<long long>(row) * c;
    out += static_cast<long long>(row) * c;
    RowMoments m(x, c, eps);
    for (int i = lane_index(); i < c; i += warp_size) out[i] = (x[i] - m.mean) * m.inverse * gamma[i] + beta[i];
}
EXPORT_KERNEL(layer_norm);

// With d = γ·dy and y the normalised x, dx is (d - mean(d) - y·mean(d·y)) / deviation. dx may be dy.
extern "C" __global__ void layer_norm_grad(float *dx, const float *dy, const float *x, const float *gamma, int rows,
                                           int c, float eps) {
    int row = row_of_warp(rows);
    if (row < 0) return;
    x += static_cast<long long>(row) * c;
    dy += static_cast<long long>(row) * c;
    dx += static_cast<long long>(row) * c;
    RowMoments m(x, c, eps);
    float sum = 0, dot = 0;
    for (int i = lane_index(); i < c; i += warp_size) {
        float d = gamma[i] * dy[i];
        sum += d;
        dot += d * (x[i] - m.mean) * m.inverse;
    }
    sum = warp_sum(sum) / c;
    dot = warp_sum(dot) / c;
    for (int i = lane_index(); i < c; i += warp_size) {
        dx[i] = m.inverse * (gamma[i] * dy[i] - sum - (x[i] - m.mean) * m.inverse * dot);
    }
}
EXPORT_KERNEL(layer_norm_grad);
