package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/internal/amxtest"
	"github.com/sdgraph/sdgraph/kernels/internal/isa"
)

// eachHalf runs f with the primitives of pairs of every instruction set there is
// here, or skips the test.
func eachHalf(t *testing.T, f func(t *testing.T, p *Primitives)) {
	some := false
	for _, l := range isa.Supported() {
		if p := table[l].Half; p != nil {
			some = true
			t.Run(l.String(), func(t *testing.T) { f(t, p) })
		}
	}
	if !some {
		t.Skip("this processor or build cannot multiply bfloat16 numbers")
	}
}

// isPair reports whether x holds two numbers, rounded, where subnormal ones may be zero.
func isPair(x, low, high float32) bool {
	bits := math.Float32bits(x)
	return isRounded(bits<<16, low) && isRounded(bits&0xffff0000, high)
}

func isRounded(bits uint32, x float32) bool {
	if math.Abs(float64(x)) < 0x1p-126 && bits&0x7fffffff == 0 {
		return true
	}
	return same(math.Float32frombits(bits), math.Float32frombits(roundBFloat16(x)<<16))
}

func TestRoundBFloat16(t *testing.T) {
	for _, c := range []struct {
		x    float32
		want uint32
	}{
		{1, 0x3f80}, {-2, 0xc000}, {1 + 0x1p-8, 0x3f80}, {1 + 0x1p-8 + 0x1p-20, 0x3f81}, {1 + 3*0x1p-8, 0x3f82},
		{math.MaxFloat32, 0x7f80}, {float32(math.Inf(-1)), 0xff80},
	} {
		if got := roundBFloat16(c.x); got != c.want {
			t.Errorf("%v rounds to %#x, want %#x", c.x, got, c.want)
		}
	}
	if x := math.Float32frombits(roundBFloat16(float32(math.NaN())) << 16); x == x {
		t.Errorf("a NaN became %v", x)
	}
}

func TestPairs(t *testing.T) { eachHalf(t, testAllPairs) }

func testAllPairs(t *testing.T, p *Primitives) {
	lengths := []int{1, 2, 7, 15, 16, 17, 20, 31, 32, 33, 48, 260}
	for _, m := range lengths {
		for _, n := range lengths {
			for _, f := range []Format{Float32, Float16, BFloat16} {
				name := fmt.Sprintf("format %d, %d×%d", f, m, n)
				testPairs(t, name+" transposed", p.transpose, f, m, n, n, 2*m, func(lds, i, j int) (int, int) {
					return j*lds + 2*i, j*lds + 2*i + 1
				})
				testPairs(t, name+" interleaved", p.copy, f, m, n, 2*m, n, func(lds, i, j int) (int, int) {
					return 2*i*lds + j, (2*i+1)*lds + j
				})
			}
			lines := func(dst []float32, ldd int, src Numbers, lds, m, n int) { p.Lines(dst, ldd, src.F32, lds, m, n) }
			testPairs(t, fmt.Sprintf("lines %d×%d", m, n), lines, Float32, m, n, m, 2*n, func(lds, i, j int) (int, int) {
				return i*lds + 2*j, i*lds + 2*j + 1
			})
		}
	}
}

// testPairs compares m×n pairs, made of a source of high×wide numbers, with those at the places that from gives.
func testPairs(t *testing.T, name string, move func(dst []float32, ldd int, src Numbers, lds, m, n int), f Format,
	m, n, high, wide int, from func(lds, i, j int) (low, high int)) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(m), uint64(n)))
	lds, ldd := wide+r.IntN(3), n+r.IntN(3)
	src, values := moved(r, f, (high-1)*lds+wide, r.IntN(4))
	dst := newGuarded((m-1)*ldd + n)
	move(dst.x, ldd, src, lds, m, n)
	for i, got := range dst.all {
		at := i - (len(dst.all)-len(dst.x))/2
		if at < 0 || at >= len(dst.x) || at%ldd >= n {
			if !isGuard(got) {
				t.Fatalf("%s: wrote outside the matrix at %d", name, at)
			}
			continue
		}
		if low, high := from(lds, at/ldd, at%ldd); !isPair(got, values[low], values[high]) {
			t.Fatalf("%s: (%d, %d) is %#x, want %v and %v", name, at/ldd, at%ldd, math.Float32bits(got), values[low], values[high])
		}
	}
}

// TestLinesInPlace rounds a row over itself.
func TestLinesInPlace(t *testing.T) { eachHalf(t, testLinesInPlace) }

func testLinesInPlace(t *testing.T, p *Primitives) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{1, 16, 20, 100} {
		x := newRandom(r, 2*n).x
		before := append([]float32(nil), x...)
		p.Lines(x, 0, x, 0, 1, n)
		for i := range n {
			if !isPair(x[i], before[2*i], before[2*i+1]) {
				t.Fatalf("pair %d of %d is wrong", i, n)
			}
		}
	}
}

// TestTilePairs multiplies pairs made of numbers, and compares with the product of the rounded numbers.
func TestTilePairs(t *testing.T) { eachHalf(t, testTilePairs) }

// TestTileAMX does the same on AMX, be it emulated.
func TestTileAMX(t *testing.T) {
	amxtest.Run(t, func(t *testing.T) {
		testTilePairs(t, Current().Half)
		testBatch(t, Current().Half)
		Current().Half.Peak(3)
	})
}

func testTilePairs(t *testing.T, p *Primitives) { testTiles(t, p, []int{0, 1, 3, 4, 9, 16, 40}) }

func rounded(x float32) float32 { return math.Float32frombits(roundBFloat16(x) << 16) }

// TestExpPairs: powers are good to bfloat16, and those of ExpColumns come as pairs.
func TestExpPairs(t *testing.T) { eachHalf(t, testExpPairs) }

func testExpPairs(t *testing.T, p *Primitives) {
	for _, rows := range []int{2, 4, 78} {
		testExpColumns(t, p, rows, 3, expBounds{2e-4, 2e-4, func(s []float32, i, j int, x float32) bool {
			got := math.Float32frombits(math.Float32bits(s[i/2*p.Cols+j]) >> (i % 2 * 16) << 16)
			want := math.Exp2(float64(x))
			return math.Abs(float64(got)-want) <= want/200 || got == 0 && x < -125
		}})
	}
	r := rand.New(rand.NewPCG(5, 6))
	x, d := newRandom(r, 64), newRandom(r, 64)
	before, factors := append([]float32(nil), x.x...), append([]float32(nil), d.x...)
	p.ExpMul(x.x, d.x)
	for i, got := range x.x {
		if want := math.Exp2(float64(before[i])); math.Abs(float64(got)-want) > 2e-4*want || d.x[i] != factors[i]*got {
			t.Errorf("2^%v is %v, its product with %v is %v", before[i], got, factors[i], d.x[i])
		}
	}
}
