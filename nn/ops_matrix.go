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
	o := &op{
		name: fmt.Sprintf("linear %s", w.Name()), shape: shape, flops: product(m, n, k),
		run: func(out, in [][]float32) {
			var r []float32
			if residual != nil {
				r = in[1]
			}
			kernels.Linear(out[0], in[0], w.Elements(), vector(bias), r, m, n, k)
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			dx := apply(&op{
				name: fmt.Sprintf("linear gradient %s", w.Name()), shape: in[0].Shape(), flops: product(m, n, k),
				run: func(out, in [][]float32) { kernels.LinearGrad(out[0], in[0], w.Elements(), m, n, k) },
			}, dout)
			if residual == nil {
				return G.Nodes{dx}
			}
			return G.Nodes{dx, dout}
		},
	}
	if residual == nil {
		return apply(o, x)
	}
	sameShape(o.name, residual.Shape(), shape)
	o.inPlace = 2
	return apply(o, x, residual)
}

// conv is a convolution of a square kernel over x [B, H·W, Cin] plus residual,
// which may be nil.
func conv(x *G.Node, w, bias *Weight, residual *G.Node, s kernels.ConvShape) *G.Node {
	if got, want := x.Shape(), (gt.Shape{s.B, s.H * s.W, s.Cin}); !got.Eq(want) {
		panic(fmt.Sprintf("convolution %s: input %v, want %v for a picture of %d×%d", w.Name(), got, want, s.H, s.W))
	}
	h, wd := s.Out()
	shape := gt.Shape{s.B, h * wd, s.Cout}
	flops := product(s.B*h*wd, s.Cout, s.Kernel*s.Kernel*s.Cin)
	o := &op{
		name: fmt.Sprintf("convolution %s", w.Name()), shape: shape, flops: flops,
		run: func(out, in [][]float32) {
			var r []float32
			if residual != nil {
				r = in[1]
			}
			kernels.Conv(out[0], in[0], w.Conv(), vector(bias), r, s)
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			dx := apply(&op{
				name: fmt.Sprintf("convolution gradient %s", w.Name()), shape: in[0].Shape(), flops: flops,
				run: func(out, in [][]float32) { kernels.ConvGrad(out[0], in[0], w.Conv(), s) },
			}, dout)
			if residual == nil {
				return G.Nodes{dx}
			}
			return G.Nodes{dx, dout}
		},
	}
	if residual == nil {
		return apply(o, x)
	}
	sameShape(o.name, residual.Shape(), shape)
	o.inPlace = 2
	return apply(o, x, residual)
}

// vector is a small weight in float32, nil for an absent one.
func vector(w *Weight) []float32 {
	if w == nil {
		return nil
	}
	return w.Float32()
}

func sameShape(what string, got, want gt.Shape) {
	if !got.Eq(want) {
		panic(fmt.Sprintf("%s: shapes %v and %v differ", what, got, want))
	}
}
