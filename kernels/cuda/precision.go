package cuda

import "github.com/sdgraph/sdgraph/kernels"

// format is a type of floating-point numbers as the names of kernels have it: that of numbers in memory, or that which
// operands of products are rounded to. Products are summed in float32 whichever it is.
type format kernels.Precision

// The formats. Products of f32 are computed by fused multiply-adds, the others by tensor cores.
const (
	f32  = format(kernels.Float32)
	f16  = format(kernels.Float16)
	bf16 = format(kernels.BFloat16)
)

func (f format) String() string {
	switch f {
	case f32:
		return "f32"
	case f16:
		return "f16"
	case bf16:
		return "bf16"
	}
	return kernels.Precision(f).String()
}

// bytes is the size of a number.
func (f format) bytes() int {
	if f == f32 {
		return 4
	}
	return 2
}
