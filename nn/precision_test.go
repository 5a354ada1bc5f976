package nn

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// multiplies is a graph of every operation that a precision changes, with its gradient.
type multiplies struct {
	Conv   Conv2D
	Linear Linear
}

func newMultiplies(t *testing.T) multiplies {
	return loaded(t, multiplies{NewConv2D(32, 32, 3, 1), NewLinear(32, 64)})
}

func (m multiplies) build(b *Build) []*G.Node {
	x := b.Given("x")
	y := m.Conv.Forward(FeatureMap{x, 12, 12}).X
	y = Attention(y, y, y, 2, false)
	y = m.Linear.Forward(y)
	tokens := AttentionTokenProbs(y, y, 2, false, 3)
	return append([]*G.Node{y}, b.Grad(Add(Mean(Mul(y, y)), Mean(tokens)), x)...)
}

func (m multiplies) run(t *testing.T, opts ...Option) [][]float32 {
	t.Helper()
	x := dense(normal(3, 12*12*32), gt.Shape{1, 12 * 12, 32})
	out, err := NewExec(m.build, opts...).Run(t.Context(), map[string]*gt.Dense{"x": x})
	if err != nil {
		t.Fatal(err)
	}
	return numbers(t, out)
}

// inBoth is what a graph gives in float32 and in bfloat16.
func inBoth(t *testing.T, m multiplies) map[kernels.Precision][][]float32 {
	t.Helper()
	if _, err := kernels.CPU(kernels.BFloat16); err != nil {
		t.Skip(err)
	}
	both := map[kernels.Precision][][]float32{}
	for _, p := range []kernels.Precision{kernels.Float32, kernels.BFloat16} {
		both[p] = m.run(t, WithPrecision(p))
	}
	for i, single := range both[kernels.Float32] {
		var off, size float64
		for k, v := range single {
			off += math.Pow(float64(v-both[kernels.BFloat16][i][k]), 2)
			size += math.Pow(float64(v), 2)
		}
		if r := math.Sqrt(off / size); !(r > 1e-4 && r < 5e-2) {
			t.Errorf("output %d: bfloat16 differs by %.2g of the RMS, want about 3e-3 a product", i, r)
		}
	}
	return both
}

// TestPrecision is that of each program, whatever others multiply at the same time.
func TestPrecision(t *testing.T) {
	m := newMultiplies(t)
	want := inBoth(t, m)
	checkSame(t, "without an option", m.run(t), want[kernels.Float32])

	// In turns, in one arena.
	arena := NewArena()
	for _, p := range slices.Repeat([]kernels.Precision{kernels.BFloat16, kernels.Float32}, 3) {
		checkSame(t, p.String(), m.run(t, WithPrecision(p), WithArena(arena)), want[p])
	}

	// At once, each in an arena of its own.
	x := map[string]*gt.Dense{"x": dense(normal(3, 12*12*32), gt.Shape{1, 12 * 12, 32})}
	var all sync.WaitGroup
	for p := range want {
		for range 2 {
			all.Go(func() {
				e := NewExec(m.build, WithPrecision(p))
				for range 10 {
					out, err := e.Run(t.Context(), x)
					if err != nil {
						t.Error(err)
						return
					}
					for i, d := range out {
						if !slices.Equal(d.Data().([]float32), want[p][i]) {
							t.Errorf("%v: output %d has other bits beside programs in another precision", p, i)
						}
					}
				}
			})
		}
	}
	all.Wait()
}

// TestPrecisionOnDevice: programs of one device may differ, too.
func TestPrecisionOnDevice(t *testing.T) {
	m := newMultiplies(t)
	want := inBoth(t, m)
	arena := NewArenaOn(testDevice(t))
	defer arena.Close()
	for _, p := range slices.Repeat([]kernels.Precision{kernels.BFloat16, kernels.Float32}, 2) {
		checkSame(t, p.String()+" on a device", m.run(t, WithPrecision(p), WithArena(arena)), want[p])
	}
}

// TestPrecisionRefused: what the processor cannot multiply is told when a graph is compiled.
func TestPrecisionRefused(t *testing.T) {
	before := kernels.ISA()
	defer kernels.UseISA(before)
	if err := kernels.UseISA("purego"); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[kernels.Precision]string{
		kernels.Float16:  "float16 is for GPUs",
		kernels.BFloat16: "cannot multiply bfloat16 numbers (AVX512_BF16)",
		-1:               "Precision(-1) is unknown",
	} {
		if prog, err := Compile(twice, WithPrecision(p)); err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, ErrArgument) || prog != nil {
			t.Errorf("%v: %v, want an error with %q", p, err, want)
		}
	}
	if _, err := Compile(twice, WithPrecision(kernels.Float32)); err != nil {
		t.Error(err)
	}
}
