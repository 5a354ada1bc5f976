// Package gemm multiplies matrices. One blocked loop nest ([Product]) serves
// linear layers, convolutions and their gradients; they differ in how rows of
// the left operand ([Left]) and panels of the right one ([Right]) are packed.
// Attention uses the same packed blocks and the same innermost loops through
// [Primitives].
//
// The blocking follows Goto and van de Geijn, "Anatomy of High-Performance
// Matrix Multiplication" (ACM TOMS 2008): a block of the right operand stays in
// the second-level cache as panels of a few vectors' width, a block of rows of
// the left one in the first-level cache, and a tile of the result in registers.
//
//	primitives.go  the loops that depend on the instruction set
//	purego.go      them in portable Go; avx2*.go, avx512*.go in assembly
//	numbers.go     float32, float16, bfloat16
//	product.go     the loop nest and its division into jobs
//	left.go        packing rows: matrices, and windows of a picture
//	right.go       packing panels: weights and their transposes
package gemm

import "github.com/sdgraph/sdgraph/kernels/internal/isa"

// Primitives are the loops that depend on the instruction set, and the sizes
// they are made for. A panel is Cols columns of a matrix with k rows, stored
// row after row: element (i, j) at [i*Cols+j].
type Primitives struct {
	// Rows and Cols are the largest tile of the result, the one that fits the
	// registers. Cols is a multiple of 16.
	Rows, Cols int

	// Tiles[w] multiplies rows ≤ Rows rows by one panel:
	//	c[r*ldc+j] = Σ_i a[r*lda+i]·panel[i*Cols+j] + bias[j] + add[r*ldadd+j]
	// for r < rows, j < Cols>>w and i < k. An empty bias or add counts as
	// zero; add may be c.
	Tiles [widths]Tile

	// The transposes set dst[i*ldd+j] = src[j*lds+i] for i < m, j < n.
	TransposeFloat32  func(dst []float32, ldd int, src []float32, lds, m, n int)
	TransposeFloat16  func(dst []float32, ldd int, src []uint16, lds, m, n int)
	TransposeBFloat16 func(dst []float32, ldd int, src []uint16, lds, m, n int)

	// The copies set dst[i*ldd+j] = src[i*lds+j] for i < m, j < n.
	CopyFloat32  func(dst []float32, ldd int, src []float32, lds, m, n int)
	CopyFloat16  func(dst []float32, ldd int, src []uint16, lds, m, n int)
	CopyBFloat16 func(dst []float32, ldd int, src []uint16, lds, m, n int)

	// ExpRows carries a softmax to base 2 over n more scores of each row: with
	// top the larger of peak[r] and the largest s[r*lds+j], it sets factor[r]
	// to 2^(peak[r]-top), s[r*lds+j] to 2^(s[r*lds+j]-top), weight[r] to
	// weight[r]·factor[r] plus the sum of these, and peak[r] to top. n is a
	// positive multiple of 16 and rows is positive.
	ExpRows func(s []float32, lds, rows, n int, peak, weight, factor []float32)

	// ExpMul sets p[i] = 2^p[i] and d[i] = d[i]·p[i]. The length of p is a
	// positive multiple of 16.
	ExpMul func(p, d []float32)

	// Peak does n·PeakFlops multiplications and additions on registers alone:
	// the speed that no product can exceed.
	Peak      func(n int)
	PeakFlops int
}

// Tile is described at [Primitives].
type Tile = func(c []float32, ldc int, a []float32, lda int, panel []float32, k int, add []float32, ldadd int, bias []float32, rows int)

// widths is the number of tiles of different width: whole, half and quarter
// panels.
const widths = 3

// table has the primitives of each level; what an architecture lacks is filled
// with pureGo.
var table = [isa.Levels]*Primitives{isa.PureGo: &pureGo, isa.AVX2: &pureGo, isa.AVX512: &pureGo}

// Current is the primitives of the level in use.
func Current() *Primitives { return table[isa.Current()] }

// transpose sets dst[i*ldd+j] = src[j*lds+i] for i < m, j < n.
func (p *Primitives) transpose(dst []float32, ldd int, src Numbers, lds, m, n int) {
	switch src.Format {
	case Float32:
		p.TransposeFloat32(dst, ldd, src.F32, lds, m, n)
	case Float16:
		p.TransposeFloat16(dst, ldd, src.U16, lds, m, n)
	default:
		p.TransposeBFloat16(dst, ldd, src.U16, lds, m, n)
	}
}

// copy sets dst[i*ldd+j] = src[i*lds+j] for i < m, j < n.
func (p *Primitives) copy(dst []float32, ldd int, src Numbers, lds, m, n int) {
	switch src.Format {
	case Float32:
		p.CopyFloat32(dst, ldd, src.F32, lds, m, n)
	case Float16:
		p.CopyFloat16(dst, ldd, src.U16, lds, m, n)
	default:
		p.CopyBFloat16(dst, ldd, src.U16, lds, m, n)
	}
}

// PackColumns packs the k×n matrix whose columns are rows of src, element
// (i, j) at src[j*lds+i], into panels; PackRows the one with element (i, j) at
// src[i*lds+j]. Panel q holds columns from q*Cols on and starts at dst[q*size].
// Columns that complete the last panel keep what dst has there.
func (p *Primitives) PackColumns(dst []float32, size int, src Numbers, lds, k, n int) {
	for j := 0; j < n; j += p.Cols {
		p.transpose(dst[j/p.Cols*size:], p.Cols, src.from(j*lds), lds, k, min(p.Cols, n-j))
	}
}

// PackRows is described at [Primitives.PackColumns].
func (p *Primitives) PackRows(dst []float32, size int, src Numbers, lds, k, n int) {
	for j := 0; j < n; j += p.Cols {
		p.copy(dst[j/p.Cols*size:], p.Cols, src.from(j), lds, k, min(p.Cols, n-j))
	}
}

// Multiply applies tiles to n columns in panels of the given size:
// c[r*ldc+j] = Σ_i a[r*lda+i]·b(i, j) + add[r*ldadd+j]. Rows of c must have
// room for [Primitives.Padded] columns.
func (p *Primitives) Multiply(c []float32, ldc int, a []float32, lda int, panels []float32, size, k int, add []float32, ldadd, rows, n int) {
	for j := 0; j < n; j += p.Cols {
		tile, _ := p.tile(n - j)
		tile(c[j:], ldc, a, lda, panels[j/p.Cols*size:], k, from(add, j), ldadd, nil, rows)
	}
}

// tile is the narrowest tile for n columns, or the widest there is, and its
// width.
func (p *Primitives) tile(n int) (tile Tile, width int) {
	w := 0
	for w < widths-1 && n <= p.Cols>>(w+1) {
		w++
	}
	return p.Tiles[w], p.Cols >> w
}

// Padded is the number of columns that [Primitives.Multiply] writes for n.
func (p *Primitives) Padded(n int) int {
	whole := n / p.Cols * p.Cols
	if whole == n {
		return n
	}
	_, width := p.tile(n - whole)
	return whole + width
}

// Panels is the number of panels that n columns fill.
func (p *Primitives) Panels(n int) int { return (n + p.Cols - 1) / p.Cols }

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
