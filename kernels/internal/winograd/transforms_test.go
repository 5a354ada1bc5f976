package winograd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/isa"
)

// TestTransforms compares every instruction set with the definition in float64, and sees to it that nothing is written
// beyond the results: these are surrounded by numbers that must stay.
func TestTransforms(t *testing.T) {
	for _, level := range isa.Supported() {
		for _, n := range []int{16, 48} {
			for _, f := range []*transforms{table[level], table[level].half} {
				if f == nil {
					continue
				}
				t.Run(fmt.Sprintf("%v/F(%d)/%d", level, f.side, n), func(t *testing.T) {
					testInput(t, f, n)
					testWeights(t, f, n)
					for options := range 8 {
						testOutput(t, f, f.output, n, n+2, options)
						if f.stream != nil {
							testOutput(t, f, f.stream, n, n+16, options)
							f.fence()
						}
					}
				})
			}
		}
	}
}

// TestStream convolves pictures with tiles across their edges past the caches, and not.
func TestStream(t *testing.T) {
	const h, w, in, out = 21, 26, 16, 64
	c := Conv{B: 2, H: h, W: w, X: random(8, 2*h*w*in), Bias: random(9, out), Residual: random(10, 2*h*w*out),
		Weights: Weights{Src: gemm.Numbers{F32: random(11, out*taps*in)}, Cout: out, Cin: in}}
	run := func(stream int) []float32 {
		defer func(before int) { streamNumbers = before }(streamNumbers)
		streamNumbers = stream
		c.Out = make([]float32, 2*h*w*out+16)
		for !aligned(c.Out) {
			c.Out = c.Out[1:]
		}
		c.Out = c.Out[:2*h*w*out]
		c.Run(func(n int, f func(i int)) {
			for i := range n {
				f(i)
			}
		})
		return c.Out
	}
	if through, past := run(1<<30), run(0); !slices.Equal(through, past) {
		t.Error("what is written past the caches differs")
	}
}

func testInput(t *testing.T, f *transforms, n int) {
	w, m := f.window, matricesOf(f)
	row, pixel, ld := w*(n+1)+5, n+1, n+3
	src, dst := random(1, (w-1)*(row+pixel)+n), random(2, w*w*ld)
	before := append([]float32(nil), dst...)
	f.input(dst, ld, src, row, pixel, n)
	want := func(f, i int) float64 {
		return product(m.bt, f/w, f%w, w, func(y, x int) float64 { return float64(src[y*row+x*pixel+i]) })
	}
	if f.side == 4 {
		expect(t, "input", dst, before, ld, n, w*w, want)
		return
	}
	expectPairs(t, "input", dst, before, ld, n/2, w*w, want, func(i int) (low, high int) { return 2 * i, 2*i + 1 })
}

func testWeights(t *testing.T, f *transforms, n int) {
	w, m := f.window, matricesOf(f)
	if f.side == 2 {
		n *= 4 // rows of panels come in twos
	}
	lds, ldd := n+1, n+3
	src, dst := random(3, taps*lds), random(4, w*w*ldd)
	before := append([]float32(nil), dst...)
	f.weights(dst, ldd, src, lds, n)
	want := func(f, i int) float64 {
		return product(m.g, f/w, f%w, 3, func(y, x int) float64 { return float64(src[(3*y+x)*lds+i]) })
	}
	if f.side == 4 {
		expect(t, "weights", dst, before, ldd, n, w*w, want)
		return
	}
	expectPairs(t, "weights", dst, before, ldd, n/2, w*w, want, func(i int) (low, high int) {
		return i/32*64 + i%32, i/32*64 + 32 + i%32
	})
}

// testOutput has pixels that lie row after row without a gap, so that expect finds them; options say whether there are
// a bias, something to add and limits.
func testOutput(t *testing.T, f *transforms, output outputFunc, n, pixel, options int) {
	w, side, m := f.window, f.side, matricesOf(f)
	lds := n + 1
	src, dst := random(5, w*w*lds), random(6, side*side*pixel+16)
	for !aligned(dst) {
		dst = dst[1:]
	}
	dst = dst[:side*side*pixel]
	sums, before := append([]float32(nil), src...), append([]float32(nil), dst...)
	var bias, add []float32
	if options&1 > 0 {
		bias = random(7, n)
	}
	if options&2 > 0 {
		add = dst // in place
	}
	var limits []float32
	if options&4 > 0 {
		limits = NewLimits(-0.5, 1).numbers()
	}
	output(dst, side*pixel, pixel, src, lds, bias, add, limits, n)
	expect(t, fmt.Sprintf("output with options %d", options), dst, before, pixel, n, side*side, func(p, i int) float64 {
		v := product(m.at, p/side, p%side, w, func(y, x int) float64 { return float64(sums[(w*y+x)*lds+i]) })
		if bias != nil {
			v += float64(bias[i])
		}
		if add != nil {
			v += float64(before[p*pixel+i])
		}
		if limits != nil {
			v = min(max(v, -0.5), 1)
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

// expectPairs does so with pairs, element i made of two numbers.
func expectPairs(t *testing.T, name string, got, before []float32, ld, n, vectors int, want func(vector, i int) float64, numbers func(i int) (low, high int)) {
	t.Helper()
	for at, pair := range got {
		vector, i := at/ld, at%ld
		if vector >= vectors || i >= n {
			if pair != before[at] {
				t.Fatalf("%s: wrote beyond vector %d", name, vector)
			}
			continue
		}
		bits := math.Float32bits(pair)
		low, high := numbers(i)
		for number, x := range map[int]uint32{low: bits << 16, high: bits >> 16 << 16} {
			if got, w := float64(math.Float32frombits(x)), want(vector, number); math.Abs(got-w) > math.Abs(w)/256+1e-6 {
				t.Fatalf("%s: number %d of vector %d is %v, want %v rounded to bfloat16", name, number, vector, got, w)
			}
		}
	}
}

// The matrices, from their definition by the points of interpolation (Lavin and Gray, section 4): a row of at for each
// power, a row of g for each point, divided by the product of its distances from the others, and a row of bt for the
// coefficients of the product of x-q over the other points.
type matrices struct{ at, g, bt [][]float64 }

func matricesOf(f *transforms) matrices {
	if f.side == 2 {
		return newMatrices(0, 1, -1)
	}
	return newMatrices(0, 0.75, -0.75, 1.5, -1.5)
}

func newMatrices(points ...float64) matrices {
	n := len(points)
	m := matrices{make([][]float64, n-1), make([][]float64, n+1), make([][]float64, n+1)}
	for k := range m.at {
		for _, p := range points {
			m.at[k] = append(m.at[k], math.Pow(p, float64(k)))
		}
		m.at[k] = append(m.at[k], 0)
	}
	m.at[n-2][n] = 1
	for i := range n + 1 {
		m.bt[i] = make([]float64, n+1)
		m.bt[i][0] = 1
		scale := 1.0
		for j, q := range points {
			if j != i {
				m.bt[i] = timesRoot(m.bt[i], q)
				if i < n {
					scale *= points[i] - q
				}
			}
		}
		if i < n {
			p := points[i]
			m.g[i] = []float64{1 / scale, p / scale, p * p / scale}
		}
	}
	m.g[n] = []float64{0, 0, 1}
	return m
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
