// Products of matrices with any strides: out[m, n] = scale·Σ a[m, k]·b[k, n], for a batch of them.
//
// A block of four warps has a tile of 64 × 64 and takes k in steps of 32, each warp 16 rows. b is put into shared
// memory by columns, so that both operands lie like rows of WarpProduct.
#pragma once

#include "warp_product.h"

constexpr int product_tile = 64, product_depth = 32;

// A matrix in device memory: element (row, column) of matrix i at data[i/inner·outer_step + i%inner·inner_step +
// row·row_step + column·column_step].
template <class T>
struct Strided {
    T *data;
    long long row_step, column_step, inner_step, outer_step;

    __device__ T *of(int i, int inner) const { return data + i / inner * outer_step + i % inner * inner_step; }
};

// Fills a tile with rows first_row on and columns first_column on, 0 beyond rows and columns. Neighbouring threads take
// neighbouring elements, whichever way those lie.
template <class E>
__device__ void load_matrix(E *tile, const float *data, long long row_step, long long column_step, int first_row,
                            int first_column, int rows, int columns) {
    constexpr int stride = Tile<E, product_depth>::stride;
    for (int i = static_cast<int>(threadIdx.x); i < product_tile * product_depth; i += static_cast<int>(blockDim.x)) {
        int row = column_step == 1 ? i / product_depth : i % product_tile;
        int column = column_step == 1 ? i % product_depth : i / product_tile;
        bool inside = first_row + row < rows && first_column + column < columns;
        float x = inside ? data[(first_row + row) * row_step + (first_column + column) * column_step] : 0;
        tile[row * stride + column] = rounded<E>(x);
    }
}

template <class E>
__device__ void matrix_product(const Strided<float> &out, const Strided<const float> &a, const Strided<const float> &b,
                               int m, int n, int k, int inner, float scale) {
    constexpr int stride = Tile<E, product_depth>::stride;
    DYNAMIC_SHARED(shared);
    E *left = reinterpret_cast<E *>(shared), *right = left + product_tile * stride;
    int row = static_cast<int>(blockIdx.x) * product_tile, column = static_cast<int>(blockIdx.y) * product_tile;
    int entry = static_cast<int>(blockIdx.z);
    const float *a_data = a.of(entry, inner), *b_data = b.of(entry, inner);
    float acc[product_tile / 8][4];
    clear(acc);
    for (int depth = 0; depth < k; depth += product_depth) {
        __syncthreads(); // the last tiles have been used
        load_matrix(left, a_data, a.row_step, a.column_step, row, depth, m, k);
        load_matrix(right, b_data, b.column_step, b.row_step, column, depth, n, k);
        __syncthreads();
        WarpProduct<E>::template rows<product_depth>(acc, left + 16 * warp_index() * stride, right);
    }
    float *target = out.of(entry, inner);
    UNROLL
    for (int p = 0; p < product_tile / 8; p++) {
        UNROLL
        for (int i = 0; i < 4; i++) {
            int r = row + 16 * warp_index() + accumulator_row(i), c = column + accumulator_column(p, i);
            if (r < m && c < n) target[r * out.row_step + c] = scale * acc[p][i];
        }
    }
}

#define MATRIX_PRODUCT(E)                                                                                              \
    extern "C" __global__ void __launch_bounds__(128) matrix_product_f32_##E(                                          \
        float *out, const float *a, const float *b, int m, int n, int k, float scale, int inner, long long out_row,    \
        long long out_inner, long long out_outer, long long a_row, long long a_column, long long a_inner,              \
        long long a_outer, long long b_row, long long b_column, long long b_inner, long long b_outer) {                \
        matrix_product<E>(Strided<float>{out, out_row, 1, out_inner, out_outer},                                       \
                          Strided<const float>{a, a_row, a_column, a_inner, a_outer},                                  \
                          Strided<const float>{b, b_row, b_column, b_inner, b_outer}, m, n, k, inner, scale);          \
    }                                                                                                                  \
    EXPORT_KERNEL(matrix_product_f32_##E)
