#include "attention_forward.h"

ATTENTION_FORWARDS(f16, f16);
