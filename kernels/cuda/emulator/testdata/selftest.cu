// Kernels that test the emulator itself: what it computes, and that it notices what must not be.
#include "device.h"

// Rounds x to T and back.
template <class T>
__device__ void convert(float *out, const float *x, int n) {
    int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) out[i] = to_float(rounded<T>(x[i]));
}

extern "C" __global__ void selftest_convert_f16(float *out, const float *x, int n) { convert<f16>(out, x, n); }
EXPORT_KERNEL(selftest_convert_f16);

extern "C" __global__ void selftest_convert_bf16(float *out, const float *x, int n) { convert<bf16>(out, x, n); }
EXPORT_KERNEL(selftest_convert_bf16);

// Writes what every register of an mma's result holds, with A [16, 16], B [16, 8] and C [16, 8] in row-major order, and
// each register filled element by element as the PTX ISA has it.
extern "C" __global__ void selftest_mma(float *d, const float *a, const float *b, const float *c) {
    int group = lane_index() >> 2, t = lane_index() % 4;
    unsigned ra[4], rb[2];
    float rd[4];
    for (int i = 0; i < 4; i++) {
        const float *p = a + (group + (i & 1 ? 8 : 0)) * 16 + 2 * t + (i & 2 ? 8 : 0);
        ra[i] = pack<f16>(p[0], p[1]);
        rd[i] = c[(group + (i & 2 ? 8 : 0)) * 8 + 2 * t + (i & 1)];
    }
    for (int i = 0; i < 2; i++) rb[i] = pack<f16>(b[(2 * t + 8 * i) * 8 + group], b[(2 * t + 8 * i + 1) * 8 + group]);
    mma<f16>(rd, ra, rb[0], rb[1]);
    for (int i = 0; i < 4; i++) d[(group + (i & 2 ? 8 : 0)) * 8 + 2 * t + (i & 1)] = rd[i];
}
EXPORT_KERNEL(selftest_mma);

// The same product by way of ldmatrix: A as it lies, B by its transpose.
extern "C" __global__ void selftest_ldmatrix(float *d, const float *a, const float *b) {
    DYNAMIC_SHARED(shared);
    f16 *sa = reinterpret_cast<f16 *>(shared), *sb = sa + 16 * 16;
    for (int i = lane_index(); i < 256; i += 32) sa[i] = rounded<f16>(a[i]);
    for (int i = lane_index(); i < 128; i += 32) sb[i] = rounded<f16>(b[i]);
    __syncwarp();
    unsigned ra[4], rb[2];
    load_matrices(ra, sa + lane_index() % 16 * 16 + lane_index() / 16 * 8);
    load_matrices_transposed(rb, sb + lane_index() % 16 * 8);
    float rd[4] = {};
    mma<f16>(rd, ra, rb[0], rb[1]);
    for (int i = 0; i < 4; i++) d[(lane_index() / 4 + i / 2 * 8) * 8 + lane_index() % 4 * 2 + i % 2] = rd[i];
}
EXPORT_KERNEL(selftest_ldmatrix);

// Sums x over a block of 256 threads, by way of static shared memory.
extern "C" __global__ void selftest_sum(float *out, const float *x) {
    SHARED_ARRAY(float, sums, 8);
    float sum = warp_sum(x[blockIdx.x * blockDim.x + threadIdx.x]);
    if (lane_index() == 0) sums[warp_index()] = sum;
    __syncthreads();
    if (threadIdx.x != 0) return;
    for (int i = 1; i < 8; i++) sum += sums[i];
    out[blockIdx.x] = sum;
}
EXPORT_KERNEL(selftest_sum);

// Passes numbers from each thread to the one 32 further, of the next warp; with_barrier says whether it waits for them.
extern "C" __global__ void selftest_rotate(float *out, int with_barrier) {
    DYNAMIC_SHARED(shared);
    float *numbers = reinterpret_cast<float *>(shared);
    numbers[threadIdx.x] = static_cast<float>(threadIdx.x);
    if (with_barrier) __syncthreads();
    out[threadIdx.x] = numbers[(threadIdx.x + 32) % blockDim.x];
}
EXPORT_KERNEL(selftest_rotate);

// A barrier that some threads pass by.
extern "C" __global__ void selftest_divergent(float *out) {
    if (threadIdx.x < 40) __syncthreads();
    out[threadIdx.x] = 1;
}
EXPORT_KERNEL(selftest_divergent);

// A shuffle in one half of a warp, another in the other half.
extern "C" __global__ void selftest_divergent_warp(float *out) {
    float x = 1;
    if (threadIdx.x < 16) {
        x = __shfl_xor_sync(all_lanes, x, 1);
    } else {
        x = __shfl_xor_sync(all_lanes, x, 2);
    }
    out[threadIdx.x] = x;
}
EXPORT_KERNEL(selftest_divergent_warp);

// Writes, and reads, at some index.
extern "C" __global__ void selftest_write(float *out, const float *x, int to, int from) {
    if (threadIdx.x == 0) out[to] = x[from];
}
EXPORT_KERNEL(selftest_write);

// Writes to dynamic shared memory.
extern "C" __global__ void selftest_shared(int at) {
    DYNAMIC_SHARED(shared);
    if (threadIdx.x == 0) shared[at] = 1;
}
EXPORT_KERNEL(selftest_shared);

// Reads four floats at once.
extern "C" __global__ void selftest_aligned(float *out, const float *x) {
    struct alignas(16) Four {
        float x[4];
    };
    if (threadIdx.x == 0) out[0] = reinterpret_cast<const Four *>(x)->x[3];
}
EXPORT_KERNEL(selftest_aligned);

// Copies 16 bytes behind the thread's back and reads them, with waiting for them or without.
extern "C" __global__ void selftest_copy(float *out, const float *x, int at, int wait) {
    DYNAMIC_SHARED(shared);
    float *numbers = reinterpret_cast<float *>(shared) + 4 * threadIdx.x;
    copy_async(numbers, x + at, threadIdx.x % 2 == 0);
    commit_copies();
    commit_copies(); // a group of nothing
    if (wait) wait_copies<1>();
    for (int i = 0; i < 4; i++) out[4 * threadIdx.x + i] = numbers[i];
}
EXPORT_KERNEL(selftest_copy);
