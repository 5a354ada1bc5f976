// The operands of linear layers and convolutions as tiles: out[m, n] = Σ left[m, k]·right[k, n].
//
// A row of the left operand is a window of a picture: the sum runs over the window's taps and, for each tap, over the
// channels. Nothing of it is laid out in memory (Chetlur et al., "cuDNN: Efficient Primitives for Deep Learning", 2014,
// section 3). A linear layer has pictures of one pixel and windows of one tap.
#pragma once

#include "gemm_tile.h"

// How many numbers of the sum a tile has.
template <class E>
constexpr int gemm_depth = 64 / static_cast<int>(sizeof(E));

// Operands have fewer than 2³¹ numbers, so that int says where one lies.
//
// Pictures [height, width, channels] and, for each, out_height × out_width windows: window (y, x) begins at pixel
// (y·stride + top, x·stride + left), and pixels outside the picture are 0.
struct Windows {
    int height, width, channels, out_height, out_width, taps_x, stride, top, left;
};

// Which of the taps of weights [out, side·side, in] a window's tap (y, x) is: (first_y + y·step, first_x + x·step).
struct TapOrder {
    int side, first_y, first_x, step;
};

// A place in the sum: number k of it is a channel of a tap.
struct Cursor {
    int channel, tap_x, tap_y;

    __device__ Cursor() {}
    __device__ Cursor(int k, const Windows &w) {
        int tap = k / w.channels;
        channel = k - tap * w.channels;
        tap_y = tap / w.taps_x;
        tap_x = tap - tap_y * w.taps_x;
    }

    __device__ void advance(int by, const Windows &w) {
        channel += by;
        while (channel >= w.channels) {
            channel -= w.channels;
            if (++tap_x == w.taps_x) {
                tap_x = 0;
                tap_y++;
            }
        }
    }
};

// Whether all pieces of rows of so many numbers start at multiples of 16 bytes and have no end inside.
template <class T>
__device__ bool whole_pieces(const T *p, int row, int length) {
    return reinterpret_cast<size_t>(p) % 16 == 0 && row % length == 0;
}

// The left operand: a block's threads each bring the same pieces of a tile, of some rows in one column.
template <class E, int rows, int threads>
struct LeftFeed {
    using Tile = SwizzledTile<E, gemm_depth<E>>;
    static constexpr int down = threads / Tile::pieces, count = rows / down;

    // The window of a row: its first pixel, and where that begins, perhaps outside the picture.
    struct Window {
        int origin, y, x;
    };

    Window window[count];
    Cursor cursor;
    Transfer<E, float> transfer[count];
    bool whole;

    __device__ static int row() { return static_cast<int>(threadIdx.x) / Tile::pieces; }
    __device__ static int column() { return static_cast<int>(threadIdx.x) % Tile::pieces * Tile::length; }
    __device__ static E *target(E *tile, int i) { return tile + Tile::at(row(), column()) + i * down * gemm_depth<E>; }

    __device__ LeftFeed(const float *x, int first_row, int m, int first_k, const Windows &w)
        : cursor(first_k + column(), w), whole(whole_pieces(x, w.channels, Tile::length)) {
        static_assert(down % 8 == 0, "rows of a thread's pieces are swizzled alike");
        UNROLL
        for (int i = 0; i < count; i++) {
            int r = first_row + row() + i * down, picture = r / (w.out_height * w.out_width);
            int y = r / w.out_width % w.out_height, left = r % w.out_width * w.stride + w.left;
            int top = y * w.stride + w.top;
            window[i] = {((picture * w.height + top) * w.width + left) * w.channels, top, left};
            if (r >= m) window[i] = {0, -(1 << 30), 0}; // all of it is outside
        }
    }

    // Where the number at a place in the sum lies, -1 if it is outside the picture.
    __device__ static int at(const Window &v, const Cursor &c, const Windows &w) {
        bool inside = static_cast<unsigned>(v.y + c.tap_y) < static_cast<unsigned>(w.height) &&
                      static_cast<unsigned>(v.x + c.tap_x) < static_cast<unsigned>(w.width);
        return inside ? v.origin + (c.tap_y * w.width + c.tap_x) * w.channels + c.channel : -1;
    }

    // Brings the tile of numbers k to k + gemm_depth<E> - 1 of the sum, those from end on as 0; k grows by that with
    // each call.
    __device__ void begin(E *tile, const float *x, int k, int end, float factor, const Windows &w) {
        bool within = k + column() < end;
        UNROLL
        for (int i = 0; i < count; i++) {
            if (whole) {
                int from = within ? at(window[i], cursor, w) : -1;
                transfer[i].begin(target(tile, i), x, from, from >= 0);
            } else {
                by_element(target(tile, i), window[i], x, end - k - column(), factor, w);
            }
        }
        cursor.advance(gemm_depth<E>, w);
    }

    // A piece that is not whole; left are the numbers up to the end of the sum.
    __device__ void by_element(E *piece, const Window &v, const float *x, int left, float factor,
                               const Windows &w) const {
        Cursor c = cursor;
        UNROLL_BY(1)
        for (int j = 0; j < Tile::length; j++) {
            int from = j < left ? at(v, c, w) : -1;
            piece[j] = rounded<E>(from >= 0 ? x[from] * factor : 0);
            c.advance(1, w);
        }
    }

    __device__ void finish(E *tile, float factor) {
        if (!whole) return;
        UNROLL
        for (int i = 0; i < count; i++) transfer[i].finish(target(tile, i), factor);
    }
};

// The right operand of a layer, by weights [n, k]: the tile is [n, depth], like the left one.
template <class E, class T, int columns, int threads>
struct RightFeed {
    using Tile = SwizzledTile<E, gemm_depth<E>>;
    static constexpr int down = threads / Tile::pieces, count = columns / down;
    static constexpr bool across = false; // k runs across the tile's rows

    Transfer<E, T> transfer[count];
    int first, n, k;
    bool whole;

    __device__ static int row() { return static_cast<int>(threadIdx.x) / Tile::pieces; }
    __device__ static int column() { return static_cast<int>(threadIdx.x) % Tile::pieces * Tile::length; }
    __device__ static E *target(E *tile, int i) { return tile + Tile::at(row(), column()) + i * down * gemm_depth<E>; }

    __device__ RightFeed(const T *w, int first_column, int n_, int k_, int, const Windows &)
        : first(first_column + row()), n(n_), k(k_), whole(whole_pieces(w, k_, Tile::length)) {}

    __device__ void begin(E *tile, const T *w, int at, int end, const Windows &, const TapOrder &) {
        at += column();
        UNROLL
        for (int i = 0; i < count; i++) {
            int r = first + i * down;
            int from = r * k + at;
            if (whole) {
                transfer[i].begin(target(tile, i), w, from, at < end && r < n);
                continue;
            }
            E *piece = target(tile, i);
            UNROLL_BY(1)
            for (int j = 0; j < Tile::length; j++) {
                piece[j] = rounded<E>(at + j < end && r < n ? to_float(w[from + j]) : 0);
            }
        }
    }

    __device__ void finish(E *tile) {
        if (!whole) return;
        UNROLL
        for (int i = 0; i < count; i++) transfer[i].finish(target(tile, i), 1);
    }
};

// The right operand of a layer's gradient, by the same weights [channels, side·side, n]: the tile is [depth, n].
template <class E, class T, int columns, int threads>
struct RightGradFeed {
    using Tile = SwizzledTile<E, columns>;
    static constexpr int down = threads / Tile::pieces, count = gemm_depth<E> / down;
    static constexpr bool across = true;

    Transfer<E, T> transfer[count];
    Cursor cursor; // of the first piece
    int first, n;
    bool whole;

    __device__ static int row(int i) { return static_cast<int>(threadIdx.x) / Tile::pieces + i * down; }
    __device__ static int column() { return static_cast<int>(threadIdx.x) % Tile::pieces * Tile::length; }
    __device__ static E *target(E *tile, int i) { return tile + Tile::at(row(i), column()); }

    __device__ RightGradFeed(const T *w, int first_column, int n_, int, int first_k, const Windows &windows)
        : cursor(first_k + row(0), windows), first(first_column + column()), n(n_),
          whole(whole_pieces(w, n_, Tile::length)) {}

    __device__ void begin(E *tile, const T *w, int k, int end, const Windows &windows, const TapOrder &taps) {
        UNROLL
        for (int i = 0; i < count; i++) {
            Cursor c = cursor;
            c.advance(i * down, windows);
            int tap = (taps.first_y + c.tap_y * taps.step) * taps.side + taps.first_x + c.tap_x * taps.step;
            int from = (c.channel * taps.side * taps.side + tap) * n + first;
            bool within = k + row(i) < end;
            if (whole) {
                transfer[i].begin(target(tile, i), w, from, within && first < n);
                continue;
            }
            E *piece = target(tile, i);
            UNROLL_BY(1)
            for (int j = 0; j < Tile::length; j++) {
                piece[j] = rounded<E>(within && first + j < n ? to_float(w[from + j]) : 0);
            }
        }
        cursor.advance(gemm_depth<E>, windows);
    }

    __device__ void finish(E *tile) {
        if (!whole) return;
        UNROLL
        for (int i = 0; i < count; i++) transfer[i].finish(target(tile, i), 1);
    }
};
