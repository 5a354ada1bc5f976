// Tiles of the operands of linear layers and convolutions in shared memory, and how numbers get there.
//
// A tile consists of pieces of 16 bytes. Threads move whole pieces: with cp.async where numbers stay what they are, by
// way of registers where they are converted.
#pragma once

#include "device.h"

constexpr int piece_bytes = 16;

template <class A, class B>
struct Same {
    static constexpr bool value = false;
};
template <class A>
struct Same<A, A> {
    static constexpr bool value = true;
};

// Where element (row, column) of a tile lies. The pieces of a row are permuted by exclusive or with the row, so that
// eight rows' pieces of one column are in different banks: those that ldmatrix reads at a time, and a warp's reads of
// float4. The permutation recurs every eight rows.
template <class E, int columns>
struct SwizzledTile {
    static constexpr int length = piece_bytes / static_cast<int>(sizeof(E)); // numbers in a piece
    static constexpr int pieces = columns / length;                          // in a row

    __device__ static int at(int row, int column) {
        constexpr int sharing = pieces < 8 ? 8 / pieces : 1; // rows that lie in one line of all banks
        constexpr int mask = (pieces < 8 ? pieces : 8) - 1;
        int piece = column / length ^ (row / sharing & mask);
        return row * columns + piece * length + column % length;
    }
};

// N numbers as they lie in memory, of 8, 16 or 32 bytes; with N = 0 it is not used.
template <class T, int N>
struct Numbers {
    static constexpr int words = N == 0 ? 1 : N * static_cast<int>(sizeof(T)) / 4;
    unsigned word[words];

    __device__ void clear() {
        UNROLL
        for (int i = 0; i < words; i++) word[i] = 0;
    }

    // p is aligned to 16 bytes, or to 8 if there are no more.
    __device__ void read(const T *p) {
        if constexpr (words == 2) {
            uint2 u = *reinterpret_cast<const uint2 *>(p);
            word[0] = u.x;
            word[1] = u.y;
        } else {
            UNROLL
            for (int i = 0; i < words; i += 4) {
                uint4 u = reinterpret_cast<const uint4 *>(p)[i / 4];
                word[i] = u.x;
                word[i + 1] = u.y;
                word[i + 2] = u.z;
                word[i + 3] = u.w;
            }
        }
    }

    __device__ float operator[](int i) const {
        if constexpr (sizeof(T) == 4) {
            return float_of(word[i]);
        } else {
            return to_float(T{static_cast<unsigned short>(word[i / 2] >> 16 * (i % 2))});
        }
    }
};

// Writes numbers, times factor, as a piece of a tile.
template <class T>
__device__ void write_piece(float *target, const Numbers<T, 4> &x, float factor) {
    *reinterpret_cast<float4 *>(target) = {x[0] * factor, x[1] * factor, x[2] * factor, x[3] * factor};
}

template <class E, class T>
__device__ void write_piece(E *target, const Numbers<T, 8> &x, float factor) {
    *reinterpret_cast<uint4 *>(target) = {
        pack<E>(x[0] * factor, x[1] * factor), pack<E>(x[2] * factor, x[3] * factor),
        pack<E>(x[4] * factor, x[5] * factor), pack<E>(x[6] * factor, x[7] * factor)};
}

// One piece on its way from numbers of T in memory to a tile of E. The target must be free from begin on; it has the
// numbers after finish, once the copies of that time have been waited for.
template <class E, class T>
struct Transfer {
    static constexpr int length = piece_bytes / static_cast<int>(sizeof(E));
    static constexpr bool direct = Same<E, T>::value;
    Numbers<T, direct ? 0 : length> held;

    // The numbers from source[at] on, or zeros.
    __device__ void begin(E *target, const T *source, int at, bool inside) {
        if constexpr (direct) {
            copy_async(target, source + (inside ? at : 0), inside);
        } else if (inside) {
            held.read(source + at);
        } else {
            held.clear();
        }
    }

    __device__ void finish(E *target, float factor) {
        if constexpr (!direct) write_piece(target, held, factor);
    }
};
