// Single numbers made of many, and their gradients, by one block of 8 warps: there are few of them. Sums are taken in a
// fixed order.
#include "elements.h"

constexpr int reduce_warps = 8;

// The sum of x over the block, in every thread.
__device__ float block_sum(float x) {
    SHARED_ARRAY(float, sums, reduce_warps);
    __syncthreads(); // the last sums have been read
    x = warp_sum(x);
    if (lane_index() == 0) sums[warp_index()] = x;
    __syncthreads();
    float total = 0;
    for (int w = 0; w < reduce_warps; w++) total += sums[w];
    return total;
}

// What is no number counts as the largest, so that it is noticed.
__device__ inline float largest_of(float a, float b) { return a != a ? a : b > a || b != b ? b : a; }

// The largest of n numbers, in every thread of the block.
__device__ float block_max(const float *x, int n) {
    SHARED_ARRAY(float, most, reduce_warps);
    float m = minus_infinity();
    for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) m = largest_of(m, x[i]);
    for (int step = warp_size / 2; step > 0; step /= 2) m = largest_of(m, __shfl_xor_sync(all_lanes, m, step));
    if (lane_index() == 0) most[warp_index()] = m;
    __syncthreads();
    m = most[0];
    for (int w = 1; w < reduce_warps; w++) m = largest_of(m, most[w]);
    return m;
}

__device__ float block_dot(const float *a, const float *b, int n) {
    float sum = 0;
    for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) sum += a[i] * b[i];
    return block_sum(sum);
}

extern "C" __global__ void dot_product(float *out, const float *a, const float *b, int n) {
    float sum = block_dot(a, b, n);
    if (threadIdx.x == 0) out[0] = sum;
}
EXPORT_KERNEL(dot_product);

extern "C" __global__ void mean(float *out, const float *x, int n) {
    float sum = 0;
    for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) sum += x[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[0] = sum / n;
}
EXPORT_KERNEL(mean);

// dx, of n elements, receives dy/n for a scalar dy.
extern "C" __global__ void mean_grad(float *dx, const float *dy, long long n) {
    long long i = element_index(n);
    if (i >= 0) dx[i] = dy[0] / n;
}
EXPORT_KERNEL(mean_grad);

extern "C" __global__ void scale_by(float *out, const float *s, const float *x, long long n) {
    long long i = element_index(n);
    if (i >= 0) out[i] = s[0] * x[i];
}
EXPORT_KERNEL(scale_by);

extern "C" __global__ void one_minus_max(float *out, const float *x, int n) {
    float m = block_max(x, n);
    if (threadIdx.x == 0) out[0] = 1 - m;
}
EXPORT_KERNEL(one_minus_max);

// Elements that tie for the maximum share the gradient.
extern "C" __global__ void one_minus_max_grad(float *dx, const float *dy, const float *x, int n) {
    float m = block_max(x, n), ties = 0;
    for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) ties += x[i] == m ? 1 : 0;
    float share = -dy[0] / block_sum(ties);
    for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) dx[i] = x[i] == m ? share : 0;
}
EXPORT_KERNEL(one_minus_max_grad);

// The first of the largest of n numbers, as Python's max has it.
__device__ inline int first_largest(const float *x, int n) {
    int best = 0;
    for (int i = 1; i < n; i++) best = x[i] > x[best] ? i : best;
    return best;
}

extern "C" __global__ void largest(float *out, const float *x, int n) {
    if (threadIdx.x == 0) out[0] = x[first_largest(x, n)];
}
EXPORT_KERNEL(largest);

// dx receives dy if number i is the largest, else 0.
extern "C" __global__ void largest_grad(float *dx, const float *dy, const float *x, int n, int i) {
    if (threadIdx.x == 0) dx[0] = first_largest(x, n) == i ? dy[0] : 0;
}
EXPORT_KERNEL(largest_grad);

// Lengths of two vectors, 1e-8 at least, and the cosine between them.
struct Angle {
    float u, v, cosine;

    __device__ Angle(const float *a, const float *b, int c) {
        u = fmaxf(sqrtf(block_dot(a, a, c)), 1e-8f);
        v = fmaxf(sqrtf(block_dot(b, b, c)), 1e-8f);
        cosine = block_dot(a, b, c) / u / v;
    }
};

// The mean of the cosines between the rows of a and b, [rows, c].
extern "C" __global__ void cosine_similarity(float *out, const float *a, const float *b, int rows, int c) {
    float sum = 0;
    for (int row = 0; row < rows; row++) sum += Angle(a + row * c, b + row * c, c).cosine;
    if (threadIdx.x == 0) out[0] = sum / rows;
}
EXPORT_KERNEL(cosine_similarity);

// Its gradient with respect to a, given dy of its result.
extern "C" __global__ void cosine_similarity_grad(float *da, const float *dy, const float *a, const float *b, int rows,
                                                  int c) {
    float g = dy[0] / rows;
    for (int row = 0; row < rows; row++) {
        const float *u = a + row * c, *v = b + row * c;
        Angle angle(u, v, c);
        for (int i = static_cast<int>(threadIdx.x); i < c; i += static_cast<int>(blockDim.x)) {
            da[row * c + i] = g * (v[i] / angle.u / angle.v - angle.cosine * u[i] / angle.u / angle.u);
        }
    }
}
EXPORT_KERNEL(cosine_similarity_grad);

// out [rows, 2·n] receives, for each of n frequencies f, the sine of t·f from column sin_at on and the cosine from
// cos_at on; count is rows·n.
extern "C" __global__ void waves(float *out, const float *t, const float *f, long long count, int n, int sin_at,
                                 int cos_at) {
    long long i = element_index(count);
    if (i < 0) return;
    float angle = t[i / n] * f[i % n];
    float *row = out + i / n * 2 * n + i % n;
    row[sin_at] = sinf(angle);
    row[cos_at] = cosf(angle);
}
EXPORT_KERNEL(waves);
