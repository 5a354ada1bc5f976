#include "attention_forward.h"

ATTENTION_FORWARDS(bf16, bf16);
