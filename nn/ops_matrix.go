package nn

import (
	"fmt"
	"math"

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

// conv is a convolution over x [B, H·W, Cin] plus residual, which may be nil, and its
// activation. SiLU is an operation of its own: its gradient needs what it is applied to.
func conv(x *G.Node, w, bias *Weight, residual *G.Node, s kernels.ConvShape) *G.Node {
	if got, want := x.Shape(), (gt.Shape{s.B, s.H * s.W, s.Cin}); !got.Eq(want) {
		panic(fmt.Sprintf("convolution %s: input %v, want %v for a feature map of %d×%d", w.Name(), got, want, s.H, s.W))
	}
	if s.Act == kernels.SiLU {
		s.Act = kernels.NoActivation
		return SiLU(conv(x, w, bias, residual, s))
	}
	h, wd := s.Out()
	return weighted{
		name: "convolution", weight: w, shape: gt.Shape{s.B, h * wd, s.Cout},
		flops: product(s.B*h*wd, s.Cout, s.KH*s.KW*s.Cin), act: s.Act,
		forward: func(on *kernels.Functions, out, x, r []float32) {
			on.Conv(out, x, w.Conv(), vector(on, bias), r, s)
		},
		adjoint: func(on *kernels.Functions, dx, dy []float32) { on.ConvGrad(dx, dy, w.Conv(), s) },
	}.apply(x, residual)
}

// weighted is an operation that is linear in its input, with a frozen weight, and an
// activation of it that leaves its gradient in the result: none, ReLU or ReLU6.
type weighted struct {
	name    string
	weight  *Weight
	shape   gt.Shape // of the output
	flops   int64
	act     kernels.Activation
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
		o.grad = func(in G.Nodes, y, dout *G.Node) G.Nodes { return G.Nodes{gradient(in, beforeAct(l.act, y, dout))} }
		return apply(o, x)
	}
	sameShape(o.name, residual.Shape(), l.shape)
	o.inPlace = 2
	o.run = func(on *kernels.Functions, out, in [][]float32) { l.forward(on, out[0], in[0], in[1]) }
	o.grad = func(in G.Nodes, y, dout *G.Node) G.Nodes {
		dout = beforeAct(l.act, y, dout)
		return G.Nodes{gradient(in, dout), dout}
	}
	return apply(o, x, residual)
}

// beforeAct is the gradient before an activation with the result y, given that after it.
func beforeAct(act kernels.Activation, y, dout *G.Node) *G.Node {
	lo, hi := math.Nextafter32(0, 1), float32(math.Inf(1))
	switch act {
	case kernels.NoActivation:
		return dout
	case kernels.ReLU6:
		hi = math.Nextafter32(6, 0)
	}
	return apply(&op{
		name: act.String() + " gradient", shape: y.Shape(), inPlace: 1,
		run: func(on *kernels.Functions, out, in [][]float32) { on.ClampGrad(out[0], in[0], in[1], lo, hi) },
	}, dout, y)
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
