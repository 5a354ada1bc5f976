#include "attention_grad.h"

ATTENTION_GRADS(bf16, bf16);
