package gemm

import (
	"math"

	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// pureGo is the portable implementation. It keeps four sums in registers, as
// many as Go manages.
var pureGo = Primitives{
	Depth: 1, LeftParts: 1, RightParts: 1, Unit: 1, Rows: 4, rowUnit: 1, Cols: 16,
	Tiles:            [widths]Tile{tileGo, halfTileGo, quarterTileGo},
	Lines:            copyFloat32Go,
	TransposeFloat32: transposeFloat32Go, TransposeFloat16: transposeFloat16Go, TransposeBFloat16: transposeBFloat16Go,
	CopyFloat32: copyFloat32Go, CopyFloat16: copyFloat16Go, CopyBFloat16: copyBFloat16Go,
	ExpColumns: expColumnsGo, ExpMul: expMulGo,
	Peak: peakGo, PeakFlops: 8,
}

// tileGo multiplies rows ≤ Rows rows by panels that follow one another:
//
//	c[r*ldc+j] = Σ_i a[r*lda+i]·panel[i*Cols+j] + bias[j] + add[r*ldadd+j]
//
// for r < rows, j < Cols and i < k, and as many columns further on for the next
// panel. An empty bias or add counts as zero; add may be c. k is positive if there
// are several panels. Unless empty, limits are the least and the largest number.
func tileGo(c []float32, ldc int, a []float32, lda int, panel []float32, k int, add []float32, ldadd int, bias []float32, rows, panels int, limits []float32) {
	tileColumnsGo(16, c, ldc, a, lda, panel, k, add, ldadd, bias, rows, panels, limits)
}

// halfTileGo multiplies rows ≤ Rows rows by panels that follow one another:
//
//	c[r*ldc+j] = Σ_i a[r*lda+i]·panel[i*Cols+j] + bias[j] + add[r*ldadd+j]
//
// for r < rows, j < Cols/2 and i < k, and as many columns further on for the next
// panel. An empty bias or add counts as zero; add may be c. k is positive if there
// are several panels. Unless empty, limits are the least and the largest number.
func halfTileGo(c []float32, ldc int, a []float32, lda int, panel []float32, k int, add []float32, ldadd int, bias []float32, rows, panels int, limits []float32) {
	tileColumnsGo(8, c, ldc, a, lda, panel, k, add, ldadd, bias, rows, panels, limits)
}

// quarterTileGo multiplies rows ≤ Rows rows by panels that follow one another:
//
//	c[r*ldc+j] = Σ_i a[r*lda+i]·panel[i*Cols+j] + bias[j] + add[r*ldadd+j]
//
// for r < rows, j < Cols/4 and i < k, and as many columns further on for the next
// panel. An empty bias or add counts as zero; add may be c. k is positive if there
// are several panels. Unless empty, limits are the least and the largest number.
func quarterTileGo(c []float32, ldc int, a []float32, lda int, panel []float32, k int, add []float32, ldadd int, bias []float32, rows, panels int, limits []float32) {
	tileColumnsGo(4, c, ldc, a, lda, panel, k, add, ldadd, bias, rows, panels, limits)
}

// tileColumnsGo computes the first cols columns of tiles.
func tileColumnsGo(cols int, c []float32, ldc int, a []float32, lda int, panel []float32, k int, add []float32, ldadd int, bias []float32, rows, panels int, limits []float32) {
	for i := range panels {
		at := i * cols
		columnsGo(cols, c[at:], ldc, a, lda, panel[i*k*16:], k, From(add, at), ldadd, From(bias, at), rows)
		for r := 0; r < rows && len(limits) > 0; r++ {
			row := c[at+r*ldc:][:cols]
			vec.Clamp(row, row, limits[0], limits[1])
		}
	}
}

// columnsGo computes the first cols columns of a tile, four at a time.
func columnsGo(cols int, c []float32, ldc int, a []float32, lda int, panel []float32, k int, add []float32, ldadd int, bias []float32, rows int) {
	for r := range rows {
		row := a[r*lda:][:k]
		for j := 0; j < cols; j += 4 {
			var s [4]float32
			if k > 0 {
				s[0], s[1], s[2], s[3] = dot4Go(row, panel[j:])
			}
			for i := range s {
				if len(bias) > 0 {
					s[i] += bias[j+i]
				}
				if len(add) > 0 {
					s[i] += add[r*ldadd+j+i]
				}
				c[r*ldc+j+i] = s[i]
			}
		}
	}
}

// dot4Go is the products of a row with four neighbouring columns of a panel.
func dot4Go(row, panel []float32) (s0, s1, s2, s3 float32) {
	for _, x := range row[:len(row)-1] {
		s0 += x * panel[0]
		s1 += x * panel[1]
		s2 += x * panel[2]
		s3 += x * panel[3]
		panel = panel[16:]
	}
	x := row[len(row)-1] // the panel may end with this row
	return s0 + x*panel[0], s1 + x*panel[1], s2 + x*panel[2], s3 + x*panel[3]
}

// exp2 is 2^x, in 2 ulp, zero below -125: n = round(x), r = x - n, and the
// minimax polynomial of 2^r on [-½, ½], 2e-9.
func exp2(x float32) float32 {
	if x < -125 {
		return 0
	}
	const round = 0x1.8p23 // added and taken away again it leaves an integer
	n := float32(x+round) - round
	r := x - n
	p := 1 + r*(0.6931471824645996+r*(0.24022647738456726+r*(0.055503323674201965+
		r*(0.00961843691766262+r*(0.0013398875016719103+r*0.00015353361959569156)))))
	return math.Float32frombits(math.Float32bits(p) + uint32(int32(n))<<23)
}

// expColumnsGo carries a softmax to base 2 over rows more scores of each column j of a
// panel: with top the larger of peak[j] and the largest s[i*Cols+j] it sets
// s[i*Cols+j] to 2^(s[i*Cols+j]-top), weight[j] to weight[j]·f plus their sum and
// sums[i*Cols+j] to sums[i*Cols+j]·f, where f is 2^(peak[j]-top), and peak[j] to top.
func expColumnsGo(s []float32, rows int, peak, weight, sums []float32) {
	const cols = 16
	for j := range cols {
		top := peak[j]
		for i := range rows {
			if x := s[i*cols+j]; x > top {
				top = x
			}
		}
		factor := exp2(peak[j] - top)
		peak[j], weight[j] = top, weight[j]*factor
		for i := range rows {
			x := exp2(s[i*cols+j] - top)
			s[i*cols+j] = x
			weight[j] += x
		}
		for i := j; i < len(sums); i += cols {
			sums[i] *= factor
		}
	}
}

// expMulGo sets p[i] = 2^p[i] and d[i] = d[i]·p[i].
func expMulGo(p, d []float32) {
	for i, x := range p {
		p[i] = exp2(x)
		d[i] *= p[i]
	}
}

// peakSink keeps the compiler from dropping peakGo's arithmetic.
var peakSink float32

// peakGo multiplies and adds registers only, 4·n numbers.
func peakGo(n int) {
	var s0, s1, s2, s3 float32
	x, y := peakSink, peakSink
	for range n {
		s0 += x * y
		s1 += x * y
		s2 += x * y
		s3 += x * y
	}
	peakSink = min(s0+s1+s2+s3, 0)
}

// transposeFloat32Go sets dst[i*ldd+j] = src[j*lds+i] for i < m, j < n.
func transposeFloat32Go(dst []float32, ldd int, src []float32, lds, m, n int) {
	for j := range n {
		for i, x := range src[j*lds:][:m] {
			dst[i*ldd+j] = x
		}
	}
}

// transposeFloat16Go sets dst[i*ldd+j] = src[j*lds+i] for i < m, j < n.
func transposeFloat16Go(dst []float32, ldd int, src []uint16, lds, m, n int) {
	for j := range n {
		for i, x := range src[j*lds:][:m] {
			dst[i*ldd+j] = float16(x)
		}
	}
}

// transposeBFloat16Go sets dst[i*ldd+j] = src[j*lds+i] for i < m, j < n.
func transposeBFloat16Go(dst []float32, ldd int, src []uint16, lds, m, n int) {
	for j := range n {
		for i, x := range src[j*lds:][:m] {
			dst[i*ldd+j] = bfloat16(x)
		}
	}
}

// copyFloat32Go sets dst[i*ldd+j] = src[i*lds+j] for i < m, j < n.
func copyFloat32Go(dst []float32, ldd int, src []float32, lds, m, n int) {
	for i := range m {
		copy(dst[i*ldd:][:n], src[i*lds:][:n])
	}
}

// copyFloat16Go sets dst[i*ldd+j] = src[i*lds+j] for i < m, j < n.
func copyFloat16Go(dst []float32, ldd int, src []uint16, lds, m, n int) {
	for i := range m {
		d := dst[i*ldd:][:n]
		for j, x := range src[i*lds:][:n] {
			d[j] = float16(x)
		}
	}
}

// copyBFloat16Go sets dst[i*ldd+j] = src[i*lds+j] for i < m, j < n.
func copyBFloat16Go(dst []float32, ldd int, src []uint16, lds, m, n int) {
	for i := range m {
		d := dst[i*ldd:][:n]
		for j, x := range src[i*lds:][:n] {
			d[j] = bfloat16(x)
		}
	}
}

func bfloat16(x uint16) float32 { return math.Float32frombits(uint32(x) << 16) }

// float16 moves exponent and fraction into place and multiplies by 2^112, the
// difference of the exponents' biases, which is right for normal and subnormal
// numbers alike.
func float16(x uint16) float32 {
	h := uint32(x)
	bits := math.Float32bits(math.Float32frombits(h&0x7fff<<13) * 0x1p112)
	if h&0x7c00 == 0x7c00 { // infinity or NaN
		bits = 0x7f800000 | h&0x3ff<<13
	}
	return math.Float32frombits(bits | h&0x8000<<16)
}
