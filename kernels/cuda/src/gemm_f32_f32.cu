#include "gemm.h"

GEMM_KERNELS(f32, f32, 1);
