package kernels

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// AttentionTokens sets p [B, Heads, Queries, len(tokens)] to the probabilities,
// softmax(Scale·q·kᵀ), with which each query attends to the keys that tokens
// number. The rest of them is never stored.
func AttentionTokens(p, q, k []float32, tokens []int, s AttentionShape) {
	const op = "AttentionTokens"
	s.check(op, q, k, k)
	s.checkTokens(op, tokens)
	rows := s.B * s.Heads * s.Queries
	wantLen(op, "p", p, rows*len(tokens))
	lse := make([]float32, rows)
	s.forward(gemm.Current(), nil, lse, q, k, nil)
	s.tokens(p, lse, q, k, tokens)
}

// AttentionTokensGrad sets dq and dk, either of which may be nil, to the
// gradients of [AttentionTokens], given dp, that with respect to p.
//
// Softmax couples each chosen key with all others: with g = dp∘p and δ its sum
// over the tokens,
//
//	dQ = Scale·(g·K[tokens] - δ∘(P·K))   dK = Scale·(gᵀ·Q at the tokens - Pᵀ·(δ∘Q))
//
// P·K and Pᵀ·(δ∘Q) are attention over K in place of V, and its gradient with
// respect to V: neither stores P.
func (p Precision) AttentionTokensGrad(dq, dk, q, k, dp []float32, tokens []int, s AttentionShape) {
	const op = "AttentionTokensGrad"
	s.check(op, q, k, k)
	s.checkTokens(op, tokens)
	rows := s.B * s.Heads * s.Queries
	wantLen(op, "dp", dp, rows*len(tokens))
	wantOptional(op, "dq", dq, len(q))
	wantOptional(op, "dk", dk, len(k))
	lse, g := make([]float32, rows), make([]float32, rows*len(tokens))
	if dq != nil {
		s.forward(gemm.Current(), dq, lse, q, k, k)
	} else {
		s.forward(gemm.Current(), nil, lse, q, k, nil)
	}
	s.tokens(g, lse, q, k, tokens)
	Mul(g, g, dp)
	if dq != nil {
		s.tokensGradQueries(dq, g, k, tokens)
	}
	if dk != nil {
		p.tokensGradKeys(s, dk, g, lse, q, k, tokens)
	}
}

// tokens sets p as AttentionTokens does, from the logarithm of each row's sum
// of exponentials.
func (s AttentionShape) tokens(p, lse, q, k []float32, tokens []int) {
	n := len(tokens)
	s.eachQuery(func(row, at, keys int) {
		for t, j := range tokens {
			p[row*n+t] = 0
			if s.Causal && j > row%s.Queries {
				continue
			}
			score := s.Scale * vec.Dot(q[at:][:s.HeadDim], s.key(k, keys, j))
			p[row*n+t] = float32(math.Exp(float64(score - lse[row])))
		}
	})
}

// tokensGradQueries turns dq, which holds P·K, into the gradient.
func (s AttentionShape) tokensGradQueries(dq, g, k []float32, tokens []int) {
	n := len(tokens)
	s.eachQuery(func(row, at, keys int) {
		d, g := dq[at:][:s.HeadDim], g[row*n:][:n]
		vec.Scale(d, d, -s.Scale*sum(g))
		for t, j := range tokens {
			vec.AddScaled(d, s.key(k, keys, j), s.Scale*g[t])
		}
	})
}

func (p Precision) tokensGradKeys(s AttentionShape, dk, g, lse, q, k []float32, tokens []int) {
	n := len(tokens)
	weighted := make([]float32, len(q))
	s.eachQuery(func(row, at, _ int) {
		vec.Scale(weighted[at:][:s.HeadDim], q[at:][:s.HeadDim], -s.Scale*sum(g[row*n:][:n]))
	})
	// The gradient with respect to V depends on neither V nor the result.
	p.AttentionGrad(nil, nil, dk, q, k, k, weighted, weighted, lse, s)
	width := s.Heads * s.HeadDim
	Parallel(s.B*s.Heads, func(head int) {
		b, first := head/s.Heads, head%s.Heads*s.HeadDim
		for i := range s.Queries {
			x := q[(b*s.Queries+i)*width+first:][:s.HeadDim]
			for t, j := range tokens {
				vec.AddScaled(s.key(dk, b*s.Keys*width+first, j), x, s.Scale*g[(head*s.Queries+i)*n+t])
			}
		}
	})
}

// eachQuery calls f, in parallel, with the number of each row of [B, Heads,
// Queries], and where its query starts in q and its head's first key in k.
func (s AttentionShape) eachQuery(f func(row, at, keys int)) {
	width := s.Heads * s.HeadDim
	Range(s.B*s.Heads*s.Queries, fewQueries, func(lo, hi int) {
		for row := lo; row < hi; row++ {
			head, i := row/s.Queries, row%s.Queries
			b, first := head/s.Heads, head%s.Heads*s.HeadDim
			f(row, (b*s.Queries+i)*width+first, b*s.Keys*width+first)
		}
	})
}

// key is key j of the head whose first key starts at first.
func (s AttentionShape) key(k []float32, first, j int) []float32 {
	return k[first+j*s.Heads*s.HeadDim:][:s.HeadDim]
}

func (s AttentionShape) checkTokens(op string, tokens []int) {
	for _, j := range tokens {
		if j < 0 || j >= s.Keys {
			panic(fmt.Sprintf("kernels: %s: token %d of %d keys", op, j, s.Keys))
		}
	}
}

func sum(v []float32) float32 {
	var total float32
	for _, x := range v {
		total += x
	}
	return total
}
