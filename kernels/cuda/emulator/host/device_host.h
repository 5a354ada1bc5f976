// device.h for a host compiler: see block.h for how threads and barriers work. Warp-wide functions compute for all 32
// threads what the PTX ISA says, from where it says that each thread holds its share.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "block.h"
#include "registry.h"

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define UNROLL
#define UNROLL_BY(n)
#define DYNAMIC_SHARED(name) unsigned char *name = ::emulator::dynamic_shared()
#define SHARED_ARRAY(type, name, count)                                                                                \
    static const char name##_key = 0;                                                                                  \
    auto &name = *reinterpret_cast<type(*)[count]>(::emulator::static_shared(&name##_key, sizeof(type) * (count)))
#define EXPORT_KERNEL(name) static const ::emulator::Registration register_##name(#name, name)

#define threadIdx (::emulator::current->index)
#define blockIdx (::emulator::block_index)
#define blockDim (::emulator::launch->block)
#define gridDim (::emulator::launch->grid)

#define EMULATOR_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(EMULATOR_SITE) { emulator::block_barrier({"__syncthreads", file, line}); }

inline void __syncwarp(unsigned = 0xffffffffu, EMULATOR_SITE) {
    emulator::warp_wide({"__syncwarp", file, line}, nullptr, [](emulator::Warp &) {});
}

namespace emulator {

// One lane's part of a shuffle: its number, and the lane whose number it asks for.
struct Shuffle {
    std::uint32_t value;
    int from;
    std::uint32_t result;
};

inline void compute_shuffle(Warp &w) {
    for (int i = 0; i < w.size; i++) {
        auto *s = static_cast<Shuffle *>(w.threads[i].operand);
        int from = s->from < 0 || s->from >= w.size ? i : s->from; // out of range: its own, as the ISA has it
        s->result = static_cast<Shuffle *>(w.threads[from].operand)->value;
    }
}

template <class T>
T shuffle(unsigned mask, T x, int from, Site site) {
    static_assert(sizeof(T) == 4, "shuffles move 32 bits");
    if (mask != 0xffffffffu) fail("the mask leaves out lanes; kernels here shuffle whole warps", site);
    Shuffle s{0, from, 0};
    std::memcpy(&s.value, &x, 4);
    warp_wide(site, &s, compute_shuffle);
    std::memcpy(&x, &s.result, 4);
    return x;
}

} // namespace emulator

template <class T>
T __shfl_sync(unsigned mask, T x, int lane, EMULATOR_SITE) {
    return emulator::shuffle(mask, x, lane & 31, {"__shfl_sync", file, line});
}

template <class T>
T __shfl_xor_sync(unsigned mask, T x, int bits, EMULATOR_SITE) {
    return emulator::shuffle(mask, x, emulator::current->lane ^ bits, {"__shfl_xor_sync", file, line});
}

template <class T>
T __shfl_down_sync(unsigned mask, T x, int by, EMULATOR_SITE) {
    return emulator::shuffle(mask, x, emulator::current->lane + by, {"__shfl_down_sync", file, line});
}

inline std::uint32_t bits_of(float x) {
    std::uint32_t u;
    std::memcpy(&u, &x, 4);
    return u;
}

inline float float_of(std::uint32_t u) {
    float x;
    std::memcpy(&x, &u, 4);
    return x;
}

struct alignas(8) float2 {
    float x, y;
};

struct alignas(16) float4 {
    float x, y, z, w;
};

struct alignas(8) uint2 {
    unsigned x, y;
};

struct alignas(16) uint4 {
    unsigned x, y, z, w;
};

struct f16 {
    std::uint16_t bits;
};

struct bf16 {
    std::uint16_t bits;
};

namespace emulator {

// u without its lowest bits, rounded to nearest, ties to even.
inline std::uint32_t shift_rounded(std::uint32_t u, int bits) {
    std::uint32_t half = 1u << (bits - 1), odd = u >> bits & 1;
    return (u + half - 1 + odd) >> bits;
}

inline std::uint16_t f16_bits(float x) {
    std::uint32_t u = bits_of(x), sign = u >> 16 & 0x8000, magnitude = u & 0x7fffffff;
    if (magnitude > 0x7f800000) return 0x7fff; // NaN, the one that cvt gives
    if (magnitude >= 0x47800000) return static_cast<std::uint16_t>(sign | 0x7c00);
    if (magnitude < 0x33000000) return static_cast<std::uint16_t>(sign); // less than half of the least number
    std::uint32_t r;
    if (magnitude < 0x38800000) {
        // A subnormal number is a multiple of 2⁻²⁴: the significand, of weight 2^(exponent-150), moves there.
        int exponent = static_cast<int>(magnitude >> 23);
        r = shift_rounded((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
    } else {
        r = shift_rounded(magnitude - (112u << 23), 13); // a carry moves on into the exponent, up to infinity
    }
    return static_cast<std::uint16_t>(sign | r);
}

inline float f16_value(std::uint16_t h) {
    std::uint32_t sign = (h & 0x8000u) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 0) {
        float x = static_cast<float>(fraction) * 0x1p-24f;
        return sign != 0 ? -x : x;
    }
    if (exponent == 31) return float_of(sign | 0x7f800000 | fraction << 13);
    return float_of(sign | (exponent + 112) << 23 | fraction << 13);
}

inline std::uint16_t bf16_bits(float x) {
    std::uint32_t u = bits_of(x);
    if ((u & 0x7fffffff) > 0x7f800000) return 0x7fff;
    return static_cast<std::uint16_t>(shift_rounded(u & 0x7fffffff, 16) | (u >> 16 & 0x8000));
}

} // namespace emulator

inline float to_float(float x) { return x; }
inline float to_float(f16 x) { return emulator::f16_value(x.bits); }
inline float to_float(bf16 x) { return float_of(static_cast<std::uint32_t>(x.bits) << 16); }

template <class T>
T rounded(float x);

template <>
inline float rounded<float>(float x) {
    return x;
}

template <>
inline f16 rounded<f16>(float x) {
    return {emulator::f16_bits(x)};
}

template <>
inline bf16 rounded<bf16>(float x) {
    return {emulator::bf16_bits(x)};
}

template <class E>
unsigned pack(float low, float high) {
    return rounded<E>(low).bits | static_cast<unsigned>(rounded<E>(high).bits) << 16;
}

inline float exp2_fast(float x) { return std::exp2(x); }
inline float log2_fast(float x) { return std::log2(x); }

namespace emulator {

// One lane's registers of mma.m16n8k16.
struct Product {
    float *d;
    const unsigned *a;
    unsigned b[2];
};

// Computes mma of E for a warp (products.cc).
template <class E>
void compute_product(Warp &w);

// One lane's part of ldmatrix.
struct Matrices {
    const unsigned char *row;
    unsigned *result;
};

template <int count, bool transposed>
void compute_matrices(Warp &w) {
    for (int lane = 0; lane < 32; lane++) {
        auto *own = static_cast<Matrices *>(w.threads[lane].operand);
        for (int j = 0; j < count; j++) {
            unsigned pair = 0;
            for (int high = 0; high < 2; high++) {
                int row = lane / 4, column = lane % 4 * 2 + high;
                if (transposed) std::swap(row, column);
                std::uint16_t element;
                auto *from = static_cast<Matrices *>(w.threads[j * 8 + row].operand);
                std::memcpy(&element, from->row + 2 * column, 2);
                pair |= static_cast<unsigned>(element) << (16 * high);
            }
            own->result[j] = pair;
        }
    }
}

// Stops the launch unless 16 bytes of dynamic shared memory begin at p.
inline void check_piece(const void *p, Site site) {
    auto offset = static_cast<std::size_t>(static_cast<const unsigned char *>(p) - dynamic_shared());
    if (offset >= launch->shared || launch->shared - offset < 16 || offset % 16 != 0) {
        fail("it starts " + std::to_string(offset) + " bytes into " + std::to_string(launch->shared) +
                 " of shared memory; it is 16 bytes that must lie inside and be aligned to 16",
             site);
    }
}

template <int count, bool transposed>
void load(unsigned *r, const void *row, Site site) {
    if (current->lane < 8 * count) check_piece(row, site);
    Matrices m{static_cast<const unsigned char *>(row), r};
    warp_wide(site, &m, compute_matrices<count, transposed>);
}

} // namespace emulator

template <class E>
void mma(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, EMULATOR_SITE) {
    emulator::Product p{d, a, {b0, b1}};
    emulator::warp_wide({"mma", file, line}, &p, emulator::compute_product<E>);
}

inline void load_matrices(unsigned (&r)[4], const void *row, EMULATOR_SITE) {
    emulator::load<4, false>(r, row, {"ldmatrix.x4", file, line});
}

inline void load_matrices_transposed(unsigned (&r)[4], const void *row, EMULATOR_SITE) {
    emulator::load<4, true>(r, row, {"ldmatrix.x4.trans", file, line});
}

inline void load_matrices_transposed(unsigned (&r)[2], const void *row, EMULATOR_SITE) {
    emulator::load<2, true>(r, row, {"ldmatrix.x2.trans", file, line});
}

// A copy arrives when it is waited for and not before. What was there is gone at once.
inline void copy_async(void *to, const void *from, bool inside, EMULATOR_SITE) {
    emulator::Site site{"cp.async", file, line};
    emulator::check_piece(to, site);
    if (reinterpret_cast<std::uintptr_t>(from) % 16 != 0) emulator::fail("the source is not aligned to 16 bytes", site);
    emulator::Copy c{static_cast<unsigned char *>(to), {}, emulator::current->groups};
    if (inside) std::memcpy(c.bytes, from, 16);
    std::memset(to, 0xff, 16);
    emulator::current->copies.push_back(c);
}

inline void commit_copies() { emulator::current->groups++; }

template <int pending>
void wait_copies() {
    auto &copies = emulator::current->copies;
    std::size_t arrived = 0;
    for (; arrived < copies.size() && copies[arrived].group + pending < emulator::current->groups; arrived++) {
        std::memcpy(copies[arrived].to, copies[arrived].bytes, 16);
    }
    copies.erase(copies.begin(), copies.begin() + static_cast<std::ptrdiff_t>(arrived));
}
