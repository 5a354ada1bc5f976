#include "attention_forward.h"

ATTENTION_FORWARDS(f32, f16);
