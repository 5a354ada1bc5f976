package kernels

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
)

// Elements is a read-only sequence of numbers in the precision of a checkpoint:
// float32, float16 or bfloat16. It is a small value that shares the memory it
// was made from, which may lie at any address (a mapped file aligns nothing).
// The zero value is empty.
type Elements struct {
	n    gemm.Numbers
	kept *gemm.Kept // what it is packed to, or nil
}

// Float32s is v itself as Elements.
func Float32s(v []float32) Elements {
	return Elements{n: gemm.Numbers{Format: gemm.Float32, F32: v}}
}

// Float16s takes v as IEEE 754 binary16 numbers.
func Float16s(v []uint16) Elements {
	return Elements{n: gemm.Numbers{Format: gemm.Float16, U16: v}}
}

// BFloat16s takes v as bfloat16 numbers, the upper halves of float32.
func BFloat16s(v []uint16) Elements {
	return Elements{n: gemm.Numbers{Format: gemm.BFloat16, U16: v}}
}

// Len is the number of elements.
func (e Elements) Len() int { return e.n.Len() }

// Slice is elements lo to hi-1, sharing memory, like v[lo:hi].
func (e Elements) Slice(lo, hi int) Elements { return Elements{n: e.n.Slice(lo, hi)} }

// KeepPacked returns e, the weights [n, k] of a linear layer or, in the order of
// [ConvWeights], of a convolution with k numbers for each of n channels, as weights that
// stay packed from the first product on that takes them, as float32 numbers beside what
// they were. Products of a few dozen rows take a fifth less time then.
func (e Elements) KeepPacked(n, k int) Elements {
	wantElements("KeepPacked", "e", e, n*k)
	e.kept = &gemm.Kept{Right: gemm.Transposed{Src: e.n, Stride: k}, N: n, K: k}
	return e
}

// right is e as the transposed right operand of a product over k.
func (e Elements) right(k int) gemm.Right {
	if e.kept != nil && e.kept.K == k {
		return e.kept
	}
	return gemm.Transposed{Src: e.n, Stride: k}
}

// Numbers are the elements as they are stored, in the slice of their precision;
// the other two are nil. It shares the memory that e was made from.
func (e Elements) Numbers() (float32s []float32, float16s, bfloat16s []uint16) {
	switch e.n.Format {
	case gemm.Float16:
		return nil, e.n.U16, nil
	case gemm.BFloat16:
		return nil, nil, e.n.U16
	}
	return e.n.F32, nil, nil
}

// Float32 converts all elements, exactly. dst has e.Len() elements.
func (e Elements) Float32(dst []float32) {
	wantLen("Elements.Float32", "dst", dst, e.Len())
	const grain = 1 << 14
	Range(len(dst), grain, func(lo, hi int) {
		gemm.Convert(dst[lo:hi], e.n.Slice(lo, hi))
	})
}

// wantElements panics unless e has the number of elements its shape asks for.
func wantElements(op, operand string, e Elements, want int) {
	if e.Len() != want {
		panic(fmt.Sprintf("kernels: %s: %s has %d elements, want %d", op, operand, e.Len(), want))
	}
}

// wantOptional is wantLen for an operand that may be nil.
func wantOptional(op, operand string, x []float32, want int) {
	if x != nil {
		wantLen(op, operand, x, want)
	}
}
