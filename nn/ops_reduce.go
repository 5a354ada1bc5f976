package nn

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// MeanAxis is the mean over one axis of x, which disappears from the shape.
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

// Dot is the sum of a ⊙ b, a scalar.
func Dot(a, b *G.Node) *G.Node {
	sameShape("dot", a.Shape(), b.Shape())
	return apply(&op{
		name: "dot", shape: gt.ScalarShape(),
		host: func(out, in [][]float32) {
			sum := 0.0
			for i, v := range in[0] {
				sum += float64(v) * float64(in[1][i])
			}
			out[0][0] = float32(sum)
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{scaleBy(dout, in[1]), scaleBy(dout, in[0])}
		},
	}, a, b)
}

// Mean is the mean of all elements, a scalar.
func Mean(x *G.Node) *G.Node {
	n := x.Shape().TotalSize()
	return apply(&op{
		name: "mean", shape: gt.ScalarShape(),
		host: func(out, in [][]float32) {
			sum := 0.0
			for _, v := range in[0] {
				sum += float64(v)
			}
			out[0][0] = float32(sum / float64(n))
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "mean gradient", shape: in[0].Shape(),
				host: func(out, in [][]float32) {
					for i := range out[0] {
						out[0][i] = in[0][0] / float32(n)
					}
				},
			}, dout)}
		},
	}, x)
}

// OneMinusMax is 1 - max(x), a scalar, never below 0: the loss by which
// Attend-and-Excite asks that a token be seen somewhere. Elements that tie for
// the maximum share the gradient evenly, as in torch's max().
func OneMinusMax(x *G.Node) *G.Node {
	one := apply(&op{
		name: "1 - max", shape: gt.ScalarShape(),
		host: func(out, in [][]float32) { m, _ := maximum(in[0]); out[0][0] = 1 - m },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "1 - max gradient", shape: in[0].Shape(),
				host: func(out, in [][]float32) {
					m, ties := maximum(in[1])
					for i, v := range in[1] {
						out[0][i] = 0
						if v == m {
							out[0][i] = -in[0][0] / float32(ties)
						}
					}
				},
			}, dout, in[0])}
		},
	}, x)
	return ReLU(one)
}

func maximum(x []float32) (m float32, ties int) {
	m = float32(math.Inf(-1))
	for _, v := range x {
		switch {
		case v > m:
			m, ties = v, 1
		case v == m:
			ties++
		case v != v:
			return v, 1 // NaN wins, so that it is noticed
		}
	}
	return m, ties
}

// Largest is the largest of scalars; the first of several largest gets the
// gradient, as in Python's max.
func Largest(x ...*G.Node) *G.Node {
	best := func(in [][]float32) int {
		b := 0
		for i := range x {
			if in[i][0] > in[b][0] {
				b = i
			}
		}
		return b
	}
	return apply(&op{
		name: "largest", shape: gt.ScalarShape(),
		host: func(out, in [][]float32) { out[0][0] = in[best(in)][0] },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			grads := make(G.Nodes, len(in))
			for i := range in {
				grads[i] = apply(&op{
					name: "largest gradient", shape: gt.ScalarShape(),
					host: func(out, vs [][]float32) {
						out[0][0] = 0
						if best(vs) == i {
							out[0][0] = vs[len(x)][0]
						}
					},
				}, append(append(G.Nodes(nil), in...), dout)...)
			}
			return grads
		},
	}, x...)
}

// CosineSimilarity is the mean over rows of the cosine between a's and b's rows
// (last axis), a scalar; norms are at least 1e-8, as torch's.
func CosineSimilarity(a, b *G.Node) *G.Node {
	sameShape("cosine similarity", a.Shape(), b.Shape())
	shape, rows, c := rowsOf("cosine similarity", a)
	// gradient of row r of u, which has the partner v
	toward := func(i, j int) func(out, in [][]float32) {
		return func(out, in [][]float32) {
			for r := range rows {
				u, v := in[i][r*c:(r+1)*c], in[j][r*c:(r+1)*c]
				cos, nu, nv := cosine(u, v)
				g := float64(in[2][0]) / float64(rows)
				for k := range u {
					out[0][r*c+k] = float32(g * (float64(v[k])/(nu*nv) - cos*float64(u[k])/(nu*nu)))
				}
			}
		}
	}
	return apply(&op{
		name: "cosine similarity", shape: gt.ScalarShape(),
		host: func(out, in [][]float32) {
			sum := 0.0
			for r := range rows {
				cos, _, _ := cosine(in[0][r*c:(r+1)*c], in[1][r*c:(r+1)*c])
				sum += cos
			}
			out[0][0] = float32(sum / float64(rows))
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			grads := make(G.Nodes, 2)
			for i := range grads {
				grads[i] = apply(&op{name: "cosine similarity gradient", shape: shape, host: toward(i, 1-i)}, in[0], in[1], dout)
			}
			return grads
		},
	}, a, b)
}

func cosine(u, v []float32) (cos, nu, nv float64) {
	const epsilon = 1e-8
	var uv, uu, vv float64
	for k := range u {
		x, y := float64(u[k]), float64(v[k])
		uv, uu, vv = uv+x*y, uu+x*x, vv+y*y
	}
	nu, nv = max(math.Sqrt(uu), epsilon), max(math.Sqrt(vv), epsilon)
	return uv / (nu * nv), nu, nv
}
