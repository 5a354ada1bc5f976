package kerneltest

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

func attentions(f Functions) []check {
	var checks []check
	for _, s := range []kernels.AttentionShape{
		{B: 1, Heads: 1, Queries: 1, Keys: 1, HeadDim: 1},
		{B: 2, Heads: 3, Queries: 4, Keys: 5, HeadDim: 2},
		{B: 1, Heads: 2, Queries: 7, Keys: 7, HeadDim: 8, Causal: true},
		{B: 1, Heads: 2, Queries: 17, Keys: 77, HeadDim: 40},
		{B: 1, Heads: 1, Queries: 40, Keys: 40, HeadDim: 64, Causal: true},
		{B: 1, Heads: 1, Queries: 9, Keys: 520, HeadDim: 20}, // more than one block of keys
	} {
		s.Scale = float32(1 / math.Sqrt(float64(s.HeadDim)))
		checks = append(checks, attention(f, s)...)
	}
	return checks
}

func attention(f Functions, s kernels.AttentionShape) []check {
	width := s.Heads * s.HeadDim
	queries, keys, stats := s.B*s.Queries*width, s.B*s.Keys*width, s.B*s.Heads*s.Queries
	in := normals(queries, keys, keys)
	for i := range in[0] {
		in[0][i] *= 3 // scores far enough apart for the running maximum to matter
	}
	name := func(kernel string) string { return fmt.Sprintf("%s/%+v", kernel, s) }
	checks := []check{
		{name: name("Attention"), kernel: f.Attention, in: in, out: queries,
			forward:   func(out []float32, in [][]float32) { f.Attention(out, nil, in[0], in[1], in[2], s) },
			reference: func(in [][]float64) []float64 { return newHeads(in, s).out },
			gradients: attentionGradients(f, s, queries, stats)},
		{name: name("Attention log-sum-exp"), kernel: f.Attention, in: in, out: stats,
			forward: func(lse []float32, in [][]float32) {
				f.Attention(make([]float32, queries), lse, in[0], in[1], in[2], s)
			},
			reference: func(in [][]float64) []float64 { return newHeads(in, s).lse }},
		tokenAttention(f, s, in),
	}
	return checks
}

// attentionGradients asks for the gradient of each operand alone, without a log-sum-exp, and together with the others,
// with one.
func attentionGradients(f Functions, s kernels.AttentionShape, queries, stats int) []gradient {
	var gradients []gradient
	for of := range 3 {
		reference := func(in [][]float64, dy []float64) []float64 { return newHeads(in, s).gradients(dy)[of] }
		if s.B*s.Heads*s.Queries*s.Keys <= 120 {
			reference = nil // small enough for finite differences
		}
		run := func(together bool) func(dx, dy []float32, in [][]float32) {
			return func(dx, dy []float32, in [][]float32) {
				out, lse := make([]float32, queries), make([]float32, stats)
				f.Attention(out, lse, in[0], in[1], in[2], s)
				d := make([][]float32, 3)
				if !together {
					lse = nil
				} else {
					for i := range d {
						d[i] = make([]float32, len(in[i]))
					}
				}
				d[of] = dx
				f.AttentionGrad(d[0], d[1], d[2], in[0], in[1], in[2], out, dy, lse, s)
			}
		}
		for _, together := range []bool{false, true} {
			gradients = append(gradients, gradient{of: of, kernel: f.AttentionGrad, run: run(together), reference: reference})
		}
	}
	return gradients
}

// heads is attention by its definition, with every intermediate value.
type heads struct {
	in              [][]float64 // q, k and v
	s               kernels.AttentionShape
	probs, lse, out []float64
}

// each calls f for every head and query (row of probs), query and key, with the offsets of the head's part of the
// query's and the key's row.
func (h *heads) each(f func(row, key, queryAt, keyAt int)) {
	s := h.s
	for row := range s.B * s.Heads * s.Queries {
		b, head, query := row/(s.Heads*s.Queries), row/s.Queries%s.Heads, row%s.Queries
		for key := range s.Keys {
			if s.Causal && key > query {
				continue
			}
			f(row, row*s.Keys+key, ((b*s.Queries+query)*s.Heads+head)*s.HeadDim, ((b*s.Keys+key)*s.Heads+head)*s.HeadDim)
		}
	}
}

// newHeads computes attention of q, k and v; without v the probabilities only.
func newHeads(in [][]float64, s kernels.AttentionShape) *heads {
	rows := s.B * s.Heads * s.Queries
	h := &heads{in: in, s: s, probs: make([]float64, rows*s.Keys), lse: make([]float64, rows), out: make([]float64, len(in[0]))}
	score := func(queryAt, keyAt int) (sum float64) {
		for i := range s.HeadDim {
			sum += in[0][queryAt+i] * in[1][keyAt+i]
		}
		return sum * float64(s.Scale)
	}
	h.each(func(row, at, q, k int) { h.lse[row] += math.Exp(score(q, k)) })
	for row := range h.lse {
		h.lse[row] = math.Log(h.lse[row])
	}
	h.each(func(row, at, q, k int) { h.probs[at] = math.Exp(score(q, k) - h.lse[row]) })
	if len(in) > 2 {
		h.each(func(row, at, q, k int) {
			for i := range s.HeadDim {
				h.out[q+i] += h.probs[at] * in[2][k+i]
			}
		})
	}
	return h
}

// gradients gives dq, dk and dv for dy, the gradient of the result.
func (h *heads) gradients(dy []float64) [3][]float64 {
	var d [3][]float64
	for i := range d {
		d[i] = make([]float64, len(h.in[i]))
	}
	dprob, rowSum := make([]float64, len(h.probs)), make([]float64, len(h.lse))
	h.each(func(row, at, q, k int) {
		for i := range h.s.HeadDim {
			dprob[at] += dy[q+i] * h.in[2][k+i]
			d[2][k+i] += h.probs[at] * dy[q+i]
		}
		rowSum[row] += h.probs[at] * dprob[at]
	})
	h.each(func(row, at, q, k int) {
		dscore := h.probs[at] * (dprob[at] - rowSum[row]) * float64(h.s.Scale)
		for i := range h.s.HeadDim {
			d[0][q+i] += dscore * h.in[1][k+i]
			d[1][k+i] += dscore * h.in[0][q+i]
		}
	})
	return d
}
