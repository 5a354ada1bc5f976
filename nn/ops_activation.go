package nn

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
)

// elementwise is an operation on each number of x, with its gradient as a
// function of dy and x.
func elementwise(name string, x *G.Node, f func(on *kernels.Functions, out, x []float32),
	df func(on *kernels.Functions, dx, dy, x []float32)) *G.Node {
	return apply(&op{
		name: name, shape: x.Shape(), inPlace: 1,
		run: func(on *kernels.Functions, out, in [][]float32) { f(on, out[0], in[0]) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: name + " gradient", shape: x.Shape(), inPlace: 1,
				run: func(on *kernels.Functions, out, in [][]float32) { df(on, out[0], in[0], in[1]) },
			}, dout, in[0])}
		},
	}, x)
}

// SiLU returns x·sigmoid(x).
func SiLU(x *G.Node) *G.Node {
	return elementwise("silu", x,
		func(on *kernels.Functions, out, x []float32) { on.SiLUForward(out, x) },
		func(on *kernels.Functions, dx, dy, x []float32) { on.SiLUGrad(dx, dy, x) })
}

// GELU returns x·Φ(x) with the exact error function.
func GELU(x *G.Node) *G.Node {
	return elementwise("gelu", x,
		func(on *kernels.Functions, out, x []float32) { on.GELU(out, x) },
		func(on *kernels.Functions, dx, dy, x []float32) { on.GELUGrad(dx, dy, x) })
}

// QuickGELU returns x·sigmoid(1.702·x), the activation of OpenAI's CLIP.
func QuickGELU(x *G.Node) *G.Node {
	return elementwise("quick gelu", x,
		func(on *kernels.Functions, out, x []float32) { on.QuickGELU(out, x) },
		func(on *kernels.Functions, dx, dy, x []float32) { on.QuickGELUGrad(dx, dy, x) })
}

// ReLU returns max(x, 0); its gradient at 0 is 0.
func ReLU(x *G.Node) *G.Node {
	least, inf := math.Nextafter32(0, 1), float32(math.Inf(1))
	return elementwise("relu", x,
		func(on *kernels.Functions, out, x []float32) { on.Clamp(out, x, 0, inf) },
		func(on *kernels.Functions, dx, dy, x []float32) { on.ClampGrad(dx, dy, x, least, inf) })
}

// GEGLU returns the first half of the last axis times the GELU of the second half
// (Shazeer, arXiv 2002.05202, in the order of diffusers).
func GEGLU(x *G.Node) *G.Node {
	shape, rows, c := rowsOf("geglu", x)
	if c%2 != 0 {
		panic(fmt.Sprintf("geglu: odd number of channels in %v", shape))
	}
	n := c / 2
	shape[len(shape)-1] = n
	return apply(&op{
		name: "geglu", shape: shape,
		run: func(on *kernels.Functions, out, in [][]float32) { on.GEGLU(out[0], in[0], rows, n) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "geglu gradient", shape: in[0].Shape(),
				run: func(on *kernels.Functions, out, in [][]float32) { on.GEGLUGrad(out[0], in[0], in[1], rows, n) },
			}, dout, in[0])}
		},
	}, x)
}

// Softmax returns exp(x) divided by its sum over the last axis.
func Softmax(x *G.Node) *G.Node {
	shape, rows, n := rowsOf("softmax", x)
	return apply(&op{
		name: "softmax", shape: shape, inPlace: 1,
		run: func(on *kernels.Functions, out, in [][]float32) { on.Softmax(out[0], in[0], rows, n) },
		grad: func(_ G.Nodes, y, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "softmax gradient", shape: shape, inPlace: 1,
				run: func(on *kernels.Functions, out, in [][]float32) { on.SoftmaxGrad(out[0], in[0], in[1], rows, n) },
			}, dout, y)}
		},
	}, x)
}

// Clamp returns x limited to [lo, hi]; outside, the gradient is 0.
func Clamp(x *G.Node, lo, hi float32) *G.Node {
	return elementwise(fmt.Sprintf("clamp to [%g, %g]", lo, hi), x,
		func(on *kernels.Functions, out, x []float32) { on.Clamp(out, x, lo, hi) },
		func(on *kernels.Functions, dx, dy, x []float32) { on.ClampGrad(dx, dy, x, lo, hi) })
}
