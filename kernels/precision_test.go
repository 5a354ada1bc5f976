package kernels

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/internal/amxtest"
	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/isa"
)

// TestBFloat16 compares what every product gives in bfloat16 with what it gives in float32: they differ, by about as
// much as two roundings to eight bits.
func TestBFloat16(t *testing.T) { testBFloat16(t, formats) }

// TestPrecisions names what is multiplied, and refuses what the processor cannot multiply.
func TestPrecisions(t *testing.T) {
	before := ISA()
	defer UseISA(before)
	for _, isa := range ISAs() {
		if err := UseISA(isa); err != nil {
			t.Fatal(err)
		}
		bfloat16 := gemm.Current().Half != nil
		for p, want := range map[Precision]struct {
			name string
			fits bool
			says string
		}{
			Float32:  {"float32", true, ""},
			BFloat16: {"bfloat16", bfloat16, "cannot multiply bfloat16 numbers (AVX512_BF16)"},
			Float16:  {"float16", false, "float16 is for GPUs"},
			7:        {"Precision(7)", false, "Precision(7) is unknown"},
		} {
			f, err := CPU(p)
			if p.String() != want.name || (err == nil) != want.fits || (f.Linear != nil) != want.fits || p.Peak() > 0 != want.fits {
				t.Errorf("%v on %s: error %v, a peak of %g", p, isa, err, p.Peak())
			}
			if err != nil && !strings.Contains(err.Error(), want.says) {
				t.Errorf("%v on %s: error %q, want one with %q", p, isa, err, want.says)
			}
		}
	}
}

// TestEveryKernel finds a kernel under each name of the table, for each precision.
func TestEveryKernel(t *testing.T) {
	for _, p := range []Precision{Float32, BFloat16} {
		f, err := CPU(p)
		if err != nil {
			continue // TestPrecisions says when
		}
		fields := reflect.ValueOf(f)
		for i := range fields.NumField() {
			if fields.Field(i).IsNil() {
				t.Errorf("%v: there is no %s", p, fields.Type().Field(i).Name)
			}
		}
	}
}

// TestPrecisionIsTheCalls multiplies in both precisions at once: each call has the bits of its own.
func TestPrecisionIsTheCalls(t *testing.T) {
	if err := BFloat16.check(); err != nil {
		t.Skip(err)
	}
	const m, n, k = 70, 64, 96
	r := source("calls")
	w, _ := randomElements(r, "float32", n*k)
	x := random(r, m*k)
	product := func(p Precision) []float32 {
		out := nan(m * n)
		p.Linear(out, x, w, nil, nil, m, n, k)
		return out
	}
	want := map[Precision][]float32{Float32: product(Float32), BFloat16: product(BFloat16)}
	if slices.Equal(want[Float32], want[BFloat16]) {
		t.Fatal("both precisions give the same bits")
	}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			p := []Precision{Float32, BFloat16}[i%2]
			for range 20 {
				if !slices.Equal(product(p), want[p]) {
					t.Errorf("%v has other bits beside calls in another precision", p)
					return
				}
			}
		})
	}
	all.Wait()
}

// TestBFloat16AMX does what TestBFloat16 and TestBFloat16Attention do, on AMX.
func TestBFloat16AMX(t *testing.T) {
	amxtest.Run(t, func(t *testing.T) {
		testBFloat16(t, formats[:1])
		testBFloat16Attention(t, bfloat16Attentions[:4])
	})
}

func testBFloat16(t *testing.T, formats []string) {
	if err := BFloat16.check(); err != nil {
		t.Skip(err)
	}
	r := source("bfloat16")
	for _, format := range formats {
		for _, s := range [][3]int{{5, 7, 6}, {30, 64, 320}, {17, 33, 2050}} {
			m, n, k := s[0], s[1], s[2]
			w, _ := randomElements(r, format, n*k)
			x, dy, bias, residual := random(r, m*k), random(r, m*n), random(r, n), random(r, m*n)
			inBothPrecisions(t, fmt.Sprintf("linear %v %s", s, format), m*n, func(p Precision, out []float32) {
				p.Linear(out, x, w, bias, residual, m, n, k)
			})
			if n%2 == 0 {
				inBothPrecisions(t, fmt.Sprintf("linear gradient %v %s", s, format), m*k, func(p Precision, dx []float32) {
					p.LinearGrad(dx, dy, w, m, n, k)
				})
			}
		}
		for _, s := range []ConvShape{
			{B: 2, H: 7, W: 5, Cin: 6, Cout: 10, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
			{B: 1, H: 8, W: 8, Cin: 40, Cout: 64, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
			{B: 2, H: 8, W: 6, Cin: 12, Cout: 34, KH: 3, KW: 3, Stride: 2, Pad: Padding{Bottom: 1, Right: 1}},
			{B: 1, H: 3, W: 4, Cin: 20, Cout: 18, KH: 1, KW: 1, Stride: 1},
			{B: 2, H: 13, W: 18, Cin: 32, Cout: 64, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)}, // by Winograd's algorithm
			{B: 1, H: 12, W: 17, Cin: 352, Cout: 32, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
			{B: 1, H: 57, W: 42, Cin: 32, Cout: 32, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
			{B: 2, H: 5, W: 32, Cin: 64, Cout: 96, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)}, // by pixels, on AMX
			{B: 1, H: 6, W: 64, Cin: 32, Cout: 32, KH: 5, KW: 5, Stride: 1, Pad: Pad(2)},
			{B: 2, H: 5, W: 33, Cin: 32, Cout: 32, KH: 3, KW: 3, Stride: 1, Pad: Padding{Bottom: 1, Right: 1}},
		} {
			h, w := s.Out()
			x, dy := random(r, s.B*s.H*s.W*s.Cin), random(r, s.B*h*w*s.Cout)
			file, _ := randomElements(r, format, s.Cout*s.Cin*s.KH*s.KW)
			weights := ConvWeights(file, s.Cout, s.Cin, s.KH, s.KW)
			inBothPrecisions(t, shapeName(s)+format, len(dy), func(p Precision, out []float32) { p.Conv(out, x, weights, nil, nil, s) })
			inBothPrecisions(t, shapeName(s)+format+" gradient", len(x), func(p Precision, dx []float32) { p.ConvGrad(dx, dy, weights, s) })
		}
	}
}

// TestBFloat16Attention does the same for attention, whose sums run over queries, keys and channels of any number.
func TestBFloat16Attention(t *testing.T) { testBFloat16Attention(t, bfloat16Attentions) }

var bfloat16Attentions = []AttentionShape{
	{B: 1, Heads: 2, Queries: 70, Keys: 70, HeadDim: 40}, {B: 2, Heads: 2, Queries: 33, Keys: 77, HeadDim: 64},
	{B: 1, Heads: 1, Queries: 20, Keys: 301, HeadDim: 80}, {B: 1, Heads: 2, Queries: 78, Keys: 78, HeadDim: 32, Causal: true},
	{B: 1, Heads: 3, Queries: 300, Keys: 301, HeadDim: 80}, {B: 1, Heads: 1, Queries: 64, Keys: 530, HeadDim: 512},
}

func testBFloat16Attention(t *testing.T, shapes []AttentionShape) {
	if err := BFloat16.check(); err != nil {
		t.Skip(err)
	}
	for _, s := range shapes {
		s.Scale = 1 / float32(math.Sqrt(float64(s.HeadDim)))
		q, k, v, dout := attentionInputs(s)
		out, lse := make([]float32, len(q)), make([]float32, s.B*s.Heads*s.Queries)
		Float32.Attention(out, lse, q, k, v, s)
		name := fmt.Sprintf("%+v", s)
		inBothPrecisions(t, name, len(q), func(p Precision, out []float32) { p.Attention(out, nil, q, k, v, s) })
		inBothPrecisions(t, name+" dq", len(q), func(p Precision, dq []float32) { p.AttentionGrad(dq, nil, nil, q, k, v, out, dout, lse, s) })
		for i, n := range []int{len(q), len(k), len(k)} {
			inBothPrecisions(t, fmt.Sprintf("%s gradient %d of all", name, i), n, func(p Precision, d []float32) {
				all := [3][]float32{nan(len(q)), nan(len(k)), nan(len(k))}
				all[i] = d
				p.AttentionGrad(all[0], all[1], all[2], q, k, v, out, dout, lse, s)
			})
		}
	}
}

// TestFloat32AMX compares what convolutions with weights in half precision give on AMX, in parts of numbers, with what
// they give on AVX-512.
func TestFloat32AMX(t *testing.T) {
	amxtest.Run(t, func(t *testing.T) {
		r := source("amx")
		for _, format := range []string{"float16", "bfloat16"} {
			for _, s := range []ConvShape{
				{B: 2, H: 8, W: 6, Cin: 32, Cout: 64, KH: 3, KW: 3, Stride: 2, Pad: Padding{Bottom: 1, Right: 1}},
				{B: 1, H: 7, W: 9, Cin: 64, Cout: 32, KH: 1, KW: 1, Stride: 1},
			} {
				h, w := s.Out()
				x, dy := random(r, s.B*s.H*s.W*s.Cin), random(r, s.B*h*w*s.Cout)
				file, _ := randomElements(r, format, s.Cout*s.Cin*s.KH*s.KW)
				weights := ConvWeights(file, s.Cout, s.Cin, s.KH, s.KW)
				onBothLevels(t, shapeName(s)+format, len(dy), func(out []float32) { Float32.Conv(out, x, weights, nil, nil, s) })
				onBothLevels(t, shapeName(s)+format+" gradient", len(x), func(dx []float32) { Float32.ConvGrad(dx, dy, weights, s) })
			}
		}
	})
}

// onBothLevels runs f on AVX-512 and on AMX.
func onBothLevels(t *testing.T, name string, n int, f func(out []float32)) {
	t.Helper()
	single, parts := nan(n), nan(n)
	isa.Force(isa.AVX512)
	f(single)
	isa.Force(isa.AMX)
	f(parts)
	if off := difference(single, parts); !(off > 0 && off < 5e-7) {
		t.Errorf("%s: AMX differs by %.2g of the RMS, want about 1e-7", name, off)
	}
}

// inBothPrecisions runs f in float32 and in bfloat16.
func inBothPrecisions(t *testing.T, name string, n int, f func(p Precision, out []float32)) {
	t.Helper()
	single, half := nan(n), nan(n)
	f(Float32, single)
	f(BFloat16, half)
	if off := difference(single, half); !(off > 1e-4 && off < 8e-3) {
		t.Errorf("%s: bfloat16 differs by %.2g of the RMS, want about 3e-3", name, off)
	}
}

// difference is the RMS of the differences of x and y over that of x.
func difference(x, y []float32) float64 {
	var square, err float64
	for i, want := range x {
		square += float64(want) * float64(want)
		err += math.Pow(float64(y[i])-float64(want), 2)
	}
	return math.Sqrt(err / square)
}
