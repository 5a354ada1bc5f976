package winograd

import "github.com/sdgraph/sdgraph/kernels/internal/isa"

// transforms are one instruction set's loops of F(side×side, 3×3). n is a
// positive multiple of 16.
type transforms struct {
	side   int // of a tile's results
	window int // side of the pixels that they come from, and of the frequencies

	// input sets dst[f*ld+i], f = window·y+x, to element (y, x) of Bᵀ·d·B where
	// d[y][x] is src[y*row+x*pixel+i], for i < n. Those of half make pairs, see
	// [gemm.Primitives], of numbers 2i and 2i+1.
	input func(dst []float32, ld int, src []float32, row, pixel, n int)

	// weights sets dst[f*ldd+i], f = window·y+x, to element (y, x) of G·g·Gᵀ where
	// g[y][x] is src[(3*y+x)*lds+i], for i < n. Those of half take two rows of
	// panels to one of pairs, of numbers 64r+j and 64r+32+j, and n is a multiple
	// of 64.
	weights func(dst []float32, ldd int, src []float32, lds, n int)

	// output sets dst[y*row+x*pixel+i] to element (y, x) of Aᵀ·m·A, where
	// m[y][x] is src[f*lds+i], f = window·y+x, plus bias[i] plus
	// add[y*row+x*pixel+i], for i < n, within limits, of which there are 16 of each. An
	// empty bias or add counts as zero, empty limits as none; add may be dst. src may be
	// overwritten.
	output outputFunc

	// stream is output past the caches, where pixels begin at multiples of 64 bytes;
	// they are where other threads see them after fence. nil where there is none.
	stream outputFunc
	fence  func()

	// half is the transforms for products of bfloat16 numbers, nil where the
	// processor has none.
	half *transforms
}

type outputFunc = func(dst []float32, row, pixel int, src []float32, lds int, bias, add, limits []float32, n int)

// frequencies is how many a tile is taken to.
func (t *transforms) frequencies() int { return t.window * t.window }

// table has the transforms of each level.
var table = [isa.Levels]*transforms{isa.PureGo: &pureGo, isa.AVX2: &pureGo, isa.AVX512: &pureGo, isa.AMX: &pureGo}

func current() *transforms { return table[isa.Current()] }
