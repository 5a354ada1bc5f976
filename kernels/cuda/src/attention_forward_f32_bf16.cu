#include "attention_forward.h"

ATTENTION_FORWARDS(f32, bf16);
