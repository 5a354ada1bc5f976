// Softmax over rows of a matrix in memory, and its gradient; a warp has a row.
#include "device.h"

__device__ inline long long warp_row(long long rows) {
    long long row = static_cast<long long>(blockIdx.x) * (blockDim.x / warp_size) + warp_index();
    return row < rows ? row : -1;
}

// out, which may be x, receives softmax(x) of each of the rows of n numbers. With queries > 0, rows belong to a
// matrix of that many each, and row i takes its numbers 0 to i only: the others of out are 0. lse, if it is not null,
// receives the logarithms of the rows' sums of exponentials.
extern "C" __global__ void softmax_rows(float *out, float *lse, const float *x, long long rows, int n, int queries) {
    long long row = warp_row(rows);
    if (row < 0) return;
    x += row * n;
    out += row * n;
    int seen = queries > 0 ? smaller(n, static_cast<int>(row % queries) + 1) : n;
    float most = minus_infinity();
    for (int i = lane_index(); i < seen; i += warp_size) most = fmaxf(most, x[i]);
    most = warp_max(most);
    float sum = 0;
    for (int i = lane_index(); i < seen; i += warp_size) sum += exp2_fast((x[i] - most) * log2_of_e);
    sum = warp_sum(sum);
    float inverse = 1 / sum;
    for (int i = lane_index(); i < n; i += warp_size) {
        out[i] = i < seen ? exp2_fast((x[i] - most) * log2_of_e) * inverse : 0;
    }
    if (lse != nullptr && lane_index() == 0) lse[row] = most + log2_fast(sum) * ln_of_2;
}
EXPORT_KERNEL(softmax_rows);

// dx, which may be dy, receives y∘(dy - Σ dy∘y) of each row, where y is softmax's result.
extern "C" __global__ void softmax_grad_rows(float *dx, const float *dy, const float *y, long long rows, int n) {
    long long row = warp_row(rows);
    if (row < 0) return;
    dx += row * n;
    dy += row * n;
    y += row * n;
    float sum = 0;
    for (int i = lane_index(); i < n; i += warp_size) sum += dy[i] * y[i];
    sum = warp_sum(sum);
    for (int i = lane_index(); i < n; i += warp_size) dx[i] = y[i] * (dy[i] - sum);
}
EXPORT_KERNEL(softmax_grad_rows);

// part [rows, count] receives the chosen columns of x [rows, n].
extern "C" __global__ void gather_columns(float *part, const float *x, const int *columns, int count, long long rows,
                                          int n) {
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < rows * count) part[i] = x[i / count * n + columns[i % count]];
}
EXPORT_KERNEL(gather_columns);

// x [rows, n] receives the sums of the numbers of part [rows, count] that belong to each column, and 0 elsewhere.
extern "C" __global__ void scatter_columns(float *x, const float *part, const int *columns, int count, long long rows,
                                           int n) {
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= rows * n) return;
    float sum = 0;
    for (int t = 0; t < count; t++) {
        if (columns[t] == i % n) sum += part[i / n * count + t];
    }
    x[i] = sum;
}
EXPORT_KERNEL(scatter_columns);
