#include "gemm.h"

GEMM_KERNELS(f32, bf16, 1);
