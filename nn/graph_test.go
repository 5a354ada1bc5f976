package nn

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// forward writes down one value computed from inputs.
type forward func(b *Build, in G.Nodes) *G.Node

// normal returns n numbers of the standard normal distribution.
func normal(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func randomTensors(shapes []gt.Shape) []*gt.Dense {
	in := make([]*gt.Dense, len(shapes))
	for i, s := range shapes {
		in[i] = dense(normal(uint64(i+1), s.TotalSize()), s)
	}
	return in
}

// loaded gives the layers of model random weights.
func loaded[T any](t testing.TB, model T) T {
	t.Helper()
	if err := Randomize(&model, 7, gt.Float32); err != nil {
		t.Fatal(err)
	}
	return model
}

func byName(in []*gt.Dense) map[string]*gt.Dense {
	m := map[string]*gt.Dense{}
	for i, d := range in {
		m[fmt.Sprint("in", i)] = d
	}
	return m
}

// withInputs is build with an input for each tensor, and the gradients with
// respect to those in wrt of its product with a fixed random cotangent.
func withInputs(build forward, in []*gt.Dense, wrt []int) func(*Build) []*G.Node {
	return func(b *Build) []*G.Node {
		var nodes, diff G.Nodes
		for i, d := range in {
			nodes = append(nodes, b.Input(fmt.Sprint("in", i), d.Shape()...))
		}
		y := build(b, nodes)
		if len(wrt) == 0 {
			return []*G.Node{y}
		}
		for _, i := range wrt {
			diff = append(diff, nodes[i])
		}
		loss := Dot(y, b.Constant("cotangent", cotangent(y.Shape()), y.Shape()...))
		return append([]*G.Node{y}, b.Grad(loss, diff...)...)
	}
}

func cotangent(shape gt.Shape) []float32 { return normal(99, shape.TotalSize()) }

func compile(t testing.TB, build func(*Build) []*G.Node, opts ...Option) *Program {
	t.Helper()
	p, err := Compile(build, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func runNumbers(t testing.TB, p *Program, in map[string]*gt.Dense) [][]float32 {
	t.Helper()
	out, err := p.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return numbers(t, out)
}

func numbers(t testing.TB, values []*gt.Dense) [][]float32 {
	t.Helper()
	var out [][]float32
	for _, d := range values {
		f, err := floats(d)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// checkGrad compares the gradient of build at random inputs with central finite
// differences.
func checkGrad(t *testing.T, build forward, shapes ...gt.Shape) {
	t.Helper()
	in := randomTensors(shapes)
	checkGradAt(t, build, in, every(len(in)))
}

func every(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// checkGradAt is checkGrad at given inputs, with respect to some of them.
func checkGradAt(t *testing.T, build forward, in []*gt.Dense, wrt []int, opts ...Option) {
	t.Helper()
	grads := runNumbers(t, compile(t, withInputs(build, in, wrt), opts...), byName(in))[1:]
	p := compile(t, withInputs(build, in, nil), opts...)
	for gi, i := range wrt {
		checkOneGrad(t, p, in, i, grads[gi])
	}
}

// checkOneGrad compares g with the differences of p's output times the
// cotangent at input number i.
func checkOneGrad(t *testing.T, p *Program, in []*gt.Dense, i int, g []float32) {
	t.Helper()
	shape, values := in[i].Shape(), byName(in)
	x := append([]float32(nil), numbers(t, in)[i]...)
	central := func(k int, h float32) float64 {
		at := func(v float32) float64 {
			old := x[k]
			x[k] = v
			values[fmt.Sprint("in", i)] = dense(x, shape)
			y := runNumbers(t, p, values)[0]
			x[k] = old
			return inner(y, cotangent(gt.Shape{len(y)}))
		}
		up, down := x[k]+h, x[k]-h
		return (at(up) - at(down)) / float64(up-down)
	}
	scale := 0.1
	for _, v := range g {
		scale = max(scale, math.Abs(float64(v)))
	}
	const coordinates = 24
	for k := 0; k < len(x); k += 1 + len(x)/coordinates {
		// Richardson extrapolation leaves an error of h⁴, so that h can be large against float32's rounding.
		const h = 1.0 / 16
		want := (4*central(k, h/2) - central(k, h)) / 3
		if d := math.Abs(float64(g[k]) - want); !(d <= 3e-3*scale) {
			t.Errorf("gradient of input %d at %d is %g, finite differences give %g", i, k, g[k], want)
		}
	}
}

// checkClose fails unless got is within tol of want, relative to want's largest
// element.
func checkClose(t *testing.T, what string, got, want []float32, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	scale, worst, at := 0.0, -1.0, 0
	for i := range want {
		scale = max(scale, math.Abs(float64(want[i])))
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if d > worst || d != d {
			worst, at = d, i
		}
	}
	if !(worst <= tol*scale+1e-12) {
		t.Errorf("%s: element %d is %g, want %g", what, at, got[at], want[at])
	}
}

// checkSame fails unless got and want are equal bit for bit.
func checkSame(t *testing.T, what string, got, want [][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s: value %d has %d numbers, want %d", what, i, len(got[i]), len(want[i]))
		}
		for k := range want[i] {
			if math.Float32bits(got[i][k]) != math.Float32bits(want[i][k]) {
				t.Fatalf("%s: value %d differs at %d: %g, want %g", what, i, k, got[i][k], want[i][k])
			}
		}
	}
}

// onTapeMachine runs a graph on gorgonia's own machine, which gives every value
// memory of its own.
func onTapeMachine(t *testing.T, build func(*Build) []*G.Node, in map[string]*gt.Dense) [][]float32 {
	t.Helper()
	b := NewBuild()
	out := build(b)
	for name, d := range in {
		var v G.Value = d
		if d.Shape().Dims() == 0 {
			v = G.NewF32(d.Data().(float32))
		}
		if err := G.Let(b.inputs[name], v); err != nil {
			t.Fatal(err)
		}
	}
	values := make([]G.Value, len(out))
	for i, n := range out {
		G.Read(n, &values[i])
	}
	m := G.NewTapeMachine(b.Graph)
	defer m.Close()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	var f [][]float32
	for _, v := range values {
		x, err := floats(v)
		if err != nil {
			t.Fatal(err)
		}
		f = append(f, x)
	}
	return f
}
