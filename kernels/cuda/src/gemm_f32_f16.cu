#include "gemm.h"

GEMM_KERNELS(f32, f16, *factor);
