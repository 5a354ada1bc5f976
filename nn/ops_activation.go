package nn

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
)

// elementwise is an operation on each number of x, with its gradient as a
// function of dy and x.
func elementwise(name string, x *G.Node, f func(out, x []float32), df func(dx, dy, x []float32)) *G.Node {
	return apply(&op{
		name: name, shape: x.Shape(), inPlace: 1,
		run: func(out, in [][]float32) { f(out[0], in[0]) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: name + " gradient", shape: x.Shape(), inPlace: 1,
				run: func(out, in [][]float32) { df(out[0], in[0], in[1]) },
			}, dout, in[0])}
		},
	}, x)
}

// SiLU is x·sigmoid(x).
func SiLU(x *G.Node) *G.Node { return elementwise("silu", x, kernels.SiLUForward, kernels.SiLUGrad) }

// GELU is x·Φ(x) with the exact error function.
func GELU(x *G.Node) *G.Node { return elementwise("gelu", x, kernels.GELU, kernels.GELUGrad) }

// QuickGELU is x·sigmoid(1.702·x), the activation of OpenAI's CLIP.
func QuickGELU(x *G.Node) *G.Node {
	return elementwise("quick gelu", x, kernels.QuickGELU, kernels.QuickGELUGrad)
}

// ReLU is max(x, 0); its gradient at 0 is 0.
func ReLU(x *G.Node) *G.Node {
	return elementwise("relu", x,
		func(out, x []float32) {
			for i, v := range x {
				out[i] = max(v, 0)
			}
		},
		func(dx, dy, x []float32) {
			for i, v := range x {
				if v > 0 {
					dx[i] = dy[i]
				} else {
					dx[i] = 0
				}
			}
		})
}

// GEGLU halves the last axis: the first half times the GELU of the second
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
		run: func(out, in [][]float32) { kernels.GEGLU(out[0], in[0], rows, n) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "geglu gradient", shape: in[0].Shape(),
				run: func(out, in [][]float32) { kernels.GEGLUGrad(out[0], in[0], in[1], rows, n) },
			}, dout, in[0])}
		},
	}, x)
}

// Softmax is exp(x) divided by its sum over the last axis.
func Softmax(x *G.Node) *G.Node {
	shape, rows, n := rowsOf("softmax", x)
	return apply(&op{
		name: "softmax", shape: shape, inPlace: 1,
		run: func(out, in [][]float32) { kernels.Softmax(out[0], in[0], rows, n) },
		grad: func(_ G.Nodes, y, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "softmax gradient", shape: shape, inPlace: 1,
				run: func(out, in [][]float32) { kernels.SoftmaxGrad(out[0], in[0], in[1], rows, n) },
			}, dout, y)}
		},
	}, x)
}

// Clamp limits x to [lo, hi]; outside, the gradient is 0.
func Clamp(x *G.Node, lo, hi float32) *G.Node {
	return elementwise(fmt.Sprintf("clamp to [%g, %g]", lo, hi), x,
		func(out, x []float32) {
			for i, v := range x {
				out[i] = min(max(v, lo), hi)
			}
		},
		func(dx, dy, x []float32) {
			for i, v := range x {
				if lo <= v && v <= hi {
					dx[i] = dy[i]
				} else {
					dx[i] = 0
				}
			}
		})
}
