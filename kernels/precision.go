package kernels

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
)

// Precision is what is multiplied in linear layers, convolutions and attention,
// forward and gradient: their operands are rounded to it. Sums stay float32
// whichever it is, and so does everything between the layers. It belongs to
// whoever computes: [CPU] and [Device] give the kernels of one, and its methods
// are those of the processor that depend on it.
//
// PyTorch's torch.set_float32_matmul_precision is the same choice, for a whole
// program.
type Precision int

// The precisions. One product's relative rounding error is about 1e-7 in
// Float32, 4e-4 in Float16 and 3e-3 in BFloat16.
//
// A processor multiplies Float32, and where it has AVX512_BF16 also BFloat16:
// several times as fast with AMX, twice as fast on AMD's processors, and half as
// fast on Intel's without AMX ([Precision.Peak] tells). Winograd's algorithm
// ([SetWinograd]) becomes F(2×2, 3×3) there, which loses no more than the
// rounding of operands does, and with AMX leaves convolutions of many weights to
// products. Attention maps and [BatchMatMul] stay Float32. Float16 is for GPUs.
const (
	Float32 Precision = iota
	Float16
	BFloat16
)

// String is "float32", "float16" or "bfloat16".
func (p Precision) String() string {
	switch p {
	case Float32:
		return "float32"
	case Float16:
		return "float16"
	case BFloat16:
		return "bfloat16"
	}
	return fmt.Sprintf("Precision(%d)", int(p))
}

// check returns an error where the processor, or the instruction set in use,
// cannot multiply numbers of p. The methods of p then multiply float32.
func (p Precision) check() error {
	switch {
	case p == Float32 || p == BFloat16 && gemm.Current().Half != nil:
		return nil
	case p == BFloat16:
		return fmt.Errorf("kernels: this processor, build or instruction set cannot multiply bfloat16 numbers (AVX512_BF16)")
	case p == Float16:
		return fmt.Errorf("kernels: a processor multiplies float32 or bfloat16 numbers; float16 is for GPUs")
	}
	return fmt.Errorf("kernels: %v is unknown, want Float32, Float16 or BFloat16", p)
}

// half reports whether products are of pairs of bfloat16 numbers, where the
// processor can.
func (p Precision) half() bool { return p == BFloat16 }

// halfConv reports whether a convolution may be one of pairs of channels.
func (p Precision) halfConv(s ConvShape) bool { return p.half() && s.Cin%2 == 0 && s.Cout%2 == 0 }

// primitives are those that attention uses: of pairs for bfloat16. The maps of
// AttentionTokens are not computed with these.
func (p Precision) primitives(s AttentionShape) *gemm.Primitives {
	full := gemm.Current()
	if p.half() && full.Half != nil && s.HeadDim%2 == 0 {
		return full.Half
	}
	return full
}
