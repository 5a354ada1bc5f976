// What the kernels of attention share: which rows of the operands a head has, and how they get into shared memory.
//
// q and out are [B, queries, heads·channels], k and v [B, keys, heads·channels], numbers per query [B, heads,
// queries]. A grid has blocks of queries or keys along x, and b·heads + head along y. T is the type of numbers in
// memory, E that of products, D the size of a head that a kernel is compiled for; channels, the real one, is at most
// D.
#pragma once

#include "warp_product.h"

// The sizes of a kernel's blocks. A block has so many warps, each of 16 rows; other rows pass by, so many at a time.
// They are chosen for accumulators to stay in registers and for tiles to take 48 KiB of shared memory at most, which is
// what a block gets without asking.
template <class E, int D>
struct ForwardSizes {
    static constexpr bool half = sizeof(E) == 2;
    static constexpr int warps = D > 80 && !half ? 2 : 4;
    static constexpr int columns = half ? (D > 80 ? 32 : 64) : (D > 80 ? 16 : D > 40 ? 32 : 64);
};

template <class E, int D>
struct GradSizes {
    static constexpr bool half = sizeof(E) == 2;
    static constexpr int warps = D > 80 ? (half ? 2 : 1) : (half ? 4 : 2);
    static constexpr int columns = half ? (D > 64 ? 32 : 64) : (D > 40 ? 16 : 32);
};

struct Shape {
    int heads, queries, keys, channels;
    float scale;
    bool causal;

    // The first element of a head's row 0 in q, and in k; rows are stride() apart.
    __device__ size_t first(int rows) const {
        size_t b = blockIdx.y / heads, head = blockIdx.y % heads;
        return (b * rows * heads + head) * channels;
    }
    __device__ size_t first_query() const { return first(queries); }
    __device__ size_t first_key() const { return first(keys); }
    __device__ size_t first_number() const { return static_cast<size_t>(blockIdx.y) * queries; }
    __device__ size_t stride() const { return static_cast<size_t>(heads) * channels; }

    __device__ bool sees(int query, int key) const { return key < keys && (!causal || key <= query); }
};

// Four channels at a time can be read where every head's row starts at a multiple of four numbers.
template <class T>
__device__ bool aligned_rows(const T *p, const Shape &s) {
    return reinterpret_cast<size_t>(p) % (4 * sizeof(T)) == 0 && s.channels % 4 == 0;
}

__device__ inline float4 read_four(const float *p) { return *reinterpret_cast<const float4 *>(p); }

template <class T>
__device__ float4 read_four(const T *p) {
    uint2 u = *reinterpret_cast<const uint2 *>(p);
    auto low = [](unsigned pair) { return T{static_cast<unsigned short>(pair)}; };
    return {to_float(low(u.x)), to_float(low(u.x >> 16)), to_float(low(u.y)), to_float(low(u.y >> 16))};
}

__device__ inline void write_four(float *p, float4 x) { *reinterpret_cast<float4 *>(p) = x; }

template <class E>
__device__ void write_four(E *p, float4 x) {
    *reinterpret_cast<uint2 *>(p) = {pack<E>(x.x, x.y), pack<E>(x.z, x.w)};
}

// Up to four channels of a row from channel c on; those beyond its end are 0.
template <class T>
__device__ float4 read_channels(const T *row, int c, int channels, bool aligned) {
    if (aligned && c < channels) return read_four(row + c);
    float4 x = {0, 0, 0, 0};
    if (c < channels) x.x = to_float(row[c]);
    if (c + 1 < channels) x.y = to_float(row[c + 1]);
    if (c + 2 < channels) x.z = to_float(row[c + 2]);
    if (c + 3 < channels) x.w = to_float(row[c + 3]);
    return x;
}

// Fills a tile with rows first to first+rows-1 of a head, times factor, by all threads of so many warps. source is the
// head's row 0; those from row end on are 0.
template <int D, int rows, int warps, class E, class T>
__device__ void load_tile(E *tile, const T *source, int first, int end, const Shape &s, float factor = 1) {
    constexpr int fours = Tile<E, D>::columns / 4;
    bool aligned = aligned_rows(source, s);
    UNROLL_BY(4) // several reads under way at a time
    for (int i = static_cast<int>(threadIdx.x); i < rows * fours; i += warps * warp_size) {
        int row = i / fours, c = i % fours * 4;
        float4 x = {0, 0, 0, 0};
        if (first + row < end) {
            x = read_channels(source + (first + row) * s.stride(), c, s.channels, aligned);
            x = {x.x * factor, x.y * factor, x.z * factor, x.w * factor};
        }
        write_four(tile + row * Tile<E, D>::stride + c, x);
    }
}

// Writes a warp's accumulator, its upper row times factor[0] and its lower row times factor[1], to rows from first on.
template <class T, int N>
__device__ void store_rows(T *target, const float (&acc)[N][4], const float (&factor)[2], int first, int end,
                           const Shape &s) {
    UNROLL
    for (int i = 0; i < 4; i++) {
        int row = first + accumulator_row(i);
        if (row >= end) continue;
        T *p = target + row * s.stride();
        UNROLL
        for (int n = 0; n < N; n++) {
            int c = accumulator_column(n, i);
            if (c < s.channels) p[c] = rounded<T>(acc[n][i] * factor[i / 2]);
        }
    }
}
