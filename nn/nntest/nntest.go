// Package nntest checks the gradient of a graph against finite differences, for
// tests of models, hooks and losses.
package nntest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels/kerneltest"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// Normal returns a tensor of standard normal numbers, the same for the same
// seed and shape.
func Normal(seed uint64, shape ...int) *gt.Dense {
	r := rand.New(rand.NewPCG(seed, 0))
	v := make([]float32, gt.Shape(shape).TotalSize())
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return tensor.FromFloat32s(v, shape...)
}

// Run compiles a graph, runs it once on inputs and returns the numbers of its
// outputs. The inputs are called in0, in1 and so on.
func Run(t testing.TB, build func(b *nn.Build, in G.Nodes) []*G.Node, inputs []*gt.Dense, opts ...nn.Option) [][]float32 {
	t.Helper()
	return run(t, compile(t, build, inputs, opts), inputs)
}

// CheckGrad compares the gradient of build's result, times fixed random
// numbers, with central finite differences at some coordinates of each input. It
// runs the graph on a device as well, see CheckDevice.
func CheckGrad(t testing.TB, build func(b *nn.Build, in G.Nodes) *G.Node, inputs []*gt.Dense, opts ...nn.Option) {
	t.Helper()
	loss := func(b *nn.Build, in G.Nodes) *G.Node {
		y := build(b, in)
		shape := y.Shape()
		return nn.Dot(y, b.Constant("cotangent", Normal(99, shape.TotalSize()).Data().([]float32), shape...))
	}
	gradient := func(b *nn.Build, in G.Nodes) []*G.Node { return b.Grad(loss(b, in), in...) }
	grads := Run(t, gradient, inputs, opts...)
	CheckDevice(t, gradient, inputs, opts...)
	p := compile(t, func(b *nn.Build, in G.Nodes) []*G.Node { return G.Nodes{loss(b, in)} }, inputs, opts)
	for i, g := range grads {
		x := inputs[i].Data().([]float32)
		scale := 0.0
		for _, v := range g {
			scale = max(scale, math.Abs(float64(v)))
		}
		const coordinates = 5
		for k := 0; k < len(x); k += 1 + len(x)/coordinates {
			want := derivative(&x[k], func() float64 { return float64(run(t, p, inputs)[0][0]) })
			if d := math.Abs(float64(g[k]) - want); !(d <= 0.01*scale) || scale == 0 {
				t.Errorf("gradient of input %d at %d is %g, finite differences give %g", i, k, g[k], want)
			}
		}
	}
}

// CheckDevice runs a graph twice on a device whose memory the host cannot read, and
// compares the outputs with those of a run on the host, bit for bit.
func CheckDevice(t testing.TB, build func(b *nn.Build, in G.Nodes) []*G.Node, inputs []*gt.Dense, opts ...nn.Option) {
	t.Helper()
	d := kerneltest.NewDevice(t)
	if d == nil {
		return
	}
	want := Run(t, build, inputs, opts...)
	arena := nn.NewArenaOn(d)
	p := compile(t, build, inputs, append(opts[:len(opts):len(opts)], nn.WithArena(arena)))
	for range 2 {
		for i, got := range run(t, p, inputs) {
			for k, x := range got {
				if math.Float32bits(x) != math.Float32bits(want[i][k]) {
					t.Fatalf("output %d at %d is %g on a device, %g on the host", i, k, x, want[i][k])
				}
			}
		}
	}
	arena.Close()
	if n := d.Held(); n > 0 {
		t.Errorf("a closed arena holds %d numbers of its device's memory", n)
	}
}

// derivative is df/dx by central differences. Richardson extrapolation leaves
// an error of the fourth order in the step, so that the step can be large
// against the rounding of float32.
func derivative(x *float32, f func() float64) float64 {
	old := *x
	defer func() { *x = old }()
	central := func(h float32) float64 {
		*x = old + h
		up, above := *x, f()
		*x = old - h
		return (above - f()) / float64(up-*x)
	}
	const step = 1.0 / 16
	return (4*central(step/2) - central(step)) / 3
}

func compile(t testing.TB, build func(b *nn.Build, in G.Nodes) []*G.Node, inputs []*gt.Dense, opts []nn.Option) *nn.Program {
	t.Helper()
	p, err := nn.Compile(func(b *nn.Build) []*G.Node {
		var in G.Nodes
		for i, d := range inputs {
			in = append(in, b.Input(fmt.Sprint("in", i), d.Shape()...))
		}
		return build(b, in)
	}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func run(t testing.TB, p *nn.Program, inputs []*gt.Dense) [][]float32 {
	t.Helper()
	byName := map[string]*gt.Dense{}
	for i, d := range inputs {
		byName[fmt.Sprint("in", i)] = d
	}
	out, err := p.Run(context.Background(), byName)
	if err != nil {
		t.Fatal(err)
	}
	var numbers [][]float32
	for _, d := range out {
		if d.IsScalar() {
			numbers = append(numbers, []float32{d.Data().(float32)})
			continue
		}
		numbers = append(numbers, d.Data().([]float32))
	}
	return numbers
}
