package gemm

import "github.com/sdgraph/sdgraph/kernels/internal/vec"

// Format is how a number is stored.
type Format uint8

// The formats of a checkpoint's weights.
const (
	Float32  Format = iota
	Float16         // IEEE 754 binary16
	BFloat16        // the upper half of a float32

	formats = 3
)

// Numbers is a sequence of numbers in one format; F32 or U16 holds them.
type Numbers struct {
	Format Format
	F32    []float32
	U16    []uint16
}

// Len is the number of numbers.
func (n Numbers) Len() int {
	if n.Format == Float32 {
		return len(n.F32)
	}
	return len(n.U16)
}

// Slice is numbers lo to hi-1.
func (n Numbers) Slice(lo, hi int) Numbers {
	if n.Format == Float32 {
		n.F32 = n.F32[lo:hi]
	} else {
		n.U16 = n.U16[lo:hi]
	}
	return n
}

// From is the numbers from index lo on.
func (n Numbers) From(lo int) Numbers { return n.Slice(lo, n.Len()) }

// Convert writes the first len(dst) numbers of src to dst, exactly.
func Convert(dst []float32, src Numbers) {
	switch src.Format {
	case Float32:
		copy(dst, src.F32)
	case Float16:
		vec.Float16(dst, src.U16)
	default:
		vec.BFloat16(dst, src.U16)
	}
}
