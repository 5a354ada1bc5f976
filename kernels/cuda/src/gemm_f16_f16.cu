#include "gemm.h"

GEMM_KERNELS(f16, f16, *factor);
