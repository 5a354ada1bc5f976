package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// The references here are the definitions of the operations, written as plain
// loops in float64. Each number comes with the sum of the magnitudes that went
// into it, which is what rounding errors are proportional to.

// number is a reference result and the scale of its rounding error.
type number struct{ value, scale float64 }

func (n *number) add(x float64) { n.value += x; n.scale += math.Abs(x) }

// compare fails unless every got[i] is within ulps units of rounding, at the
// scale of want[i], of the reference.
func compare(t *testing.T, name string, got []float32, want []number, ulps float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d results, want %d", name, len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		if err := math.Abs(float64(g) - w.value); !(err <= ulps*0x1p-24*w.scale) {
			t.Fatalf("%s[%d] = %v, want %v: off by %.2g units, limit %g", name, i, g, w.value, err/(0x1p-24*w.scale), ulps)
		}
	}
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// nan returns n NaNs, to be overwritten.
func nan(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(math.NaN())
	}
	return x
}

// randomElements makes n numbers of a format, and their values.
func randomElements(r *rand.Rand, format string, n int) (Elements, []float32) {
	v := random(r, n)
	u := make([]uint16, n)
	switch format {
	case "float32":
		return Float32s(v), v
	case "float16":
		for i := range u {
			u[i] = uint16(r.UintN(1<<16)) &^ 0x4000 // magnitudes below 2
			v[i] = halfValue(u[i])
		}
		return Float16s(u), v
	default:
		for i := range u {
			u[i] = uint16(math.Float32bits(v[i]) >> 16)
			v[i] = math.Float32frombits(uint32(u[i]) << 16)
		}
		return BFloat16s(u), v
	}
}

// halfValue is the value of a finite binary16 number, from its definition.
func halfValue(h uint16) float32 {
	exponent, fraction := int(h>>10&31), float64(h&1023)
	v := math.Ldexp(fraction, -24)
	if exponent > 0 {
		v = math.Ldexp(1024+fraction, exponent-25)
	}
	return float32(math.Copysign(v, 0.5-float64(h>>15)))
}

var formats = []string{"float32", "float16", "bfloat16"}

// everyWay runs f on each instruction set, and again with other numbers of
// threads, where what f returns must be the same to the last bit.
func everyWay(t *testing.T, name string, f func(t *testing.T) []float32) {
	t.Helper()
	before := ISA()
	t.Cleanup(func() { UseISA(before) })
	for _, isa := range ISAs() {
		t.Run(name+"/"+isa, func(t *testing.T) {
			if err := UseISA(isa); err != nil {
				t.Fatal(err)
			}
			var first []float32
			for _, threads := range []int{1, 3} {
				withThreads(t, threads, func() {
					got := f(t)
					if first == nil {
						first = append(first, got...)
					}
					for i := range got {
						if math.Float32bits(got[i]) != math.Float32bits(first[i]) {
							t.Fatalf("result %d is %v with %d threads and %v with one", i, got[i], threads, first[i])
						}
					}
				})
			}
		})
	}
}

func source(name string, sizes ...int) *rand.Rand {
	seed := uint64(len(name))
	for _, n := range sizes {
		seed = seed*1009 + uint64(n)
	}
	return rand.New(rand.NewPCG(seed, 1))
}

func TestElements(t *testing.T) {
	for _, format := range formats {
		e, want := randomElements(source(format), format, 100)
		for _, cut := range [][2]int{{0, 100}, {3, 90}, {5, 5}, {7, 8}} {
			part := e.Slice(cut[0], cut[1])
			if part.Len() != cut[1]-cut[0] {
				t.Fatalf("%s: Slice%v has %d elements", format, cut, part.Len())
			}
			got := make([]float32, part.Len())
			part.Float32(got)
			for i, g := range got {
				if g != want[cut[0]+i] {
					t.Fatalf("%s: element %d is %v, want %v", format, cut[0]+i, g, want[cut[0]+i])
				}
			}
		}
	}
}

func TestElementsAsStored(t *testing.T) {
	f, u := []float32{1, 2, 3}, []uint16{1, 2, 3}
	for _, c := range []struct {
		name             string
		e                Elements
		f32, f16s, bf16s int
	}{
		{"float32", Float32s(f), 3, 0, 0}, {"float16", Float16s(u), 0, 3, 0}, {"bfloat16", BFloat16s(u), 0, 0, 3},
		{"a piece", Float16s(u).Slice(1, 2), 0, 1, 0}, {"none", Elements{}, 0, 0, 0},
	} {
		float32s, float16s, bfloat16s := c.e.Numbers()
		if len(float32s) != c.f32 || len(float16s) != c.f16s || len(bfloat16s) != c.bf16s {
			t.Errorf("%s: %d float32, %d float16 and %d bfloat16 numbers, want %d, %d and %d", c.name, len(float32s),
				len(float16s), len(bfloat16s), c.f32, c.f16s, c.bf16s)
		}
	}
	if _, float16s, _ := Float16s(u).Slice(1, 3).Numbers(); &float16s[0] != &u[1] {
		t.Error("the numbers are a copy")
	}
}

// wantPanic fails unless f panics with a message.
func wantPanic(t *testing.T, name string, f func()) {
	t.Helper()
	defer func() {
		if _, ok := recover().(string); !ok {
			t.Errorf("%s: no panic with a message", name)
		}
	}()
	f()
}

func shapeName(shape any) string { return fmt.Sprintf("%+v", shape) }
