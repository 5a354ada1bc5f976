#include "attention_grad.h"

ATTENTION_GRADS(f32, bf16);
