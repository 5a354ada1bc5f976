// Linear layers and convolutions, and their gradients with respect to the input.
//
// A block has a tile of the result, gemm_rows × 128 or 64, and takes the sum in steps of gemm_depth<E> numbers. Three
// tiles of each operand are in shared memory: one that is multiplied, the next, which is complete, and the one after,
// whose numbers are on their way, so that one barrier for each step is enough (Kerr et al., "CUTLASS: Fast Linear
// Algebra in CUDA C++", 2017, on software pipelining). Activations and what they are multiplied to are f32 in memory,
// weights are of type T, products of type E.
//
// Where a result has too few tiles for all of a GPU's processors, parts of the sum are blocks of their own along y:
// each writes its part to memory of its own, and gemm_sum adds them up in the order of the parts.
#pragma once

#include "gemm_warp.h"

// How the four warps of a block share a tile: two by two. Each reads an operand's part for its own, so that a large
// part of the result for each warp is what saves bandwidth of shared memory.
constexpr int gemm_rows = 128, gemm_threads = 4 * warp_size;

template <int columns>
struct GemmBlock {
    static constexpr int rows_of_warp = gemm_rows / 2, columns_of_warp = columns / 2;
    static constexpr int blocks_at_a_time = columns == 128 ? 2 : 3; // of a processor, that registers must suffice for
};

struct GemmSizes {
    int m, n, k;
    int part; // how many numbers of the sum a block takes, a multiple of gemm_depth<E>
};

// Where the rows of a result go: window (y, x) of a picture to pixel (first_y + y·step, first_x + x·step) of one of
// height × width.
struct Places {
    int height, width, first_y, first_x, step;

    __device__ long long of(int row, const Windows &w) const {
        if (step == 1) return row; // results lie as their windows do
        int x = row % w.out_width, y = row / w.out_width % w.out_height, picture = row / (w.out_width * w.out_height);
        return (static_cast<long long>(picture) * height + first_y + y * step) * width + first_x + x * step;
    }
};

// What is done to sums on their way out. bias [n] and residual, which lies like out and may be out, may be null.
struct GemmOutput {
    float *out;
    const float *bias, *residual;
    float factor;
    bool pairs; // two numbers at a time can be read and written

    __device__ GemmOutput(float *out_, const float *bias_, const float *residual_, float factor_, int n)
        : out(out_), bias(bias_), residual(residual_), factor(factor_) {
        size_t addresses = reinterpret_cast<size_t>(out) | reinterpret_cast<size_t>(residual);
        pairs = n % 2 == 0 && addresses % 8 == 0;
    }

    __device__ float finished(float sum, int column, long long at) const {
        float x = sum * factor;
        if (bias != nullptr) x += bias[column];
        if (residual != nullptr) x += residual[at];
        return x;
    }

    // Two columns from the given one on; start is that of their row.
    __device__ void write(float first, float second, int column, int n, long long start) const {
        long long at = start + column;
        if (!pairs) {
            if (column < n) out[at] = finished(first, column, at);
            if (column + 1 < n) out[at + 1] = finished(second, column + 1, at + 1);
            return;
        }
        if (column >= n) return;
        float2 x = {first * factor, second * factor};
        if (bias != nullptr) x = {x.x + bias[column], x.y + bias[column + 1]};
        if (residual != nullptr) {
            float2 r = *reinterpret_cast<const float2 *>(residual + at);
            x = {x.x + r.x, x.y + r.y};
        }
        *reinterpret_cast<float2 *>(out + at) = x;
    }
};

// The block's tile: numbers along x go through eight rows of tiles at a time, so that blocks that run together share
// operands in the L2 cache.
template <int columns>
__device__ void gemm_tile(int &row, int &column, const GemmSizes &s) {
    constexpr int group = 8;
    int down = (s.m + gemm_rows - 1) / gemm_rows, across = (s.n + columns - 1) / columns;
    int i = static_cast<int>(blockIdx.x), first = i / (group * across) * group, height = smaller(down - first, group);
    i %= group * across;
    row = (first + i % height) * gemm_rows;
    column = i / height * columns;
}

// The sums of a block's tile over numbers first to end-1; start and end are on multiples of the depth, or the sum's
// end.
template <class E, class T, class Left, class Right, int columns, int M, int N>
__device__ void gemm_sums(float (&acc)[M][N][4], const float *x, const T *w, float factor, int first, int end, int row,
                          int column, const GemmSizes &s, const Windows &windows, const TapOrder &taps) {
    constexpr int depth = gemm_depth<E>, stages = 3;
    using Block = GemmBlock<columns>;
    DYNAMIC_SHARED(shared);
    E *left_tiles = reinterpret_cast<E *>(shared), *right_tiles = left_tiles + stages * gemm_rows * depth;
    auto left_tile = [&](int step) { return left_tiles + step % stages * gemm_rows * depth; };
    auto right_tile = [&](int step) { return right_tiles + step % stages * columns * depth; };
    Left left(x, row, s.m, first, windows);
    Right right(w, column, s.n, s.k, first, windows);
    int steps = (end - first + depth - 1) / depth;
    auto begin = [&](int step) {
        if (step < steps) {
            left.begin(left_tile(step), x, first + step * depth, end, factor, windows);
            right.begin(right_tile(step), w, first + step * depth, end, windows, taps);
        }
        commit_copies(); // of nothing too: groups are counted
    };
    auto finish = [&](int step) {
        if (step < steps) {
            left.finish(left_tile(step), factor);
            right.finish(right_tile(step));
        }
    };
    for (int step = 0; step < stages - 1; step++) {
        begin(step);
        finish(step);
    }
    int warp_row = warp_index() / 2 * Block::rows_of_warp, warp_column = warp_index() % 2 * Block::columns_of_warp;
    for (int step = 0; step < steps; step++) {
        wait_copies<stages - 2>();
        __syncthreads(); // the tiles of this step are complete, and those of the last one have been used
        begin(step + stages - 1);
        GemmWarp<E>::template multiply<Right::across, columns>(acc, left_tile(step), right_tile(step), warp_row,
                                                               warp_column);
        finish(step + stages - 1);
    }
}

template <class E, class T, class Left, class Right, int columns>
__device__ void gemm(float *out, const float *x, const T *w, const float *bias, const float *residual, float factor,
                     const GemmSizes &s, const Windows &windows, const TapOrder &taps, const Places &places) {
    using Block = GemmBlock<columns>;
    int row, column, first = static_cast<int>(blockIdx.y) * s.part;
    gemm_tile<columns>(row, column, s);
    float acc[Block::rows_of_warp / 16][Block::columns_of_warp / 8][4];
    UNROLL
    for (int i = 0; i < Block::rows_of_warp / 16; i++) clear(acc[i]);
    int end = smaller(s.k, first + s.part);
    gemm_sums<E, T, Left, Right, columns>(acc, x, w, factor, first, end, row, column, s, windows, taps);
    row += warp_index() / 2 * Block::rows_of_warp;
    column += warp_index() % 2 * Block::columns_of_warp;
    out += static_cast<size_t>(blockIdx.y) * s.m * s.n;
    GemmOutput output(out, bias, residual, 1 / factor, s.n);
    UNROLL
    for (int i = 0; i < Block::rows_of_warp / 16; i++) {
        UNROLL
        for (int half = 0; half < 2; half++) {
            int r = row + 16 * i + accumulator_row(2 * half);
            if (r >= s.m) continue;
            long long start = places.of(r, windows) * s.n;
            UNROLL
            for (int p = 0; p < Block::columns_of_warp / 8; p++) {
                const float *sums = &acc[i][p][2 * half];
                output.write(sums[0], sums[1], column + accumulator_column(p, 0), s.n, start);
            }
        }
    }
}

#define GEMM_PARAMETERS(T)                                                                                             \
    float *out, const float *x, const T *w, const float *bias, const float *residual, const float *factor, int m,      \
        int n, int k, int part, int height, int width, int channels, int out_height, int out_width, int taps_x,        \
        int stride, int top, int left, int tap_side, int first_tap_y, int first_tap_x, int tap_step, int place_height, \
        int place_width, int place_y, int place_x, int place_step

#define GEMM_KERNEL(name, T, E, columns, Right, scale)                                                                 \
    extern "C" __global__ void __launch_bounds__(gemm_threads, GemmBlock<columns>::blocks_at_a_time)                   \
        name(GEMM_PARAMETERS(T)) {                                                                                     \
        static_cast<void>(factor); /* where scale is 1 */                                                              \
        gemm<E, T, LeftFeed<E, gemm_rows, gemm_threads>, Right<E, T, columns, gemm_threads>, columns>(                 \
            out, x, w, bias, residual, scale, GemmSizes{m, n, k, part},                                                \
            Windows{height, width, channels, out_height, out_width, taps_x, stride, top, left},                        \
            TapOrder{tap_side, first_tap_y, first_tap_x, tap_step},                                                    \
            Places{place_height, place_width, place_y, place_x, place_step});                                          \
    }                                                                                                                  \
    EXPORT_KERNEL(name)

// The kernels of weights of type T and products of type E. scale is what gradients are multiplied by before they are
// rounded to E.
#define GEMM_KERNELS(T, E, scale)                                                                                      \
    GEMM_KERNEL(gemm_forward_##T##_##E##_128, T, E, 128, RightFeed, 1);                                                \
    GEMM_KERNEL(gemm_forward_##T##_##E##_64, T, E, 64, RightFeed, 1);                                                  \
    GEMM_KERNEL(gemm_grad_##T##_##E##_128, T, E, 128, RightGradFeed, scale);                                           \
    GEMM_KERNEL(gemm_grad_##T##_##E##_64, T, E, 64, RightGradFeed, scale)
