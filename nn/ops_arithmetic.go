package nn

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Add returns a + b. Both have one shape.
func Add(a, b *G.Node) *G.Node {
	sameShape("add", a.Shape(), b.Shape())
	return apply(addOp(a.Shape()), a, b)
}

func addOp(shape gt.Shape) *op {
	return &op{
		name: "add", shape: shape, inPlace: 1,
		run:  func(on *kernels.Functions, out, in [][]float32) { on.Add(out[0], in[0], in[1]) },
		grad: func(_ G.Nodes, _, dout *G.Node) G.Nodes { return G.Nodes{dout, dout} },
	}
}

// AddBroadcast adds t [B, C] to every position of x [B, N, C].
func AddBroadcast(x, t *G.Node) *G.Node {
	b, n, c := dims3("add broadcast", x)
	sameShape("add broadcast", t.Shape(), gt.Shape{b, c})
	return apply(&op{
		name: "add broadcast", shape: x.Shape(), inPlace: 1,
		run: func(on *kernels.Functions, out, in [][]float32) { on.AddRows(out[0], in[0], in[1], b, n, c) },
		grad: func(_ G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{dout, apply(&op{
				name: "add broadcast gradient", shape: gt.Shape{b, c},
				run: func(on *kernels.Functions, out, in [][]float32) { on.SumRows(out[0], in[0], b, n, c) },
			}, dout)}
		},
	}, x, t)
}

// Mul returns a ⊙ b, element by element. Both have one shape.
func Mul(a, b *G.Node) *G.Node {
	sameShape("multiply", a.Shape(), b.Shape())
	return apply(&op{
		name: "multiply", shape: a.Shape(), inPlace: 1,
		run:  func(on *kernels.Functions, out, in [][]float32) { on.Mul(out[0], in[0], in[1]) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes { return G.Nodes{Mul(dout, in[1]), Mul(dout, in[0])} },
	}, a, b)
}

// Affine returns factor·x + offset.
func Affine(x *G.Node, factor, offset float32) *G.Node {
	return elementwise(fmt.Sprintf("affine %g·x%+g", factor, offset), x,
		func(on *kernels.Functions, out, x []float32) { on.Affine(out, x, factor, offset) },
		func(on *kernels.Functions, dx, dy, _ []float32) { on.Scale(dx, dy, factor) })
}

// Scale returns factor·x.
func Scale(x *G.Node, factor float32) *G.Node {
	return apply(&op{
		name: fmt.Sprintf("scale %g", factor), shape: x.Shape(), inPlace: 1,
		run:  func(on *kernels.Functions, out, in [][]float32) { on.Scale(out[0], in[0], factor) },
		grad: func(_ G.Nodes, _, dout *G.Node) G.Nodes { return G.Nodes{Scale(dout, factor)} },
	}, x)
}

// AffineChannels returns factor[c]·x[…, c] + offset[c] with constant coefficients,
// as in the normalisation of colours.
func AffineChannels(x *G.Node, factor, offset []float32) *G.Node {
	shape, rows, c := rowsOf("affine", x)
	if c != len(factor) || c != len(offset) {
		panic(fmt.Sprintf("affine: %d factors and %d offsets for %d channels", len(factor), len(offset), c))
	}
	zero := make([]float32, len(offset))
	return apply(&op{
		name: "affine channels", shape: shape, inPlace: 1,
		run: func(on *kernels.Functions, out, in [][]float32) {
			on.AffineChannels(out[0], in[0], on.Constant(factor), on.Constant(offset), rows, c)
		},
		grad: func(_ G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{AffineChannels(dout, factor, zero)}
		},
	}, x)
}

// scaleBy is s·x for a scalar node s.
func scaleBy(s, x *G.Node) *G.Node {
	return apply(&op{
		name: "scale by", shape: x.Shape(),
		run: func(on *kernels.Functions, out, in [][]float32) { on.ScaleBy(out[0], in[0], in[1]) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{Dot(in[1], dout), scaleBy(in[0], dout)}
		},
	}, s, x)
}

// MulConstant returns x ⊙ values for values that never change, such as a mask.
func MulConstant(x *G.Node, values []float32) *G.Node {
	if n := x.Shape().TotalSize(); n != len(values) {
		panic(fmt.Sprintf("multiply: %d constants for shape %v", len(values), x.Shape()))
	}
	return apply(&op{
		name: "multiply by constants", shape: x.Shape(), inPlace: 1,
		run:  func(on *kernels.Functions, out, in [][]float32) { on.Mul(out[0], in[0], on.Constant(values)) },
		grad: func(_ G.Nodes, _, dout *G.Node) G.Nodes { return G.Nodes{MulConstant(dout, values)} },
	}, x)
}

// AddConstant returns x + values for values that never change.
func AddConstant(x *G.Node, values []float32) *G.Node {
	if n := x.Shape().TotalSize(); n != len(values) {
		panic(fmt.Sprintf("add: %d constants for shape %v", len(values), x.Shape()))
	}
	return apply(&op{
		name: "add constants", shape: x.Shape(), inPlace: 1,
		run:  func(on *kernels.Functions, out, in [][]float32) { on.Add(out[0], in[0], on.Constant(values)) },
		grad: func(_ G.Nodes, _, dout *G.Node) G.Nodes { return G.Nodes{dout} },
	}, x)
}
