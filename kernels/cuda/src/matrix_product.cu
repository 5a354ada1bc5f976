#include "matrix_product.h"

MATRIX_PRODUCT(f32);
MATRIX_PRODUCT(f16);
MATRIX_PRODUCT(bf16);
