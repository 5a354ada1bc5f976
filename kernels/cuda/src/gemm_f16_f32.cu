#include "gemm.h"

GEMM_KERNELS(f16, f32, 1);
