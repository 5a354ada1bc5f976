// What kernels use of a device, the same for nvcc and for a host compiler.
//
// A kernel is written once. nvcc compiles it for GPUs, where the names below are instructions (device_cuda.h); g++
// compiles it into the emulator, where every thread of a block is a fiber and the names below are functions that check
// how they are used (emulator/host/device_host.h). Both give
//
//   __global__ __device__ threadIdx blockIdx blockDim gridDim __syncthreads __syncwarp
//   __shfl_sync __shfl_xor_sync __shfl_down_sync      of float, int and unsigned
//   DYNAMIC_SHARED(name)                              unsigned char *name: the launch's dynamic shared memory
//   SHARED_ARRAY(type, name, count)                   an array in static shared memory
//   UNROLL, UNROLL_BY(n)                              before a loop: unroll it completely, or n times
//   EXPORT_KERNEL(name)                               after an extern "C" kernel: it can be launched by its name
//   f16, bf16                                         16-bit storage; to_float and rounded<T> convert, to nearest even
//   pack<E>(low, high)                                two floats rounded to E in one register
//   bits_of(float), float_of(unsigned)                the bits of a float, and back
//   exp2_fast(x), log2_fast(x)                        the special function unit's, about 2 units in the last place
//   mma<E>(d, a, b0, b1)                              d += a·b, 16×8 by 16 products of E, summed in float32
//   load_matrices, load_matrices_transposed           ldmatrix
//   copy_async(to, from, inside)                      cp.async: 16 bytes to shared memory, of zeros unless inside
//   commit_copies(), wait_copies<N>()                 end a group of a thread's copies; wait for all but the last N groups
//
// Block sizes are multiples of the warp's 32 threads, and warp-wide functions are called by all 32.
#pragma once

#ifdef __CUDACC__
#include "device_cuda.h"
#else
#include "device_host.h"
#endif

using f32 = float;

constexpr int warp_size = 32;
constexpr unsigned all_lanes = 0xffffffffu;
constexpr float log2_of_e = 1.4426950408889634f;
constexpr float ln_of_2 = 0.6931471805599453f;

__device__ inline int smaller(int a, int b) { return a < b ? a : b; }
__device__ inline int larger(int a, int b) { return a > b ? a : b; }

__device__ inline float minus_infinity() { return float_of(0xff800000u); }

__device__ inline int lane_index() { return static_cast<int>(threadIdx.x) % warp_size; }
__device__ inline int warp_index() { return static_cast<int>(threadIdx.x) / warp_size; }

// The sum of x over the warp, in every lane; the order is a fixed tree.
__device__ inline float warp_sum(float x) {
    UNROLL
    for (int step = warp_size / 2; step > 0; step /= 2) x += __shfl_xor_sync(all_lanes, x, step);
    return x;
}

__device__ inline float warp_max(float x) {
    UNROLL
    for (int step = warp_size / 2; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(all_lanes, x, step));
    return x;
}

// The sum of x over the four lanes that share a row of an accumulator of mma.
__device__ inline float quad_sum(float x) {
    x += __shfl_xor_sync(all_lanes, x, 1);
    return x + __shfl_xor_sync(all_lanes, x, 2);
}

__device__ inline float quad_max(float x) {
    x = fmaxf(x, __shfl_xor_sync(all_lanes, x, 1));
    return fmaxf(x, __shfl_xor_sync(all_lanes, x, 2));
}

// The power of two that brings x to between 1/2 and 1, as near as it and its inverse can be held; 1 for 0.
__device__ inline float power_to_one(float x) {
    int exponent = static_cast<int>(bits_of(x) >> 23 & 0xff); // with a bias of 127
    if (x == 0 || exponent == 255) return 1;
    return float_of(static_cast<unsigned>(smaller(larger(253 - exponent, 1), 253)) << 23);
}
