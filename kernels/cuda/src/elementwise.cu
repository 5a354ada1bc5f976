// Sums and products of elements, and of rows with vectors. Results may be written over operands of their shape.
#include "elements.h"

extern "C" __global__ void add(float *out, const float *a, const float *b, long long n) {
    long long i = element_index(n);
    if (i >= 0) out[i] = a[i] + b[i];
}
EXPORT_KERNEL(add);

extern "C" __global__ void mul(float *out, const float *a, const float *b, long long n) {
    long long i = element_index(n);
    if (i >= 0) out[i] = a[i] * b[i];
}
EXPORT_KERNEL(mul);

extern "C" __global__ void scale(float *out, const float *x, float f, long long n) {
    long long i = element_index(n);
    if (i >= 0) out[i] = f * x[i];
}
EXPORT_KERNEL(scale);

extern "C" __global__ void add_scaled(float *out, const float *x, float f, long long n) {
    long long i = element_index(n);
    if (i >= 0) out[i] += f * x[i];
}
EXPORT_KERNEL(add_scaled);

extern "C" __global__ void copy_elements(float *out, const float *x, long long n) {
    long long i = element_index(n);
    if (i >= 0) out[i] = x[i];
}
EXPORT_KERNEL(copy_elements);

extern "C" __global__ void fill(float *out, float value, long long n) {
    long long i = element_index(n);
    if (i >= 0) out[i] = value;
}
EXPORT_KERNEL(fill);

extern "C" __global__ void affine(float *out, const float *x, float factor, float offset, long long n) {
    long long i = element_index(n);
    if (i >= 0) out[i] = factor * x[i] + offset;
}
EXPORT_KERNEL(affine);

// out [rows, c], of n elements, receives factor [c] times x plus offset [c].
extern "C" __global__ void affine_channels(float *out, const float *x, const float *factor, const float *offset,
                                           long long n, int c) {
    long long i = element_index(n);
    if (i >= 0) out[i] = factor[i % c] * x[i] + offset[i % c];
}
EXPORT_KERNEL(affine_channels);

// What is no number stays none.
extern "C" __global__ void clamp(float *out, const float *x, float lo, float hi, long long n) {
    long long i = element_index(n);
    if (i >= 0) out[i] = x[i] < lo ? lo : x[i] > hi ? hi : x[i];
}
EXPORT_KERNEL(clamp);

extern "C" __global__ void clamp_grad(float *dx, const float *dy, const float *x, float lo, float hi, long long n) {
    long long i = element_index(n);
    if (i >= 0) dx[i] = lo <= x[i] && x[i] <= hi ? dy[i] : 0;
}
EXPORT_KERNEL(clamp_grad);

// out [b, rows, c] receives x plus t [b, c].
extern "C" __global__ void add_rows(float *out, const float *x, const float *t, long long n, int rows, int c) {
    long long i = element_index(n);
    if (i >= 0) out[i] = x[i] + t[i / (static_cast<long long>(rows) * c) * c + i % c];
}
EXPORT_KERNEL(add_rows);

// out [b, c] receives the sums over the rows of x [b, rows, c]. A block has 32 channels of an entry, b along y; each of
// its 8 warps sums over every eighth row, and the first one over the warps.
extern "C" __global__ void sum_rows(float *out, const float *x, int rows, int c) {
    SHARED_ARRAY(float, sums, 8 * 32);
    int channel = static_cast<int>(blockIdx.x) * warp_size + lane_index();
    int warps = static_cast<int>(blockDim.x) / warp_size;
    x += static_cast<long long>(blockIdx.y) * rows * c;
    float sum = 0;
    for (int row = warp_index(); row < rows && channel < c; row += warps) {
        sum += x[static_cast<long long>(row) * c + channel];
    }
    sums[threadIdx.x] = sum;
    __syncthreads();
    if (warp_index() != 0 || channel >= c) return;
    for (int w = 1; w < warps; w++) sum += sums[w * warp_size + lane_index()];
    out[static_cast<long long>(blockIdx.y) * c + channel] = sum;
}
EXPORT_KERNEL(sum_rows);
