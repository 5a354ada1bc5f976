// Activations and their gradients; see package kernels for the definitions. Results may be written over operands of
// their shape.
#include "activation.h"
#include "elements.h"

extern "C" __global__ void swish_forward(float *out, const float *x, float beta, long long n) {
    long long i = element_index(n);
    if (i >= 0) out[i] = swish(x[i], beta);
}
EXPORT_KERNEL(swish_forward);

extern "C" __global__ void swish_grad(float *dx, const float *dy, const float *x, float beta, long long n) {
    long long i = element_index(n);
    if (i >= 0) dx[i] = dy[i] * swish_slope(x[i], beta);
}
EXPORT_KERNEL(swish_grad);

extern "C" __global__ void gelu_forward(float *out, const float *x, long long n) {
    long long i = element_index(n);
    if (i >= 0) out[i] = gelu(x[i]);
}
EXPORT_KERNEL(gelu_forward);

extern "C" __global__ void gelu_grad(float *dx, const float *dy, const float *x, long long n) {
    long long i = element_index(n);
    if (i >= 0) dx[i] = dy[i] * gelu_slope(x[i]);
}
EXPORT_KERNEL(gelu_grad);

// out [rows, width] receives value·gelu(gate) of x [rows, value and gate of width each]; n is out's size.
extern "C" __global__ void geglu_forward(float *out, const float *x, long long n, int width) {
    long long i = element_index(n);
    if (i < 0) return;
    const float *value = x + i / width * 2 * width + i % width;
    out[i] = value[0] * gelu(value[width]);
}
EXPORT_KERNEL(geglu_forward);

extern "C" __global__ void geglu_grad(float *dx, const float *dy, const float *x, long long n, int width) {
    long long i = element_index(n);
    if (i < 0) return;
    long long at = i / width * 2 * width + i % width;
    float value = x[at], gate = x[at + width];
    dx[at] = dy[i] * gelu(gate);
    dx[at + width] = dy[i] * value * gelu_slope(gate);
}
EXPORT_KERNEL(geglu_grad);
