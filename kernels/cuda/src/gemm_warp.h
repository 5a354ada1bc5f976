// Products of tiles by the warps of a block, each with 16·M rows and 8·N columns of the result.
//
// acc[i] has rows 16i to 16i+15 of a warp and lies as the accumulators of warp_product.h do. a is a tile [rows, depth];
// b is [columns, depth], or with across [depth, columns], of which a block has so many. row and column are those of the
// warp's first number in the block.
#pragma once

#include "gemm_operands.h"
#include "warp_product.h"

template <class E>
struct GemmWarp {
    template <bool across, int columns, int M, int N>
    static __device__ void multiply(float (&acc)[M][N][4], const E *a, const E *b, int row, int column) {
        constexpr int depth = gemm_depth<E>;
        using Rows = SwizzledTile<E, depth>;
        using Across = SwizzledTile<E, columns>;
        int lane = lane_index();
        UNROLL
        for (int k = 0; k < depth; k += 16) {
            const E *rows = a + Rows::at(row + lane % 16, k + lane / 16 * 8);
            unsigned left[M][4];
            UNROLL
            for (int i = 0; i < M; i++) load_matrices(left[i], rows + i * 16 * depth);
            UNROLL
            for (int n = 0; n < N; n += 2) {
                unsigned right[4];
                if constexpr (across) {
                    load_matrices_transposed(right, b + Across::at(k + lane % 16, column + n * 8 + lane / 16 * 8));
                } else {
                    int r = column + lane / 16 * 8 + lane % 8;
                    load_matrices(right, b + Rows::at(r, k + lane / 8 % 2 * 8) + n * 8 * depth);
                }
                UNROLL
                for (int i = 0; i < M; i++) {
                    mma<E>(acc[i][n], left[i], right[0], right[1]);
                    mma<E>(acc[i][n + 1], left[i], right[2], right[3]);
                }
            }
        }
    }
};

__device__ inline void add_products(float &sum, float4 a, float4 b) {
    sum += a.x * b.x;
    sum += a.y * b.y;
    sum += a.z * b.z;
    sum += a.w * b.w;
}

template <>
struct GemmWarp<float> {
    // Four numbers of b along the sum, for each of the two columns of a piece that a lane has.
    template <bool across, int columns>
    static __device__ void read_columns(float4 &even, float4 &odd, const float *b, int k, int column) {
        using Rows = SwizzledTile<float, gemm_depth<float>>;
        using Across = SwizzledTile<float, columns>;
        if constexpr (across) {
            float2 x[4];
            UNROLL
            for (int j = 0; j < 4; j++) x[j] = *reinterpret_cast<const float2 *>(b + Across::at(k + j, column));
            even = {x[0].x, x[1].x, x[2].x, x[3].x};
            odd = {x[0].y, x[1].y, x[2].y, x[3].y};
        } else {
            even = *reinterpret_cast<const float4 *>(b + Rows::at(column, k));
            odd = *reinterpret_cast<const float4 *>(b + Rows::at(column + 1, k));
        }
    }

    template <bool across, int columns, int M, int N>
    static __device__ void multiply(float (&acc)[M][N][4], const float *a, const float *b, int row, int column) {
        constexpr int depth = gemm_depth<float>;
        using Rows = SwizzledTile<float, depth>;
        UNROLL_BY(1)
        for (int k = 0; k < depth; k += 4) {
            const float *rows = a + Rows::at(row + lane_index() / 4, k);
            float4 left[M][2];
            UNROLL
            for (int i = 0; i < M; i++) {
                left[i][0] = *reinterpret_cast<const float4 *>(rows + i * 16 * depth);
                left[i][1] = *reinterpret_cast<const float4 *>(rows + (i * 16 + 8) * depth);
            }
            UNROLL
            for (int n = 0; n < N; n++) {
                float4 even, odd;
                read_columns<across, columns>(even, odd, b, k, column + n * 8 + lane_index() % 4 * 2);
                UNROLL
                for (int i = 0; i < M; i++) {
                    add_products(acc[i][n][0], left[i][0], even);
                    add_products(acc[i][n][1], left[i][0], odd);
                    add_products(acc[i][n][2], left[i][1], even);
                    add_products(acc[i][n][3], left[i][1], odd);
                }
            }
        }
    }
};
