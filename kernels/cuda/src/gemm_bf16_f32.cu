#include "gemm.h"

GEMM_KERNELS(bf16, f32, 1);
