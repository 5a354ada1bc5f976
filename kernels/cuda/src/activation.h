// Activation functions and their derivatives.
#pragma once

#include "device.h"

__device__ inline float logistic(float x) { return 1 / (1 + exp2_fast(-log2_of_e * x)); }

// x·σ(βx): SiLU with β = 1 (Elfwing et al. 2017), CLIP's stand-in for GELU with β = 1.702.
__device__ inline float swish(float x, float beta) { return x * logistic(beta * x); }

__device__ inline float swish_slope(float x, float beta) {
    float s = logistic(beta * x);
    return s * (1 + beta * x * (1 - s));
}

// The standard normal distribution function; erfc keeps its lower tail.
__device__ inline float normal_distribution(float x) { return 0.5f * erfcf(-0.70710678f * x); }

// x·Φ(x), the exact form (Hendrycks and Gimpel 2016).
__device__ inline float gelu(float x) { return x * normal_distribution(x); }

__device__ inline float gelu_slope(float x) {
    constexpr float density_at_0 = 0.39894228f; // 1/√(2π)
    return normal_distribution(x) + x * density_at_0 * exp2_fast(-0.5f * log2_of_e * x * x);
}
