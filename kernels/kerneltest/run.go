package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// check is one kernel at one size.
type check struct {
	name      string
	kernel    any         // the function that must be there for the check to run
	in        [][]float32 // operands
	out       int         // length of the result
	inPlace   []int       // operands that the result may be written over
	forward   func(out []float32, in [][]float32)
	reference func(in [][]float64) []float64
	gradients []gradient
	tolerance float64 // of float32 arithmetic, relative to the largest result; 0 means 2e-6
}

// gradient is the kernel that carries dy, the gradient of a check's result, to the operand numbered of.
type gradient struct {
	of      int
	kernel  any
	inPlace bool // dx may be dy
	run     func(dx, dy []float32, in [][]float32)
	// reference gives the gradient where finite differences take too long.
	reference func(in [][]float64, dy []float64) []float64
}

// Run holds an implementation to the references.
func Run(t *testing.T, f Functions) {
	if f.Tolerance == 0 {
		f.Tolerance = 1
	}
	for _, c := range slices.Concat(elementwise(f), activations(f), norms(f), shapes(f), reductions(f), matrices(f), neighbours(f), convolutions(f), windows(f), attentions(f)) {
		t.Run(c.name, func(t *testing.T) {
			if missing(c.kernel) {
				t.Skip("not implemented")
			}
			c.run(t, f.Tolerance)
		})
	}
}

func missing(kernel any) bool { return reflect.ValueOf(kernel).IsNil() }

func (c check) run(t *testing.T, factor float64) {
	tolerance := c.tolerance * factor
	if c.tolerance == 0 {
		tolerance = 2e-6 * factor
	}
	want := c.reference(widen(c.in))
	c.once(t, "forward", want, tolerance, c.out, nil, c.forward)
	for _, i := range c.inPlace {
		c.once(t, fmt.Sprintf("over operand %d", i), want, tolerance, c.out, c.in[i],
			func(out []float32, in [][]float32) { c.forward(out, replace(in, i, out)) })
	}
	dy := Normal(99, c.out)
	for _, g := range c.gradients {
		if missing(g.kernel) {
			continue
		}
		var want []float64
		if g.reference != nil {
			want = g.reference(widen(c.in), widen([][]float32{dy})[0])
		} else {
			want = c.differences(g.of, dy)
		}
		name := fmt.Sprintf("gradient of operand %d", g.of)
		n := len(c.in[g.of])
		c.once(t, name, want, 2*tolerance, n, nil,
			func(dx []float32, in [][]float32) { g.run(dx, dy, in) })
		if g.inPlace {
			c.once(t, name+" over dy", want, 2*tolerance, n, dy,
				func(dx []float32, in [][]float32) { g.run(dx, dx, in) })
		}
	}
}

// once runs a kernel with guard words round its result and every operand, and compares. The result starts as a copy of
// initial, or as NaNs.
func (c check) once(t *testing.T, name string, want []float64, tolerance float64, n int, initial []float32,
	run func(out []float32, in [][]float32)) {
	t.Helper()
	result := newGuarded(n, initial)
	in := make([][]float32, len(c.in))
	for i := range in {
		in[i] = newGuarded(len(c.in[i]), c.in[i]).values()
	}
	run(result.values(), in)
	if at, ok := result.intact(); !ok {
		t.Errorf("%s: wrote %d elements outside the result of %d", name, at, n)
	}
	for i := range in {
		if !slices.Equal(in[i], c.in[i]) {
			t.Errorf("%s: changed operand %d", name, i)
		}
	}
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	for i, got := range result.values() {
		if err := math.Abs(float64(got) - want[i]); !(err <= tolerance*max(largest, 1e-3)) {
			t.Errorf("%s: element %d of %d is %g, want %g (error %.2g, largest %.2g)", name, i, n, got, want[i], err, largest)
			return
		}
	}
}

// differences is the gradient of Σ dy·result with respect to one operand, by central differences of the reference.
func (c check) differences(of int, dy []float32) []float64 {
	const step = 1e-5
	in := widen(c.in)
	loss := func() (sum float64) {
		for i, y := range c.reference(in) {
			sum += y * float64(dy[i])
		}
		return sum
	}
	d := make([]float64, len(in[of]))
	for i, x := range in[of] {
		in[of][i] = x + step
		up := loss()
		in[of][i] = x - step
		d[i] = (up - loss()) / (2 * step)
		in[of][i] = x
	}
	return d
}

// guarded is a vector in the middle of memory that nobody may write to. Its start is not aligned to anything.
type guarded []float32

const guard = 37

var guardWord = math.Float32frombits(0x7fc0dead) // a NaN: reading it by mistake shows as well

func newGuarded(n int, initial []float32) guarded {
	g := make(guarded, guard+n+guard)
	for i := range g {
		g[i] = guardWord
	}
	copy(g.values(), initial)
	return g
}

func (g guarded) values() []float32 { return g[guard : len(g)-guard : len(g)-guard] }

// intact reports whether the guard words are as they were, or how far from the vector one is not.
func (g guarded) intact() (distance int, ok bool) {
	for i := range guard {
		for _, w := range []float32{g[guard-1-i], g[len(g)-guard+i]} {
			if math.Float32bits(w) != math.Float32bits(guardWord) {
				return i + 1, false
			}
		}
	}
	return 0, true
}

// Normal draws n normally distributed numbers, the same for the same seed.
func Normal(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// normals draws one operand per length.
func normals(lengths ...int) [][]float32 {
	in := make([][]float32, len(lengths))
	for i, n := range lengths {
		in[i] = Normal(uint64(i+1), n)
	}
	return in
}

func widen(in [][]float32) [][]float64 {
	wide := make([][]float64, len(in))
	for i, x := range in {
		wide[i] = make([]float64, len(x))
		for j, v := range x {
			wide[i][j] = float64(v)
		}
	}
	return wide
}

func replace(in [][]float32, i int, x []float32) [][]float32 {
	in = slices.Clone(in)
	in[i] = x
	return in
}
