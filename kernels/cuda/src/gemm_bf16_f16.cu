#include "gemm.h"

GEMM_KERNELS(bf16, f16, *factor);
