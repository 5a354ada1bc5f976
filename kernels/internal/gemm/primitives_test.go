package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/sdgraph/sdgraph/kernels/internal/isa"
)

// eachLevel runs f with the primitives of every instruction set there is here.
func eachLevel(t *testing.T, f func(t *testing.T, p *Primitives)) {
	for _, l := range isa.Supported() {
		t.Run(l.String(), func(t *testing.T) { f(t, table[l]) })
	}
}

var guard = math.Float32frombits(0x7fc0beef) // a NaN, so that reading it shows as well

// guarded is n guard words between guard words; the slice starts at an odd
// multiple of four bytes.
type guarded struct{ all, x []float32 }

func newGuarded(n int) guarded {
	const around = 33
	g := guarded{all: make([]float32, n+2*around)}
	for i := range g.all {
		g.all[i] = guard
	}
	g.x = g.all[around:][:n]
	return g
}

func newRandom(r *rand.Rand, n int) guarded {
	g := newGuarded(n)
	for i := range g.x {
		g.x[i] = float32(r.NormFloat64())
	}
	return g
}

func isGuard(x float32) bool { return math.Float32bits(x) == math.Float32bits(guard) }

func TestTile(t *testing.T) {
	eachLevel(t, func(t *testing.T, p *Primitives) { testTiles(t, p, []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 40, 77}) })
}

// testTiles compares tiles of every shape, over so many elements, with the products of the numbers in them.
func testTiles(t *testing.T, p *Primitives, lengths []int) {
	for rows := 1; rows <= p.Rows; rows++ {
		for _, k := range lengths {
			for options := range 8 {
				for w, tile := range p.Tiles {
					testTile(t, p, tile, p.Cols>>w, rows, k, 1, options)
				}
				if k > 0 {
					testTile(t, p, p.Tiles[0], p.Cols, rows, k, 3, options)
				}
			}
		}
	}
}

func testTile(t *testing.T, p *Primitives, tile Tile, cols, rows, k, panels, options int) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(rows), uint64(k)))
	cols *= panels
	lda, ldc, ldadd := k+r.IntN(5), cols+r.IntN(5), cols+r.IntN(5)
	depth := p.Depth * k
	a, b := newRandom(r, rows*depth).x, newRandom(r, panels*depth*p.Cols).x
	left, panel := newGuarded(max((rows-1)*lda+k, 0)).x, newGuarded(panels*k*p.Cols).x
	if k > 0 {
		p.Lines(left, lda, a, depth, rows, k)
		p.CopyFloat32(panel, p.Cols, b, p.Cols, panels*k, p.Cols)
	}
	c := newGuarded((rows-1)*ldc + cols)
	var add, bias []float32
	if options&1 > 0 {
		add = newRandom(r, (rows-1)*ldadd+cols).x
	}
	if options&2 > 0 {
		bias = newRandom(r, cols).x
	}
	var limits []float32
	if options&4 > 0 {
		limits = []float32{-0.5, 1.5}
	}
	tile(c.x, ldc, left, lda, panel, k, add, ldadd, bias, rows, panels, limits)
	value := float32Itself
	if p.Depth > 1 {
		value = rounded
	}
	for i, got := range c.all {
		at := i - (len(c.all)-len(c.x))/2
		row, col := at/ldc, at%ldc
		if at < 0 || at >= len(c.x) || col >= cols {
			if !isGuard(got) {
				t.Fatalf("rows %d, k %d, %d panels: wrote outside the tile at %d", rows, k, panels, at)
			}
			continue
		}
		var want, scale float64
		sum := func(x float64) { want += x; scale += math.Abs(x) }
		for i := range depth {
			sum(float64(value(a[row*depth+i])) * float64(value(b[(col/p.Cols*depth+i)*p.Cols+col%p.Cols])))
		}
		if add != nil {
			sum(float64(add[row*ldadd+col]))
		}
		if bias != nil {
			sum(float64(bias[col]))
		}
		if limits != nil && p.Unit == 1 {
			want = min(max(want, -0.5), 1.5)
		}
		if !(math.Abs(float64(got)-want) <= 8*0x1p-24*scale) {
			t.Fatalf("rows %d, k %d, %d panels, options %d: (%d, %d) is %v, want %v", rows, k, panels, options, row, col, got, want)
		}
	}
}

// moved is a source of numbers in one format at a given misalignment, and
// their values.
func moved(r *rand.Rand, f Format, n, misalign int) (Numbers, []float32) {
	values := make([]float32, n)
	if f == Float32 {
		bytes := make([]byte, 4*n+8)
		x := unsafe.Slice((*float32)(unsafe.Pointer(&bytes[misalign])), n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
			values[i] = x[i]
		}
		return Numbers{Format: f, F32: x}, values
	}
	bytes := make([]byte, 2*n+8)
	x := unsafe.Slice((*uint16)(unsafe.Pointer(&bytes[misalign])), n)
	for i := range x {
		x[i] = uint16(r.UintN(1 << 16))
		if values[i] = bfloat16(x[i]); f == Float16 {
			values[i] = float16(x[i])
		}
	}
	return Numbers{Format: f, U16: x}, values
}

// same compares numbers bit by bit, except that one NaN is like another.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func TestTransposeAndCopy(t *testing.T) {
	lengths := []int{1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48}
	eachLevel(t, func(t *testing.T, p *Primitives) {
		for _, f := range []Format{Float32, Float16, BFloat16} {
			for _, m := range lengths {
				for _, n := range lengths {
					name := fmt.Sprintf("format %d, %d×%d", f, m, n)
					testMove(t, name+" transposed", p.transpose, f, m, n, true)
					testMove(t, name, p.copy, f, m, n, false)
				}
			}
		}
	})
}

func testMove(t *testing.T, name string, move func(dst []float32, ldd int, src Numbers, lds, m, n int), f Format, m, n int, trans bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(m), uint64(n)))
	high, wide := m, n // of src
	if trans {
		high, wide = n, m
	}
	lds, ldd := wide+r.IntN(3), n+r.IntN(3)
	src, values := moved(r, f, (high-1)*lds+wide, r.IntN(4))
	dst := newGuarded((m-1)*ldd + n)
	move(dst.x, ldd, src, lds, m, n)
	for i, got := range dst.all {
		at := i - (len(dst.all)-len(dst.x))/2
		row, col := at/ldd, at%ldd
		if at < 0 || at >= len(dst.x) || col >= n {
			if !isGuard(got) {
				t.Fatalf("%s: wrote outside the matrix at %d", name, at)
			}
			continue
		}
		from := row*lds + col
		if trans {
			from = col*lds + row
		}
		if want := values[from]; !same(got, want) {
			t.Fatalf("%s: (%d, %d) is %v, want %v", name, row, col, got, want)
		}
	}
}

// exp2Error is the error of got as 2^x in units of the last place; from 2^-125
// down got may be zero.
func exp2Error(got, x float32) float64 {
	want := math.Exp2(float64(x))
	if got == 0 && x < -125 {
		return 0
	}
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, e-24)
}

func TestExpMul(t *testing.T) {
	eachLevel(t, func(t *testing.T, p *Primitives) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range []int{16, 32, 48, 4096} {
			x, d := newGuarded(n), newRandom(r, n)
			for i := range x.x {
				x.x[i] = float32(r.Float64()*140 - 130)
			}
			copy(x.x, []float32{0, 1, -1, -0.5, 0.5, -125, -126, float32(math.Inf(-1)), -1e30, float32(math.NaN())})
			before, factor := append([]float32(nil), x.x...), append([]float32(nil), d.x...)
			p.ExpMul(x.x, d.x)
			for i, got := range x.x {
				switch {
				case before[i] != before[i]:
					if got == got {
						t.Errorf("2^NaN is %v", got)
					}
				case exp2Error(got, before[i]) > 2:
					t.Errorf("2^%v is %v, off by %.1f ulp", before[i], got, exp2Error(got, before[i]))
				case d.x[i] != factor[i]*got:
					t.Errorf("product %d is %v, want %v", i, d.x[i], factor[i]*got)
				}
			}
			for _, g := range []guarded{x, d} {
				around := (len(g.all) - len(g.x)) / 2
				if !isGuard(g.all[around-1]) || !isGuard(g.all[around+n]) {
					t.Fatal("wrote outside")
				}
			}
		}
	})
}

// TestExpColumns carries columns of scores through ExpColumns in pieces and compares
// with the softmax of the whole.
func TestExpColumns(t *testing.T) {
	eachLevel(t, func(t *testing.T, p *Primitives) {
		for _, rows := range []int{1, 2, 3, 8, 77} {
			for _, results := range []int{0, 1, 5} {
				testExpColumns(t, p, rows, results, expBounds{1e-5, 1e-6, func(s []float32, i, j int, x float32) bool {
					return exp2Error(s[i*p.Cols+j], x) <= 2
				}})
			}
		}
	})
}

// expBounds is how exact powers, their sums and factors are to be; power tells
// whether power i of column j is that of x.
type expBounds struct {
	weight, factor float64
	power          func(s []float32, i, j int, x float32) bool
}

func testExpColumns(t *testing.T, p *Primitives, rows, results int, within expBounds) {
	t.Helper()
	const pieces = 3
	r := rand.New(rand.NewPCG(3, uint64(rows)))
	peak, weight := newGuarded(p.Cols), newGuarded(p.Cols)
	sums := newRandom(r, results*p.Cols)
	want := make([]float64, len(sums.x))
	for i, x := range sums.x {
		want[i] = float64(x)
	}
	total, top := make([]float64, p.Cols), make([]float64, p.Cols)
	for j := range p.Cols {
		peak.x[j], weight.x[j], top[j], total[j] = -3, 2, -3, 2
		if j%2 > 0 { // as a softmax begins
			peak.x[j], weight.x[j], top[j], total[j] = float32(math.Inf(-1)), 0, math.Inf(-1), 0
		}
	}
	for piece := range pieces {
		s := newGuarded(rows * p.Cols)
		for i := range s.x {
			s.x[i] = float32(r.NormFloat64()*20 + 10*float64(piece*(i%5-2)))
		}
		s.x[len(s.x)/2] = float32(math.Inf(-1))
		raw := append([]float32(nil), s.x...)
		p.ExpColumns(s.x, rows, peak.x, weight.x, sums.x)
		for j := range p.Cols {
			next := top[j]
			for i := range rows {
				next = max(next, float64(raw[i*p.Cols+j]))
			}
			factor := math.Exp2(float64(float32(top[j]) - float32(next)))
			top[j] = next
			total[j] *= factor
			for i := range rows {
				x := raw[i*p.Cols+j] - float32(next)
				total[j] += math.Exp2(float64(x))
				if !within.power(s.x, i, j, x) {
					t.Fatalf("%d rows: power %d of column %d is not 2^%v", rows, i, j, x)
				}
			}
			if float64(peak.x[j]) != next || math.Abs(float64(weight.x[j])-total[j]) > within.weight*total[j] {
				t.Fatalf("%d rows: peak and weight %v and %v, want %v and %v", rows, peak.x[j], weight.x[j], next, total[j])
			}
			for i := j; i < len(want); i += p.Cols {
				if want[i] *= factor; math.Abs(float64(sums.x[i])-want[i]) > within.factor*math.Abs(want[i])+1e-37 {
					t.Fatalf("%d rows: sum %d is %v, want %v", rows, i, sums.x[i], want[i])
				}
				want[i] = float64(sums.x[i])
			}
		}
		for _, g := range []guarded{s, peak, weight, sums} {
			around := (len(g.all) - len(g.x)) / 2
			if !isGuard(g.all[around-1]) || !isGuard(g.all[around+len(g.x)]) {
				t.Fatal("wrote outside")
			}
		}
	}
}

func TestFloat16(t *testing.T) {
	for _, c := range []struct {
		bits uint16
		want float64
	}{
		{0x3c00, 1}, {0xc000, -2}, {0x7bff, 65504}, {0x0001, 0x1p-24}, {0x03ff, 1023 * 0x1p-24},
		{0x0400, 0x1p-14}, {0x7c00, math.Inf(1)}, {0xfc00, math.Inf(-1)}, {0x3555, 1365.0 / 4096},
	} {
		if got := float16(c.bits); float64(got) != c.want {
			t.Errorf("%#04x is %v, want %v", c.bits, got, c.want)
		}
	}
	if got := float16(0x7e01); got == got {
		t.Errorf("a NaN became %v", got)
	}
}

func TestSplitEvenly(t *testing.T) {
	for n := range 100 {
		for _, limit := range []int{1, 5, 8, 40} {
			for _, unit := range []int{1, 4, 8} {
				s := SplitEvenly(n, limit, unit)
				next := 0
				for i := range s.Count {
					lo, hi := s.At(i)
					if lo != next || hi <= lo && n > 0 || hi-lo > max(limit, unit) || hi < n && hi%unit != 0 {
						t.Fatalf("SplitEvenly(%d, %d, %d): part %d is [%d, %d)", n, limit, unit, i, lo, hi)
					}
					next = hi
				}
				if next != n {
					t.Fatalf("SplitEvenly(%d, %d, %d) ends at %d", n, limit, unit, next)
				}
			}
		}
	}
}

// TestSizes checks what the block sizes assume of every instruction set.
func TestSizes(t *testing.T) {
	sizes := func(t *testing.T, p *Primitives) {
		p.Peak(3)
		if p.PeakFlops < 2 || p.Rows > maxRows || p.Cols > maxCols || maxWidth%p.Cols != 0 {
			t.Errorf("sizes %d×%d, %d operations", p.Rows, p.Cols, p.PeakFlops)
		}
	}
	eachLevel(t, sizes)
	eachHalf(t, sizes)
}

// TestPackCompletes: columns that complete the last panel are zeros, whatever memory held.
func TestPackCompletes(t *testing.T) {
	eachLevel(t, testPackCompletes)
	eachHalf(t, testPackCompletes)
}

func testPackCompletes(t *testing.T, p *Primitives) {
	const k = 7
	n := p.Cols + 3
	src := newRandom(rand.New(rand.NewPCG(1, 2)), p.Depth*k*n).x
	for name, pack := range map[string]func(dst []float32){
		"columns": func(dst []float32) { p.PackColumns(dst, k*p.Cols, Numbers{F32: src}, p.Depth*k, k, n) },
		"rows":    func(dst []float32) { p.PackRows(dst, k*p.Cols, Numbers{F32: src}, n, k, n) },
	} {
		panels := newGuarded(2 * k * p.Cols).x
		pack(panels)
		for i, x := range panels {
			if column := i/(k*p.Cols)*p.Cols + i%p.Cols; isGuard(x) || (column >= n) != (x == 0) {
				t.Fatalf("%s: row %d of column %d of %d is %v", name, i/p.Cols%k, column, n, x)
			}
		}
	}
}
