// Channels joined, split and moved, and pictures made larger.
#include "elements.h"

// out [b, h·factor, w·factor, c], of n elements, receives every pixel of x [b, h, w, c] factor times along both axes.
extern "C" __global__ void upsample_nearest(float *out, const float *x, long long n, int w, int c, int factor) {
    long long i = element_index(n);
    if (i < 0) return;
    long long pixel = i / c, wide = static_cast<long long>(w) * factor;
    long long row = pixel / wide / factor, column = pixel % wide / factor; // row of those of all entries
    out[i] = x[(row * w + column) * c + i % c];
}
EXPORT_KERNEL(upsample_nearest);

// dx, of n elements, receives the sums of dy over the pixels that each one was repeated to.
extern "C" __global__ void upsample_nearest_grad(float *dx, const float *dy, long long n, int w, int c, int factor) {
    long long i = element_index(n);
    if (i < 0) return;
    long long row = i / c / w * factor, column = i / c % w * factor, wide = static_cast<long long>(w) * factor;
    float sum = 0;
    for (int y = 0; y < factor; y++) {
        for (int z = 0; z < factor; z++) sum += dy[((row + y) * wide + column + z) * c + i % c];
    }
    dx[i] = sum;
}
EXPORT_KERNEL(upsample_nearest_grad);

// Copies width columns of n/width rows: from column offset_x of rows of stride_x to column offset_out of rows of
// stride_out.
extern "C" __global__ void copy_columns(float *out, const float *x, long long n, int width, int stride_out,
                                        int offset_out, int stride_x, int offset_x) {
    long long i = element_index(n);
    if (i < 0) return;
    out[i / width * stride_out + offset_out + i % width] = x[i / width * stride_x + offset_x + i % width];
}
EXPORT_KERNEL(copy_columns);

// dx, of n elements in rows of total, receives dy, in rows of width, from column offset on and 0 elsewhere.
extern "C" __global__ void place_columns(float *dx, const float *dy, long long n, int total, int offset, int width) {
    long long i = element_index(n);
    if (i < 0) return;
    long long column = i % total - offset;
    dx[i] = column >= 0 && column < width ? dy[i / total * width + column] : 0;
}
EXPORT_KERNEL(place_columns);

// out [b, columns, rows] receives x [b, rows, columns]. A block of 8 warps moves a square of 32 by way of shared
// memory, in which a column more keeps the columns' elements in different banks; b is along z.
extern "C" __global__ void transpose(float *out, const float *x, int rows, int columns) {
    SHARED_ARRAY(float, square, 32 * 33);
    long long entry = static_cast<long long>(blockIdx.z) * rows * columns;
    int left = static_cast<int>(blockIdx.x) * 32, top = static_cast<int>(blockIdx.y) * 32, lane = lane_index();
    for (int i = warp_index(); i < 32; i += 8) {
        if (top + i < rows && left + lane < columns) {
            square[i * 33 + lane] = x[entry + static_cast<long long>(top + i) * columns + left + lane];
        }
    }
    __syncthreads();
    for (int i = warp_index(); i < 32; i += 8) {
        if (left + i < columns && top + lane < rows) {
            out[entry + static_cast<long long>(left + i) * rows + top + lane] = square[lane * 33 + i];
        }
    }
}
EXPORT_KERNEL(transpose);
