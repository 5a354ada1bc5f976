// Products of small matrices by one warp, the same to call for every way to multiply.
//
// A warp's accumulator has 16 rows and 8·N columns. It lies as mma.m16n8k16 has it, in pieces of 8 columns: with
// group = lane/4 and t = lane%4, a lane holds of piece n
//
//	acc[n][0], acc[n][1]   row group,     columns 8n+2t and 8n+2t+1
//	acc[n][2], acc[n][3]   row group + 8, the same columns
//
// Operands in shared memory are of type E, the type that products are of: with f16 and bf16 tensor cores multiply, with
// float each lane computes the numbers that it holds. Rows of a tile are Tile<E, channels>::stride apart, which keeps
// eight rows in different banks; tiles are aligned to 16 bytes.
#pragma once

#include "device.h"

// A tile with so many channels in a row; those that pad them to a multiple of what mma sums over are 0.
template <class E, int channels>
struct Tile {
    static constexpr int columns = sizeof(E) == 2 ? (channels + 15) / 16 * 16 : channels;
    static constexpr int stride = columns + 16 / static_cast<int>(sizeof(E));
};

__device__ inline int accumulator_row(int i) { return lane_index() / 4 + i / 2 * 8; }
__device__ inline int accumulator_column(int n, int i) { return n * 8 + lane_index() % 4 * 2 + i % 2; }

template <int N>
__device__ void clear(float (&acc)[N][4]) {
    UNROLL
    for (int n = 0; n < N; n++) {
        UNROLL
        for (int i = 0; i < 4; i++) acc[n][i] = 0;
    }
}

// WarpProduct<E> has two products. With a 16 rows and b 8·N rows of channels each,
//
//	rows<channels>(acc, a, b)     acc += a·bᵀ
//
// and with weights 16 × 8·M that lie like an accumulator, and b 8·M rows,
//
//	weights<channels>(acc, w, b)  acc += w·b
template <class E>
struct WarpProduct {
    static_assert(sizeof(E) == 2, "tensor cores multiply f16 and bf16");

    template <int channels, int N>
    static __device__ void rows(float (&acc)[N][4], const E *a, const E *b) {
        static_assert(N % 2 == 0, "ldmatrix takes two pieces of b at a time");
        constexpr int stride = Tile<E, channels>::stride;
        int lane = lane_index();
        a += lane % 16 * stride + lane / 16 * 8;
        b += (lane / 16 * 8 + lane % 8) * stride + lane / 8 % 2 * 8;
        UNROLL
        for (int k = 0; k < Tile<E, channels>::columns; k += 16) {
            unsigned left[4];
            load_matrices(left, a + k);
            UNROLL
            for (int n = 0; n < N; n += 2) {
                unsigned right[4];
                load_matrices(right, b + n * 8 * stride + k);
                mma<E>(acc[n], left, right[0], right[1]);
                mma<E>(acc[n + 1], left, right[2], right[3]);
            }
        }
    }

    template <int channels, int M, int N>
    static __device__ void weights(float (&acc)[N][4], const float (&w)[M][4], const E *b) {
        static_assert(M % 2 == 0, "mma sums over 16 rows of b");
        constexpr int stride = Tile<E, channels>::stride;
        int lane = lane_index();
        b += lane % 16 * stride;
        UNROLL
        for (int m = 0; m < M; m += 2) {
            unsigned left[4] = {pack<E>(w[m][0], w[m][1]), pack<E>(w[m][2], w[m][3]),
                                pack<E>(w[m + 1][0], w[m + 1][1]), pack<E>(w[m + 1][2], w[m + 1][3])};
            UNROLL
            for (int n = 0; n + 1 < N; n += 2) {
                unsigned right[4];
                load_matrices_transposed(right, b + m * 8 * stride + n * 8 + lane / 16 * 8);
                mma<E>(acc[n], left, right[0], right[1]);
                mma<E>(acc[n + 1], left, right[2], right[3]);
            }
            if (N % 2 == 1) {
                unsigned right[2];
                load_matrices_transposed(right, b + m * 8 * stride + (N - 1) * 8);
                mma<E>(acc[N - 1], left, right[0], right[1]);
            }
        }
    }
};

__device__ inline float dot(float4 a, float4 b) { return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }

template <>
struct WarpProduct<float> {
    template <int channels, int N>
    static __device__ void rows(float (&acc)[N][4], const float *a, const float *b) {
        constexpr int stride = Tile<float, channels>::stride;
        a += lane_index() / 4 * stride;
        b += lane_index() % 4 * 2 * stride;
        UNROLL_BY(2)
        for (int k = 0; k < channels; k += 4) {
            float4 upper = *reinterpret_cast<const float4 *>(a + k);
            float4 lower = *reinterpret_cast<const float4 *>(a + 8 * stride + k);
            UNROLL
            for (int n = 0; n < N; n++) {
                float4 even = *reinterpret_cast<const float4 *>(b + n * 8 * stride + k);
                float4 odd = *reinterpret_cast<const float4 *>(b + (n * 8 + 1) * stride + k);
                acc[n][0] += dot(upper, even);
                acc[n][1] += dot(upper, odd);
                acc[n][2] += dot(lower, even);
                acc[n][3] += dot(lower, odd);
            }
        }
    }

    // A lane needs its two rows of w whole; the quad that shares them passes them round.
    template <int channels, int M, int N>
    static __device__ void weights(float (&acc)[N][4], const float (&w)[M][4], const float *b) {
        constexpr int stride = Tile<float, channels>::stride;
        int quad = lane_index() & ~3;
        b += lane_index() % 4 * 2;
        UNROLL
        for (int m = 0; m < M; m++) {
            UNROLL
            for (int j = 0; j < 8; j++) {
                float upper = __shfl_sync(all_lanes, w[m][j % 2], quad + j / 2);
                float lower = __shfl_sync(all_lanes, w[m][2 + j % 2], quad + j / 2);
                UNROLL
                for (int n = 0; n < N; n++) {
                    float2 x = *reinterpret_cast<const float2 *>(b + (m * 8 + j) * stride + n * 8);
                    acc[n][0] += upper * x.x;
                    acc[n][1] += upper * x.y;
                    acc[n][2] += lower * x.x;
                    acc[n][3] += lower * x.y;
                }
            }
        }
    }
};
