package winograd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/internal/isa"
)

// TestTransforms compares every instruction set with the definition in float64, and sees to it that nothing is written
// beyond the results: these are surrounded by numbers that must stay.
func TestTransforms(t *testing.T) {
	for _, level := range isa.Supported() {
		for _, n := range []int{16, 48} {
			t.Run(fmt.Sprintf("%v/%d", level, n), func(t *testing.T) {
				testInput(t, table[level], n)
				testWeights(t, table[level], n)
				for options := range 4 {
					testOutput(t, table[level], n, options)
				}
			})
		}
	}
}

func testInput(t *testing.T, f *transforms, n int) {
	row, pixel, ld := 6*(n+1)+5, n+1, n+3
	src, dst := random(1, 5*row+5*pixel+n), random(2, frequencies*ld)
	before := append([]float32(nil), dst...)
	f.input(dst, ld, src, row, pixel, n)
	expect(t, "input", dst, before, ld, n, frequencies, func(f, i int) float64 {
		return product(bt, f/6, f%6, 6, func(y, x int) float64 { return float64(src[y*row+x*pixel+i]) })
	})
}

func testWeights(t *testing.T, f *transforms, n int) {
	lds, ldd := n+1, n+3
	src, dst := random(3, taps*lds), random(4, frequencies*ldd)
	before := append([]float32(nil), dst...)
	f.weights(dst, ldd, src, lds, n)
	expect(t, "weights", dst, before, ldd, n, frequencies, func(f, i int) float64 {
		return product(g, f/6, f%6, 3, func(y, x int) float64 { return float64(src[(3*y+x)*lds+i]) })
	})
}

// testOutput has pixels that lie row after row without a gap, so that expect finds them; options say whether there are
// a bias and something to add.
func testOutput(t *testing.T, f *transforms, n, options int) {
	lds, pixel := n+1, n+2
	src, dst := random(5, frequencies*lds), random(6, 16*pixel)
	sums, before := append([]float32(nil), src...), append([]float32(nil), dst...)
	var bias, add []float32
	if options&1 > 0 {
		bias = random(7, n)
	}
	if options&2 > 0 {
		add = dst // in place
	}
	f.output(dst, 4*pixel, pixel, src, lds, bias, add, n)
	expect(t, fmt.Sprintf("output with options %d", options), dst, before, pixel, n, 16, func(p, i int) float64 {
		v := product(at, p/4, p%4, 6, func(y, x int) float64 { return float64(sums[(6*y+x)*lds+i]) })
		if bias != nil {
			v += float64(bias[i])
		}
		if add != nil {
			v += float64(before[p*pixel+i])
		}
		return v
	})
}

// expect compares vectors of n numbers that begin ld apart with what they should be, and what lies between them with
// what it was.
func expect(t *testing.T, name string, got, before []float32, ld, n, vectors int, want func(vector, i int) float64) {
	t.Helper()
	for at, x := range got {
		vector, i := at/ld, at%ld
		if vector >= vectors || i >= n {
			if x != before[at] {
				t.Fatalf("%s: wrote beyond vector %d", name, vector)
			}
			continue
		}
		if w := want(vector, i); !(math.Abs(float64(x)-w) < 1e-4) {
			t.Fatalf("%s: element %d of vector %d is %v, want %v", name, i, vector, x, w)
		}
	}
}

// The matrices, from their definition by the points of interpolation (Lavin and Gray, section 4): a row of at for each
// power, a row of g for each point, divided by the product of its distances from the others, and a row of bt for the
// coefficients of the product of x-q over the other points.
var (
	points    = []float64{0, 0.75, -0.75, 1.5, -1.5}
	at, g, bt = matrices()
)

func matrices() (at, g, bt [][]float64) {
	at, g, bt = make([][]float64, 4), make([][]float64, 6), make([][]float64, 6)
	for k := range at {
		for _, p := range points {
			at[k] = append(at[k], math.Pow(p, float64(k)))
		}
		at[k] = append(at[k], 0)
	}
	at[3][5] = 1
	for i, p := range points {
		scale := 1.0
		bt[i] = []float64{1, 0, 0, 0, 0, 0}
		for j, q := range points {
			if j != i {
				scale *= p - q
				bt[i] = timesRoot(bt[i], q)
			}
		}
		g[i] = []float64{1 / scale, p / scale, p * p / scale}
	}
	g[5], bt[5] = []float64{0, 0, 1}, []float64{1, 0, 0, 0, 0, 0}
	for _, q := range points {
		bt[5] = timesRoot(bt[5], q)
	}
	return at, g, bt
}

// timesRoot is the coefficients of a polynomial times x-q.
func timesRoot(c []float64, q float64) []float64 {
	out := make([]float64, len(c))
	for i, v := range c {
		out[i] -= q * v
		if i+1 < len(c) {
			out[i+1] += v
		}
	}
	return out
}

// product is element (y, x) of m·d·mᵀ, d having n rows and columns.
func product(m [][]float64, y, x, n int, d func(y, x int) float64) float64 {
	sum := 0.0
	for i := range n {
		for j := range n {
			sum += m[y][i] * d(i, j) * m[x][j]
		}
	}
	return sum
}

func random(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}
