package images

import (
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// rectangle solves Poisson's equation on a rectangle of lines × n numbers that has 0 around it.
//
// Along the lines the numbers are sums of sines, each of which has a tridiagonal system across the lines. The sums are
// products with a matrix: for boxes of a photograph processors do these faster than a fast transform, and prime lengths
// as fast as others. Sines are even or odd about a line's middle, which halves the matrices.
type rectangle struct {
	sines   sines
	lines   int
	factors []float64 // of the elimination, for each line and frequency
	folded  []float32
}

func newRectangle(lines, n int) *rectangle {
	s := newSines(n)
	return &rectangle{sines: s, lines: lines, factors: s.factors(lines)}
}

// solve has each f, of lines × n numbers, become u with u[y, x+1] + u[y, x-1] + u[y+1, x] + u[y-1, x] - 4·u[y, x] =
// f[y, x].
func (r *rectangle) solve(f []float32) {
	if len(r.folded) != len(f) {
		r.folded = make([]float32, len(f))
	}
	s, size := r.sines, len(r.factors)
	s.fold(r.folded, f)
	s.multiply(f, r.folded, false)
	kernels.Parallel(len(f)/size, func(i int) { s.eliminate(f[i*size:][:size], r.factors) })
	s.multiply(r.folded, f, true)
	s.unfold(f, r.folded)
}

// sines transforms lines of n numbers at places 1 … n to n frequencies: the odd ones first, 1, 3, 5 …, then the even ones.
type sines struct {
	n, odds   int       // odds: how many frequencies are odd, and places up to the middle
	odd, even []float32 // [place, frequency]
}

func newSines(n int) sines {
	s := sines{n: n, odds: (n + 1) / 2}
	period := 2 * (n + 1)
	table := make([]float32, period)
	for i := range table {
		table[i] = float32(math.Sin(2 * math.Pi * float64(i) / float64(period)))
	}
	matrix := func(size, first int) []float32 {
		m := make([]float32, size*size)
		for place := range size {
			angle, step := (place+1)*first%period, 2*(place+1)%period
			row := m[place*size:][:size]
			for j := range row {
				row[j] = table[angle]
				if angle += step; angle >= period {
					angle -= period
				}
			}
		}
		return m
	}
	s.odd, s.even = matrix(s.odds, 1), matrix(n-s.odds, 2)
	return s
}

// frequency is the one at a place of a transformed line.
func (s sines) frequency(j int) int {
	if j < s.odds {
		return 2*j + 1
	}
	return 2 * (j - s.odds + 1)
}

// eachLine calls f for each line of two slices.
func (s sines) eachLine(a, b []float32, f func(a, b []float32)) {
	kernels.Range(len(a)/s.n, max(1, 1<<13/s.n), func(lo, hi int) {
		for i := lo * s.n; i < hi*s.n; i += s.n {
			f(a[i:][:s.n], b[i:][:s.n])
		}
	})
}

// fold adds the second half of each line, mirrored, to the first and subtracts it from it: sums, then differences.
func (s sines) fold(out, in []float32) {
	s.eachLine(out, in, func(out, in []float32) {
		out[s.odds-1] = in[s.odds-1] // the middle, where there is one
		for i := range s.n - s.odds {
			a, b := in[i], in[s.n-1-i]
			out[i], out[s.odds+i] = a+b, a-b
		}
	})
}

// unfold is the way back, but for a factor of two outside the middle.
func (s sines) unfold(out, in []float32) {
	s.eachLine(out, in, func(out, in []float32) {
		out[s.odds-1] = in[s.odds-1]
		for i := range s.n - s.odds {
			a, b := in[i], in[s.odds+i]
			out[i], out[s.n-1-i] = a+b, a-b
		}
	})
}

// multiply transforms folded lines, or transforms frequencies back.
func (s sines) multiply(out, in []float32, back bool) {
	rows, scale := len(in)/s.n, float32(1)
	if back {
		scale = 2 / float32(s.n+1)
	}
	part := func(from, size int, matrix []float32) {
		if size == 0 {
			return
		}
		kernels.BatchMatMul(1, func(int) (o, a, b kernels.Matrix) {
			return kernels.Matrix{Data: out[from:], Stride: s.n}, kernels.Matrix{Data: in[from:], Stride: s.n},
				kernels.Matrix{Data: matrix, Stride: size, Trans: back}
		}, rows, size, size, scale)
	}
	part(0, s.odds, s.odd)
	part(s.odds, s.n-s.odds, s.even)
}

// factors are those of the elimination of each frequency's tridiagonal system across the lines, (4 - 2cos θ)·u[y] -
// u[y-1] - u[y+1] = -f[y].
func (s sines) factors(lines int) []float64 {
	diagonal, last := make([]float64, s.n), make([]float64, s.n)
	for j := range diagonal {
		diagonal[j] = 4 - 2*math.Cos(math.Pi*float64(s.frequency(j))/float64(s.n+1))
	}
	all := make([]float64, lines*s.n)
	for y := range lines {
		row := all[y*s.n:][:s.n]
		for j, d := range diagonal {
			row[j] = 1 / (d - last[j])
		}
		last = row
	}
	return all
}

// eliminate solves the systems, line by line for all frequencies at once. What is carried from line to line is in double
// precision: errors would add up.
func (s sines) eliminate(f []float32, factors []float64) {
	carry := make([]float64, s.n)
	for at := 0; at < len(f); at += s.n {
		row, factor := f[at:][:s.n], factors[at:][:s.n]
		for j, v := range row {
			carry[j] = (carry[j] - float64(v)) * factor[j]
			row[j] = float32(carry[j])
		}
	}
	clear(carry)
	for at := len(f) - s.n; at >= 0; at -= s.n {
		row, factor := f[at:][:s.n], factors[at:][:s.n]
		for j, v := range row {
			carry[j] = float64(v) + factor[j]*carry[j]
			row[j] = float32(carry[j])
		}
	}
}
