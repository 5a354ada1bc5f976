package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Attention returns softmax(q·kᵀ/√d)·v for each head, as one operation that never
// stores the probabilities. q is [B, Nq, heads·d], k and v are [B, Nk, heads·d];
// with causal, position i sees keys 0…i only.
func Attention(q, k, v *G.Node, heads int, causal bool) *G.Node {
	s := attentionShape(q, k, v, heads, causal)
	rows := s.B * s.Heads * s.Queries
	each := productOf(s)
	return apply(&op{
		name: fmt.Sprintf("attention of %d heads", heads), shape: q.Shape(), extras: []int{rows}, flops: 2 * each,
		run: func(on *kernels.Functions, out, in [][]float32) { on.Attention(out[0], out[1], in[0], in[1], in[2], s) },
		grad: func(in G.Nodes, out, dout *G.Node) G.Nodes {
			dq := apply(&op{
				name: "attention gradient", shape: in[0].Shape(), flops: 5 * each,
				extras: []int{in[1].Shape().TotalSize(), in[2].Shape().TotalSize()},
				extra:  &extra{input: 3, index: 1},
				run: func(on *kernels.Functions, out, in [][]float32) {
					on.AttentionGrad(out[0], out[1], out[2], in[0], in[1], in[2], in[3], in[4], in[5], s)
				},
			}, in[0], in[1], in[2], out, dout)
			return G.Nodes{dq, pick(dq, 1, in[1].Shape()), pick(dq, 2, in[2].Shape())}
		},
	}, q, k, v)
}

// AttentionScores returns scale·q·kᵀ for each head: [B, heads, Nq, Nk]. Masked
// entries of causal attention are -Inf.
func AttentionScores(q, k *G.Node, heads int, causal bool) *G.Node {
	s := attentionShape(q, k, k, heads, causal)
	n := scores(q, k, s, s.Scale)
	if !causal {
		return n
	}
	return apply(&op{
		name: "causal mask", shape: n.Shape(), inPlace: 1,
		host: func(out, in [][]float32) {
			copy(out[0], in[0])
			for at := 0; at < len(out[0]); at += s.Keys {
				i := at / s.Keys % s.Queries
				for j := i + 1; j < s.Keys; j++ {
					out[0][at+j] = float32(math.Inf(-1))
				}
			}
		},
		grad: func(_ G.Nodes, _, dout *G.Node) G.Nodes { return G.Nodes{dout} },
	}, n)
}

// AttentionProbs returns the softmax of AttentionScores over the keys, for hooks:
// AttentionMix makes Attention's result of it.
func AttentionProbs(q, k *G.Node, heads int, causal bool) *G.Node {
	return Softmax(AttentionScores(q, k, heads, causal))
}

// AttentionTokenProbs returns AttentionProbs for the keys that tokens number alone,
// [B, heads, Nq, len(tokens)], in that order. The rest is never stored: the backward
// pass recomputes it.
func AttentionTokenProbs(q, k *G.Node, heads int, causal bool, tokens ...int) *G.Node {
	s := attentionShape(q, k, k, heads, causal)
	if len(tokens) == 0 {
		panic("attention to no tokens: name at least one")
	}
	for _, j := range tokens {
		if j < 0 || j >= s.Keys {
			panic(fmt.Sprintf("attention to token %d, want 0 to %d", j, s.Keys-1))
		}
	}
	tokens = slices.Clone(tokens)
	each := productOf(s)
	return apply(&op{
		name: fmt.Sprintf("attention to tokens %v", tokens), flops: each,
		shape: gt.Shape{s.B, s.Heads, s.Queries, len(tokens)},
		run:   func(on *kernels.Functions, out, in [][]float32) { on.AttentionTokens(out[0], in[0], in[1], tokens, s) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			dq := apply(&op{
				name: "token attention gradient", shape: in[0].Shape(), flops: 4 * each,
				extras: []int{in[1].Shape().TotalSize()},
				run: func(on *kernels.Functions, out, in [][]float32) {
					on.AttentionTokensGrad(out[0], out[1], in[0], in[1], in[2], tokens, s)
				},
			}, in[0], in[1], dout)
			return G.Nodes{dq, pick(dq, 1, in[1].Shape())}
		},
	}, q, k)
}

// AttentionMix returns p·v for each head: p [B, heads, Nq, Nk] and v [B, Nk,
// heads·d] give [B, Nq, heads·d].
func AttentionMix(p, v *G.Node) *G.Node {
	ps := p.Shape()
	b, keys, c := dims3("attention values", v)
	if len(ps) != 4 || ps[0] != b || ps[3] != keys || c%ps[1] != 0 {
		panic(fmt.Sprintf("attention: probabilities %v do not fit values %v", ps, v.Shape()))
	}
	s := kernels.AttentionShape{B: b, Heads: ps[1], Queries: ps[2], Keys: keys, HeadDim: c / ps[1]}
	return mix(p, v, s, 1)
}

func attentionShape(q, k, v *G.Node, heads int, causal bool) kernels.AttentionShape {
	b, nq, c := dims3("attention queries", q)
	bk, nk, ck := dims3("attention keys", k)
	sameShape("attention keys and values", v.Shape(), k.Shape())
	if b != bk || c != ck || heads < 1 || c%heads != 0 {
		panic(fmt.Sprintf("attention of %d heads: queries %v do not fit keys %v", heads, q.Shape(), k.Shape()))
	}
	return kernels.AttentionShape{
		B: b, Heads: heads, Queries: nq, Keys: nk, HeadDim: c / heads, Causal: causal,
		Scale: float32(1 / math.Sqrt(float64(c/heads))),
	}
}

// The three products that attention and its gradients are made of. Each one's
// gradient is made of the other two.

// scores is f·x·yᵀ for each head: [B, heads, Nq, Nk].
func scores(x, y *G.Node, s kernels.AttentionShape, f float32) *G.Node {
	return apply(&op{
		name: "attention scores", shape: gt.Shape{s.B, s.Heads, s.Queries, s.Keys}, flops: productOf(s),
		run: func(on *kernels.Functions, out, in [][]float32) {
			on.BatchMatMul(s.B*s.Heads, func(i int) (o, a, b kernels.Matrix) {
				b = head(in[1], s, i, s.Keys)
				b.Trans = true
				return probs(out[0], s, i), head(in[0], s, i, s.Queries), b
			}, s.Queries, s.Keys, s.HeadDim, f)
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{mix(dout, in[1], s, f), mixKeys(dout, in[0], s, f)}
		},
	}, x, y)
}

// mix is f·p·y for each head, [B, Nq, C].
func mix(p, y *G.Node, s kernels.AttentionShape, f float32) *G.Node {
	return apply(&op{
		name: "attention mix", shape: gt.Shape{s.B, s.Queries, s.Heads * s.HeadDim}, flops: productOf(s),
		run: func(on *kernels.Functions, out, in [][]float32) {
			on.BatchMatMul(s.B*s.Heads, func(i int) (o, a, b kernels.Matrix) {
				return head(out[0], s, i, s.Queries), probs(in[0], s, i), head(in[1], s, i, s.Keys)
			}, s.Queries, s.HeadDim, s.Keys, f)
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{scores(dout, in[1], s, f), mixKeys(in[0], dout, s, f)}
		},
	}, p, y)
}

// mixKeys is f·pᵀ·x for each head, [B, Nk, C].
func mixKeys(p, x *G.Node, s kernels.AttentionShape, f float32) *G.Node {
	return apply(&op{
		name: "attention mix over queries", shape: gt.Shape{s.B, s.Keys, s.Heads * s.HeadDim}, flops: productOf(s),
		run: func(on *kernels.Functions, out, in [][]float32) {
			on.BatchMatMul(s.B*s.Heads, func(i int) (o, a, b kernels.Matrix) {
				a = probs(in[0], s, i)
				a.Trans = true
				return head(out[0], s, i, s.Keys), a, head(in[1], s, i, s.Queries)
			}, s.Keys, s.HeadDim, s.Queries, f)
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{scores(in[1], dout, s, f), mix(in[0], dout, s, f)}
		},
	}, p, x)
}

// productOf is the work of one of attention's products over every head.
func productOf(s kernels.AttentionShape) int64 {
	return product(s.B*s.Heads*s.Queries, s.Keys, s.HeadDim)
}

// head is the rows of one batch entry and head in x [B, n, heads·d].
func head(x []float32, s kernels.AttentionShape, i, n int) kernels.Matrix {
	c := s.Heads * s.HeadDim
	return kernels.Matrix{Data: x[i/s.Heads*n*c+i%s.Heads*s.HeadDim:], Stride: c}
}

// probs is the matrix of one batch entry and head in p [B, heads, Nq, Nk].
func probs(p []float32, s kernels.AttentionShape, i int) kernels.Matrix {
	n := s.Queries * s.Keys
	return kernels.Matrix{Data: p[i*n : (i+1)*n], Stride: s.Keys}
}
