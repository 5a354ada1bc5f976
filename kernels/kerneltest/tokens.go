package kerneltest

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// tokenAttention checks the probabilities of some keys, one of them named twice, against columns of the whole matrix.
func tokenAttention(f Functions, s kernels.AttentionShape, in [][]float32) check {
	tokens := []int{s.Keys - 1, s.Keys / 2, s.Keys - 1}
	reference := func(in [][]float64) []float64 {
		probs := newHeads(in, s).probs
		var p []float64
		for at := 0; at < len(probs); at += s.Keys {
			for _, j := range tokens {
				p = append(p, probs[at+j])
			}
		}
		return p
	}
	c := check{
		name: fmt.Sprintf("AttentionTokens/%+v", s), kernel: f.AttentionTokens, in: in[:2],
		out:       s.B * s.Heads * s.Queries * len(tokens),
		forward:   func(p []float32, in [][]float32) { f.AttentionTokens(p, in[0], in[1], tokens, s) },
		reference: reference,
	}
	if s.Keys == 1 {
		return c // the gradient is 0, of differences that are all rounding
	}
	for of := range 2 {
		run := func(together bool) func(dx, dy []float32, in [][]float32) {
			return func(dx, dy []float32, in [][]float32) {
				d := make([][]float32, 2)
				if together {
					d[1-of] = make([]float32, len(in[1-of]))
				}
				d[of] = dx
				f.AttentionTokensGrad(d[0], d[1], in[0], in[1], dy, tokens, s)
			}
		}
		of := gradient{of: of, kernel: f.AttentionTokensGrad, reference: func(in [][]float64, dy []float64) []float64 {
			return newHeads(in, s).tokenGradients(dy, tokens)[of]
		}}
		if s.B*s.Heads*s.Queries*s.Keys <= 120 {
			of.reference = nil // small enough for finite differences
		}
		for _, together := range []bool{false, true} {
			of.run = run(together)
			c.gradients = append(c.gradients, of)
		}
	}
	return c
}

// tokenGradients gives dq and dk for dp, the gradient of the tokens' probabilities.
func (h *heads) tokenGradients(dp []float64, tokens []int) [2][]float64 {
	d := [2][]float64{make([]float64, len(h.in[0])), make([]float64, len(h.in[1]))}
	dprob, rowSum := make([]float64, len(h.probs)), make([]float64, len(h.lse))
	for row := range h.lse {
		for t, j := range tokens {
			at := row*h.s.Keys + j
			dprob[at] += dp[row*len(tokens)+t]
			rowSum[row] += h.probs[at] * dp[row*len(tokens)+t]
		}
	}
	h.each(func(row, at, q, k int) {
		dscore := h.probs[at] * (dprob[at] - rowSum[row]) * float64(h.s.Scale)
		for i := range h.s.HeadDim {
			d[0][q+i] += dscore * h.in[1][k+i]
			d[1][k+i] += dscore * h.in[0][q+i]
		}
	})
	return d
}
