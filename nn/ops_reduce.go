package nn

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// MeanAxis returns the mean over one axis of x, without that axis.
func MeanAxis(x *G.Node, axis int) *G.Node {
	s := x.Shape()
	if axis < 0 || axis >= len(s) || len(s) < 2 {
		panic(fmt.Sprintf("mean over axis %d of shape %v", axis, s))
	}
	n, inner := s[axis], s[axis+1:].TotalSize()
	outer := s.TotalSize() / (n * inner)
	shape := append(s[:axis:axis], s[axis+1:]...)
	return apply(&op{
		name: fmt.Sprintf("mean over axis %d", axis), shape: shape,
		run: func(on *kernels.Functions, out, in [][]float32) {
			on.Fill(out[0], 0)
			for o := range outer {
				for k := range n {
					at := (o*n + k) * inner
					on.AddScaled(out[0][o*inner:(o+1)*inner], in[0][at:at+inner], 1/float32(n))
				}
			}
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "mean gradient", shape: in[0].Shape(),
				run: func(on *kernels.Functions, out, in [][]float32) {
					for i := range outer * n {
						on.Scale(out[0][i*inner:(i+1)*inner], in[0][i/n*inner:(i/n+1)*inner], 1/float32(n))
					}
				},
			}, dout)}
		},
	}, x)
}

// Dot returns the sum of a ⊙ b, a scalar. Both have one shape.
func Dot(a, b *G.Node) *G.Node {
	sameShape("dot", a.Shape(), b.Shape())
	return apply(&op{
		name: "dot", shape: gt.ScalarShape(),
		run: func(on *kernels.Functions, out, in [][]float32) { on.Dot(out[0], in[0], in[1]) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{scaleBy(dout, in[1]), scaleBy(dout, in[0])}
		},
	}, a, b)
}

// Mean returns the mean of all elements, a scalar.
func Mean(x *G.Node) *G.Node {
	return apply(&op{
		name: "mean", shape: gt.ScalarShape(),
		run: func(on *kernels.Functions, out, in [][]float32) { on.Mean(out[0], in[0]) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "mean gradient", shape: in[0].Shape(),
				run: func(on *kernels.Functions, out, in [][]float32) { on.MeanGrad(out[0], in[0]) },
			}, dout)}
		},
	}, x)
}

// OneMinusMax returns 1 - max(x), a scalar. Elements that tie for the maximum share the
// gradient evenly, as in torch's max().
func OneMinusMax(x *G.Node) *G.Node {
	return apply(&op{
		name: "1 - max", shape: gt.ScalarShape(),
		run: func(on *kernels.Functions, out, in [][]float32) { on.OneMinusMax(out[0], in[0]) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "1 - max gradient", shape: in[0].Shape(),
				run: func(on *kernels.Functions, out, in [][]float32) { on.OneMinusMaxGrad(out[0], in[0], in[1]) },
			}, dout, in[0])}
		},
	}, x)
}

// Largest returns the largest of scalars. Of several largest, the first has the
// gradient, as with Python's max.
func Largest(x ...*G.Node) *G.Node {
	return apply(&op{
		name: "largest", shape: gt.ScalarShape(),
		run: func(on *kernels.Functions, out, in [][]float32) { on.Largest(out[0], in) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			grads := make(G.Nodes, len(in))
			for i := range in {
				grads[i] = apply(&op{
					name: "largest gradient", shape: gt.ScalarShape(),
					run: func(on *kernels.Functions, out, in [][]float32) { on.LargestGrad(out[0], in[0], in[1:], i) },
				}, append(G.Nodes{dout}, in...)...)
			}
			return grads
		},
	}, x...)
}

// CosineSimilarity returns the mean over rows of the cosine between a's and b's rows
// (last axis), a scalar; norms are at least 1e-8, as torch's.
func CosineSimilarity(a, b *G.Node) *G.Node {
	sameShape("cosine similarity", a.Shape(), b.Shape())
	shape, rows, c := rowsOf("cosine similarity", a)
	return apply(&op{
		name: "cosine similarity", shape: gt.ScalarShape(),
		run: func(on *kernels.Functions, out, in [][]float32) { on.CosineSimilarity(out[0], in[0], in[1], rows, c) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			grads := make(G.Nodes, 2)
			for i := range grads {
				grads[i] = apply(&op{
					name: "cosine similarity gradient", shape: shape,
					run: func(on *kernels.Functions, out, in [][]float32) {
						on.CosineSimilarityGrad(out[0], in[0], in[1], in[2], rows, c)
					},
				}, dout, in[i], in[1-i])
			}
			return grads
		},
	}, a, b)
}
