package nn

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// linear is x·wᵀ + bias + residual over the last axis of x; bias and residual
// may be nil. The weight is [n, k] or, as a 1×1 convolution, [n, k, 1, 1].
func linear(x *G.Node, w, bias *Weight, residual *G.Node) *G.Node {
	n, k := w.Shape()[0], w.Shape()[1]
	shape, m, channels := rowsOf("linear "+w.Name(), x)
	if channels != k {
		panic(fmt.Sprintf("linear %s: input of %d channels (shape %v), want %d", w.Name(), channels, shape, k))
	}
	shape[len(shape)-1] = n
	return weighted{
		name: "linear", weight: w, shape: shape, flops: product(m, n, k),
		forward: func(on *kernels.Functions, out, x, r []float32) {
			on.Linear(out, x, w.Elements(), vector(on, bias), r, m, n, k)
		},
		adjoint: func(on *kernels.Functions, dx, dy []float32) { on.LinearGrad(dx, dy, w.Elements(), m, n, k) },
	}.apply(x, residual)
}

// conv is a convolution of a square kernel over x [B, H·W, Cin] plus residual,
// which may be nil.
func conv(x *G.Node, w, bias *Weight, residual *G.Node, s kernels.ConvShape) *G.Node {
	if got, want := x.Shape(), (gt.Shape{s.B, s.H * s.W, s.Cin}); !got.Eq(want) {
		panic(fmt.Sprintf("convolution %s: input %v, want %v for a feature map of %d×%d", w.Name(), got, want, s.H, s.W))
	}
	h, wd := s.Out()
	return weighted{
		name: "convolution", weight: w, shape: gt.Shape{s.B, h * wd, s.Cout},
		flops: product(s.B*h*wd, s.Cout, s.Kernel*s.Kernel*s.Cin),
		forward: func(on *kernels.Functions, out, x, r []float32) {
			on.Conv(out, x, w.Conv(), vector(on, bias), r, s)
		},
		adjoint: func(on *kernels.Functions, dx, dy []float32) { on.ConvGrad(dx, dy, w.Conv(), s) },
	}.apply(x, residual)
}

// weighted is an operation that is linear in its input, with a frozen weight.
type weighted struct {
	name    string
	weight  *Weight
	shape   gt.Shape // of the output
	flops   int64
	forward func(on *kernels.Functions, out, x, residual []float32) // residual is nil where there is none
	adjoint func(on *kernels.Functions, dx, dy []float32)
}

// apply adds residual, which may be nil, in the same pass.
func (l weighted) apply(x, residual *G.Node) *G.Node {
	o := &op{name: l.name + " " + l.weight.Name(), shape: l.shape, flops: l.flops}
	gradient := func(in G.Nodes, dout *G.Node) *G.Node {
		return apply(&op{
			name: l.name + " gradient " + l.weight.Name(), shape: in[0].Shape(), flops: l.flops,
			run: func(on *kernels.Functions, out, in [][]float32) { l.adjoint(on, out[0], in[0]) },
		}, dout)
	}
	if residual == nil {
		o.run = func(on *kernels.Functions, out, in [][]float32) { l.forward(on, out[0], in[0], nil) }
		o.grad = func(in G.Nodes, _, dout *G.Node) G.Nodes { return G.Nodes{gradient(in, dout)} }
		return apply(o, x)
	}
	sameShape(o.name, residual.Shape(), l.shape)
	o.inPlace = 2
	o.run = func(on *kernels.Functions, out, in [][]float32) { l.forward(on, out[0], in[0], in[1]) }
	o.grad = func(in G.Nodes, _, dout *G.Node) G.Nodes { return G.Nodes{gradient(in, dout), dout} }
	return apply(o, x, residual)
}

// vector is a small weight in float32, nil for an absent one.
func vector(on *kernels.Functions, w *Weight) []float32 {
	if w == nil {
		return nil
	}
	return on.Constant(w.Float32())
}

func sameShape(what string, got, want gt.Shape) {
	if !got.Eq(want) {
		panic(fmt.Sprintf("%s: shapes %v and %v differ", what, got, want))
	}
}
