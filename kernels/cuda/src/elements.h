// Kernels that have a thread for each element.
#pragma once

#include "device.h"

// The element that a thread has, -1 beyond the last of n.
__device__ inline long long element_index(long long n) {
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    return i < n ? i : -1;
}
