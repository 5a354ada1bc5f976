package gemm

import "math"

// pureGo is the portable implementation. Its tile is small because Go keeps
// only a few accumulators in registers.
var pureGo = Primitives{
	Rows: 4, Cols: 8,
	Tile: tileGo, HalfTile: halfTileGo, Peak: peakGo, PeakFlops: 8,
	TransposeFloat32: transposeFloat32Go, TransposeFloat16: transposeFloat16Go, TransposeBFloat16: transposeBFloat16Go,
	CopyFloat32: copyFloat32Go, CopyFloat16: copyFloat16Go, CopyBFloat16: copyBFloat16Go,
}

func tileGo(c []float32, ldc int, a []float32, lda int, panel []float32, k int, add []float32, ldadd int, bias []float32, rows int) {
	tileColumnsGo(8, c, ldc, a, lda, panel, k, add, ldadd, bias, rows)
}

func halfTileGo(c []float32, ldc int, a []float32, lda int, panel []float32, k int, add []float32, ldadd int, bias []float32, rows int) {
	tileColumnsGo(4, c, ldc, a, lda, panel, k, add, ldadd, bias, rows)
}

// tileColumnsGo is Tile for the first cols columns of a panel, cols a multiple
// of 4. It takes one row and four columns at a time.
func tileColumnsGo(cols int, c []float32, ldc int, a []float32, lda int, panel []float32, k int, add []float32, ldadd int, bias []float32, rows int) {
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
		panel = panel[8:]
	}
	x := row[len(row)-1] // the panel may end with this row
	return s0 + x*panel[0], s1 + x*panel[1], s2 + x*panel[2], s3 + x*panel[3]
}

// peakSink keeps the compiler from dropping peakGo's arithmetic.
var peakSink float32

// peakGo multiplies and adds four numbers n times.
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

func transposeFloat32Go(dst []float32, ldd int, src []float32, lds, m, n int) {
	for j := range n {
		for i, x := range src[j*lds:][:m] {
			dst[i*ldd+j] = x
		}
	}
}

func transposeFloat16Go(dst []float32, ldd int, src []uint16, lds, m, n int) {
	for j := range n {
		for i, x := range src[j*lds:][:m] {
			dst[i*ldd+j] = float16(x)
		}
	}
}

func transposeBFloat16Go(dst []float32, ldd int, src []uint16, lds, m, n int) {
	for j := range n {
		for i, x := range src[j*lds:][:m] {
			dst[i*ldd+j] = bfloat16(x)
		}
	}
}

func copyFloat32Go(dst []float32, ldd int, src []float32, lds, m, n int) {
	for i := range m {
		copy(dst[i*ldd:][:n], src[i*lds:][:n])
	}
}

func copyFloat16Go(dst []float32, ldd int, src []uint16, lds, m, n int) {
	for i := range m {
		d := dst[i*ldd:][:n]
		for j, x := range src[i*lds:][:n] {
			d[j] = float16(x)
		}
	}
}

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
