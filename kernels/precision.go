package kernels

import (
	"errors"
	"sync/atomic"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
)

// half is whether products are of bfloat16 numbers.
var half atomic.Bool

// SetBFloat16 tells whether linear layers, convolutions and attention, forward
// and gradient, round what they multiply to bfloat16; sums stay float32, and so
// does everything between the layers. It is off at first. On, products run several
// times as fast with AMX, twice as fast on AMD's processors with AVX512_BF16, and half
// as fast on Intel's without AMX ([BFloat16Peak] tells), with 3e-3 of rounding error
// each in place of 1e-7. Winograd's algorithm ([SetWinograd]) becomes F(2×2, 3×3),
// which loses no more than that, and with AMX leaves convolutions of many weights to
// products. Attention maps and [MatMul] stay float32.
//
// It changes nothing but returns an error where the processor or the instruction
// set in use cannot multiply bfloat16 numbers (AVX512_BF16).
//
// PyTorch's torch.set_float32_matmul_precision("medium") is the same choice.
func SetBFloat16(on bool) error {
	if on && gemm.Current().Half == nil {
		return errors.New("kernels: this processor, build or instruction set cannot multiply bfloat16 numbers (AVX512_BF16)")
	}
	half.Store(on)
	return nil
}

// Precision is what products are of, see [SetBFloat16]: "float32" or "bfloat16".
func Precision() string {
	if half.Load() && gemm.Current().Half != nil {
		return "bfloat16"
	}
	return "float32"
}

// half tells whether a convolution may be one of pairs of channels.
func (s ConvShape) half() bool { return half.Load() && s.Cin%2 == 0 && s.Cout%2 == 0 }
