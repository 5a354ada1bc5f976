package nn

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// groupNorm normalises x [B, H·W, C] over positions and the channels of each
// group (Wu and He, arXiv 1803.08494), then applies the activation.
func groupNorm(x *G.Node, scale, shift *Weight, groups int, eps float32, act kernels.Activation) *G.Node {
	b, hw, c := dims3("group norm "+scale.Name(), x)
	if c != scale.Shape()[0] || c%groups != 0 {
		panic(fmt.Sprintf("group norm %s: %d channels, want %d in %d groups", scale.Name(), c, scale.Shape()[0], groups))
	}
	return apply(&op{
		name: "group norm " + scale.Name(), shape: x.Shape(), inPlace: 1,
		run: func(on *kernels.Functions, out, in [][]float32) {
			on.GroupNorm(out[0], in[0], vector(on, scale), vector(on, shift), b, hw, c, groups, eps, act)
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "group norm gradient " + scale.Name(), shape: in[0].Shape(), inPlace: 1,
				run: func(on *kernels.Functions, out, in [][]float32) {
					on.GroupNormGrad(out[0], in[0], in[1], vector(on, scale), vector(on, shift), b, hw, c, groups, eps, act)
				},
			}, dout, in[0])}
		},
	}, x)
}

// layerNorm normalises the last axis of x (Ba et al., arXiv 1607.06450).
func layerNorm(x *G.Node, scale, shift *Weight, eps float32) *G.Node {
	shape, rows, c := rowsOf("layer norm "+scale.Name(), x)
	if c != scale.Shape()[0] {
		panic(fmt.Sprintf("layer norm %s: %d channels, want %d", scale.Name(), c, scale.Shape()[0]))
	}
	return apply(&op{
		name: "layer norm " + scale.Name(), shape: shape, inPlace: 1,
		run: func(on *kernels.Functions, out, in [][]float32) {
			on.LayerNorm(out[0], in[0], vector(on, scale), vector(on, shift), rows, c, eps)
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "layer norm gradient " + scale.Name(), shape: in[0].Shape(), inPlace: 1,
				run: func(on *kernels.Functions, out, in [][]float32) {
					on.LayerNormGrad(out[0], in[0], in[1], vector(on, scale), rows, c, eps)
				},
			}, dout, in[0])}
		},
	}, x)
}

// UnitVectors returns x with the vectors along its last axis divided by their Euclidean length, to which epsilon is
// added, and each of their numbers multiplied by a constant: factor has one for each channel. It has no gradient.
func UnitVectors(x *G.Node, factor []float32, epsilon float32) *G.Node {
	shape, rows, c := rowsOf("unit vectors", x)
	if c != len(factor) {
		panic(fmt.Sprintf("unit vectors: %d factors for %d channels", len(factor), c))
	}
	return apply(&op{
		name: "unit vectors", shape: shape, inPlace: 1,
		host: func(out, in [][]float32) { kernels.UnitRows(out[0], in[0], factor, rows, c, epsilon) },
		grad: noGradient("unit vectors"),
	}, x)
}

// rowsOf takes the shape of x apart into rows along its last axis.
func rowsOf(what string, x *G.Node) (shape gt.Shape, rows, n int) {
	shape = x.Shape()
	if len(shape) == 0 || shape.TotalSize() == 0 {
		panic(fmt.Sprintf("%s: shape %v, want at least one axis and no empty one", what, shape))
	}
	n = shape[len(shape)-1]
	return shape, shape.TotalSize() / n, n
}

// dims3 takes the shape of an activation [B, positions, C] apart.
func dims3(what string, x *G.Node) (b, n, c int) {
	s := x.Shape()
	if len(s) != 3 {
		panic(fmt.Sprintf("%s: shape %v, want [batch, positions, channels]", what, s))
	}
	return s[0], s[1], s[2]
}
