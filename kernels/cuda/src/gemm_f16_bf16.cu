#include "gemm.h"

GEMM_KERNELS(f16, bf16, 1);
