#include "gemm.h"

GEMM_KERNELS(bf16, bf16, 1);
