package cuda

import (
	"fmt"
	"math"
)

// Precision is a type of floating-point numbers: that of numbers in memory, or that which operands of products are
// rounded to. Products are summed in float32 whichever it is.
type Precision int

// The precisions. Products of Float32 are computed by fused multiply-adds, the others by tensor cores.
const (
	Float32 Precision = iota
	Float16
	BFloat16
)

// String gives the name that kernels have for it.
func (p Precision) String() string {
	switch p {
	case Float32:
		return "f32"
	case Float16:
		return "f16"
	case BFloat16:
		return "bf16"
	}
	return fmt.Sprintf("Precision(%d)", int(p))
}

// bytes is the size of a number.
func (p Precision) bytes() int {
	if p == Float32 {
		return 4
	}
	return 2
}

// Roundoff is the largest relative error of rounding a number to p: 2⁻²⁴, 2⁻¹¹ or 2⁻⁸ (Higham, "Accuracy and
// Stability of Numerical Algorithms", 2002, section 2.1).
func (p Precision) Roundoff() float64 {
	switch p {
	case Float16:
		return math.Ldexp(1, -11)
	case BFloat16:
		return math.Ldexp(1, -8)
	}
	return math.Ldexp(1, -24)
}
