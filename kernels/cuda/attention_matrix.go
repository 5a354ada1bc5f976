package cuda

import "github.com/sdgraph/sdgraph/kernels"

// Attention by way of the matrix of probabilities, for heads too large for the kernels that store none.

// gradMath is what gradients are multiplied in: float16 has no numbers as small as they may be.
func (d *Device) gradMath() format {
	if d.math == f16 {
		return f32
	}
	return d.math
}

// head is one head of one batch entry.
type head struct {
	kernels.AttentionShape // of all heads
	d                      *Device
	number                 int
}

// eachHead calls f for one head after another, so that memory for a matrix is that of one head's.
func (d *Device) eachHead(s kernels.AttentionShape, f func(h head)) {
	for i := range s.B * s.Heads {
		f(head{s, d, i})
	}
}

// like is the head's matrix in x, which has n rows of all heads like q.
func (h head) like(x []float32, n int) strided { return h.at(address(x), n) }

func (h head) at(x uintptr, n int) strided {
	width := h.Heads * h.HeadDim
	first := h.number/h.Heads*n*width + h.number%h.Heads*h.HeadDim
	return strided{data: x + uintptr(4*first), row: width, column: 1}
}

// matrix is a matrix of probabilities [Queries, Keys].
func (h head) matrix(p uintptr) strided { return strided{data: p, row: h.Keys, column: 1} }

func (h head) product(math format, out, a, b strided, m, n, k int, scale float32) {
	h.d.products(math, 1, 1, out, a, b, m, n, k, scale)
}

// probs sets p [Queries, Keys], and the head's part of lse [B, Heads, Queries] unless that is 0.
func (h head) probs(math format, p, lse, q, k uintptr) {
	h.product(math, h.matrix(p), h.at(q, h.Queries), h.at(k, h.Keys).transposed(),
		h.Queries, h.Keys, h.HeadDim, h.Scale)
	causal := 0
	if h.Causal {
		causal = h.Queries
	}
	if lse != 0 {
		lse += uintptr(4 * h.number * h.Queries)
	}
	h.d.softmax(p, lse, p, h.Queries, h.Keys, causal)
}

// attentionByMatrix is AttentionWithTokens.
func (d *Device) attentionByMatrix(out, lse, p, q, k, v []float32, tokens []int, s kernels.AttentionShape) {
	d.eachHead(s, func(h head) {
		probs := d.temporary(slotProbs, s.Queries*s.Keys)
		h.probs(d.math, probs, address(lse), address(q), address(k))
		h.product(d.math, h.like(out, s.Queries), h.matrix(probs), h.like(v, s.Keys), s.Queries, s.HeadDim, s.Keys, 1)
		if len(tokens) > 0 {
			h.gather(address(p), probs, tokens)
		}
	})
}

// attentionGradByMatrix is AttentionGrad. Softmax's gradient needs no result of attention.
func (d *Device) attentionGradByMatrix(dq, dk, dv, q, k, v, dout []float32, s kernels.AttentionShape) {
	math := d.gradMath()
	d.eachHead(s, func(h head) {
		probs, dprobs := d.temporary(slotProbs, s.Queries*s.Keys), d.temporary(slotDProbs, s.Queries*s.Keys)
		if s.Queries > 0 {
			h.probs(math, probs, 0, address(q), address(k))
		}
		if dv != nil {
			h.product(math, h.like(dv, s.Keys), h.matrix(probs).transposed(), h.like(dout, s.Queries),
				s.Keys, s.HeadDim, s.Queries, 1)
		}
		if dq != nil || dk != nil {
			h.product(math, h.matrix(dprobs), h.like(dout, s.Queries), h.like(v, s.Keys).transposed(),
				s.Queries, s.Keys, s.HeadDim, 1)
			h.scoresGrad(math, address(dq), address(dk), address(q), address(k), probs, dprobs)
		}
	})
}

// scoresGrad carries dprobs, which it overwrites, to the queries and keys of one head.
func (h head) scoresGrad(math format, dq, dk, q, k, probs, dprobs uintptr) {
	h.d.softmaxGrad(dprobs, dprobs, probs, h.Queries, h.Keys)
	if dq != 0 {
		h.product(math, h.at(dq, h.Queries), h.matrix(dprobs), h.at(k, h.Keys), h.Queries, h.HeadDim, h.Keys, h.Scale)
	}
	if dk != 0 {
		h.product(math, h.at(dk, h.Keys), h.matrix(dprobs).transposed(), h.at(q, h.Queries),
			h.Keys, h.HeadDim, h.Queries, h.Scale)
	}
}

// tokenProbs is AttentionTokens of one head.
func (h head) tokenProbs(p, q, k uintptr, tokens []int) {
	probs := h.d.temporary(slotProbs, h.Queries*h.Keys)
	h.probs(f32, probs, 0, q, k)
	h.gather(p, probs, tokens)
}

// gather sets the part of p [B, Heads, Queries, len(tokens)] that is one head's.
func (h head) gather(p, probs uintptr, tokens []int) {
	n := h.Queries * len(tokens)
	h.d.overElements("gather_columns", n, p+uintptr(4*h.number*n), probs, h.d.list(tokens), int32(len(tokens)),
		int64(h.Queries), int32(h.Keys))
}

// tokensGrad is AttentionTokensGrad of one head.
func (h head) tokensGrad(dq, dk, q, k, dp uintptr, tokens []int) {
	n := h.Queries * h.Keys
	probs, dprobs := h.d.temporary(slotProbs, n), h.d.temporary(slotDProbs, n)
	if h.Queries > 0 {
		h.probs(f32, probs, 0, q, k)
		h.d.overElements("scatter_columns", n, dprobs, dp+uintptr(4*h.number*h.Queries*len(tokens)), h.d.list(tokens),
			int32(len(tokens)), int64(h.Queries), int32(h.Keys))
	}
	h.scoresGrad(f32, dq, dk, q, k, probs, dprobs)
}
