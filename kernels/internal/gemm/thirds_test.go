package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/internal/amxtest"
)

// halves are normal numbers in half precision, and their values.
func halves(r *rand.Rand, f Format, n int) (Numbers, []float32) {
	numbers, values := make([]uint16, n), make([]float32, n)
	for i := range numbers {
		// 2⁻¹⁴ to 2⁴ in float16, with all bits of the fraction.
		numbers[i] = uint16(r.UintN(2))<<15 | uint16(1+r.UintN(18))<<10 | uint16(r.UintN(1<<10))
		values[i] = float16(numbers[i])
		if f == BFloat16 {
			numbers[i] = uint16(math.Float32bits(values[i]) >> 16)
			values[i] = bfloat16(numbers[i])
		}
	}
	return Numbers{Format: f, U16: numbers}, values
}

// TestThirds multiplies float32 numbers in parts, and finds the errors no larger than those of sums in float32.
func TestThirds(t *testing.T) {
	amxtest.Run(t, func(t *testing.T) {
		for _, f := range []Format{Float16, BFloat16} {
			for _, s := range [][3]int{{24, 32, 32}, {33, 64, 96}, {77, 32, 320}, {40, 96, 288}, {64, 32, 800}} {
				testThirds(t, f, s[0], s[1], s[2], true)
				testThirds(t, f, s[0], s[1], s[2], false)
			}
		}
	})
}

func testThirds(t *testing.T, f Format, m, n, k int, transposed bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(m), uint64(k)))
	weights, values := halves(r, f, n*k)
	right, at := Right(Straight{weights, n}), func(i, j int) float32 { return values[i*n+j] }
	if transposed {
		right, at = Transposed{weights, k}, func(i, j int) float32 { return values[j*k+i] }
	}
	x, bias, residual, out := newRandom(r, m*k).x, newRandom(r, n).x, newRandom(r, m*n).x, newGuarded(m*n)
	q := Product{
		M: m, N: n, K: k, Left: Rows{Data: x, Stride: k, Scale: 1}, Right: right,
		Out: out.x, Stride: n, Bias: bias, Residual: residual,
	}
	name := fmt.Sprintf("%d×%d×%d, format %d, transposed %v", m, n, k, f, transposed)
	if p := Current(); p.Thirds[f] == nil || q.primitives(p) != p.Thirds[f] {
		t.Fatalf("%s is not multiplied in parts", name)
	}
	Run(2, inOrder, q)
	var square, squareSingle float64
	for i := range m {
		for j := range n {
			want := float64(bias[j]) + float64(residual[i*n+j])
			scale, single := math.Abs(want), residual[i*n+j]
			for d := range k {
				a, b := x[i*k+d], at(d, j)
				want += float64(a) * float64(b)
				scale += math.Abs(float64(a) * float64(b))
				single = float32(math.FMA(float64(a), float64(b), float64(single)))
			}
			off, offSingle := float64(out.x[i*n+j])-want, float64(single+bias[j])-want
			if !(math.Abs(off) <= 8*0x1p-24*scale) {
				t.Fatalf("%s: (%d, %d) is %v, want %v", name, i, j, out.x[i*n+j], want)
			}
			square, squareSingle = square+off*off, squareSingle+offSingle*offSingle
		}
	}
	if square > squareSingle {
		t.Errorf("%s: the RMS of errors is %.2g, that of sums one after the other %.2g", name, math.Sqrt(square/float64(m*n)), math.Sqrt(squareSingle/float64(m*n)))
	}
	t.Logf("%s: errors %.2f times those of sums one after the other", name, math.Sqrt(square/squareSingle))
	for i, x := range out.all {
		if at := i - (len(out.all)-len(out.x))/2; (at < 0 || at >= len(out.x)) && !isGuard(x) {
			t.Fatalf("%s: wrote outside the result at %d", name, at)
		}
	}
}

// inOrder is a pool of one worker.
func inOrder(n int, f func(i int)) {
	for i := range n {
		f(i)
	}
}

// TestThirdsUnsuited: products with remainders, of few rows, or of pixels with a remainder are of single numbers.
func TestThirdsUnsuited(t *testing.T) {
	thirds := &Primitives{}
	p := &Primitives{Thirds: [formats]*Primitives{Float16: thirds}}
	weights, rows := Transposed{Numbers{Format: Float16}, 64}, Rows{Scale: 1}
	for _, c := range []struct {
		name string
		q    Product
		want *Primitives
	}{
		{"suited", Product{M: 64, N: 64, K: 64, Left: rows, Right: weights}, thirds},
		{"weights in float32", Product{M: 64, N: 64, K: 64, Left: rows, Right: Transposed{}}, nil},
		{"few rows", Product{M: 4, N: 64, K: 64, Left: rows, Right: weights}, nil},
		{"columns", Product{M: 64, N: 40, K: 64, Left: rows, Right: weights}, nil},
		{"depth", Product{M: 64, N: 64, K: 48, Left: rows, Right: weights}, nil},
		{"scaled rows", Product{M: 64, N: 64, K: 64, Left: Rows{Scale: 2}, Right: weights}, nil},
		{"windows", Product{M: 64, N: 64, K: 288, Left: Windows{C: 32}, Right: weights}, thirds},
		{"windows of 8 channels", Product{M: 64, N: 64, K: 64, Left: Windows{C: 8}, Right: weights}, nil},
		{"taps of 8 channels", Product{M: 64, N: 64, K: 64, Left: Windows{C: 32}, Right: Taps{Src: weights.Src, Cout: 8}}, nil},
	} {
		if got := c.q.thirds(p); got != c.want {
			t.Errorf("%s: in parts is %v, want %v", c.name, got != nil, c.want != nil)
		}
	}
}
