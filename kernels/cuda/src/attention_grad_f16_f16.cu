#include "attention_grad.h"

ATTENTION_GRADS(f16, f16);
