package kernels

import (
	"math"

	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// AttentionGrad sets dq, dk and dv to the gradients of [Precision.Attention] with
// respect to q, k and v, given its result out and dout, the gradient with
// respect to out. Any of dq, dk and dv may be nil, and the work for it is
// skipped. lse is what Attention returned there; nil means that it is computed.
//
// The probabilities P are recomputed from q, k and lse, in tiles:
//
//	dV = Pᵀ·dOut   dS = P∘(dOut·Vᵀ - Δ)   dQ = Scale·dS·K   dK = Scale·dSᵀ·Q
//
// with Δ the sum of dOut∘out over each row (Dao et al., "FlashAttention",
// 2022, appendix B).
func (p Precision) AttentionGrad(dq, dk, dv, q, k, v, out, dout, lse []float32, s AttentionShape) {
	const op = "AttentionGrad"
	s.check(op, q, k, v)
	wantLen(op, "out", out, len(q))
	wantLen(op, "dout", dout, len(q))
	wantOptional(op, "dq", dq, len(q))
	wantOptional(op, "dk", dk, len(k))
	wantOptional(op, "dv", dv, len(v))
	wantOptional(op, "lse", lse, s.B*s.Heads*s.Queries)
	with := p.primitives(s)
	if lse == nil {
		lse = make([]float32, s.B*s.Heads*s.Queries)
		s.forward(with, nil, lse, q, k, nil)
	}
	scaled := s.scaled(q, s.Scale*math.Log2E)
	defer scaled.Free()
	g := attentionGrad{q: q, scaled: scaled.Numbers, k: k, v: v, dout: dout, lse: lse, delta: s.delta(out, dout)}
	if dk == nil && dv == nil {
		if dq != nil {
			s.overQueries(with, func(h head, w *scratch, lo, hi int) {
				h.gradQueries(w, dq[h.queries:], g.of(h), lo, hi)
			})
		}
		return
	}
	s.gradAll(with, dq, dk, dv, g)
}

// attentionGrad is what every part of the gradient reads.
type attentionGrad struct {
	q, scaled, k, v, dout []float32 // scaled is q times Scale·log₂e
	lse, delta            []float32
}

// of is the operands from the first row of a head on.
func (g attentionGrad) of(h head) attentionGrad {
	return attentionGrad{
		q: g.q[h.queries:], scaled: g.scaled[h.queries:], dout: g.dout[h.queries:], k: g.k[h.keys:], v: g.v[h.keys:],
		lse: g.lse[h.stats:], delta: g.delta[h.stats:],
	}
}

// delta is Σ dout∘out of each row of each head, [B, Heads, Queries].
func (s AttentionShape) delta(out, dout []float32) []float32 {
	d := make([]float32, s.B*s.Heads*s.Queries)
	Range(s.B*s.Queries, fewQueries, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			for n := range s.Heads {
				at := (r*s.Heads + n) * s.HeadDim
				d[(r/s.Queries*s.Heads+n)*s.Queries+r%s.Queries] = vec.Dot(dout[at:][:s.HeadDim], out[at:][:s.HeadDim])
			}
		}
	})
	return d
}

// The scores less lse, and dOut·Vᵀ less Δ, come out of one product each,
// because its operands carry lse or Δ as one more element against ones. A pair
// holds what is lost when its first number is rounded as its second one.

// gradQueries computes dq alone for queries lo to hi-1.
func (h head) gradQueries(w *scratch, dq []float32, g attentionGrad, lo, hi int) {
	acc := grow(&w.result, (hi-lo)*h.ldo)
	clear(acc)
	p, ds := grow(&w.scores, h.p.Rows*h.lds), grow(&w.scores2, h.p.Rows*h.lds)
	qs, douts := h.packQueries(w, g, lo, hi-lo)
	for k0 := 0; k0 < h.seen(hi-1); k0 += h.block {
		keys := min(h.block, h.Keys-k0)
		kc := h.packExtended(&w.columns, g.k[k0*h.stride:], keys)
		vc := h.packExtended(&w.columns2, g.v[k0*h.stride:], keys)
		kr := h.packRows(w, g.k[k0*h.stride:], keys)
		h.rowBlocks(lo, hi, func(r, rows int) {
			depth, at := h.extended, (r-lo)*h.lda
			h.p.Multiply(p, h.lds, qs[at:], h.lda, kc, depth*h.p.Cols, depth, nil, 0, rows, keys)
			h.p.Multiply(ds, h.lds, douts[at:], h.lda, vc, depth*h.p.Cols, depth, nil, 0, rows, keys)
			h.hide(p, r, rows, k0, keys)
			for i := range rows {
				h.p.ExpMul(p[i*h.lds:][:roundUp(keys, expUnit)], ds[i*h.lds:])
			}
			h.accumulate(acc[(r-lo)*h.ldo:], ds, kr, rows, keys)
		})
	}
	for r := lo; r < hi; r++ {
		vec.Scale(dq[r*h.stride:][:h.HeadDim], acc[(r-lo)*h.ldo:][:h.HeadDim], h.Scale)
	}
}

// packQueries packs n rows of scaled queries and of dout from row r on, with -lse
// (to base 2) and -Δ as their last elements.
func (h head) packQueries(w *scratch, g attentionGrad, r, n int) (q, dout []float32) {
	q = h.packLeft(&w.left, g.scaled[r*h.stride:], h.stride, n)
	dout = h.packLeft(&w.left2, g.dout[r*h.stride:], h.stride, n)
	for i := range n {
		at := i*h.lda + h.filled(h.HeadDim)
		q[at], dout[at] = h.p.Element(-g.lse[r+i]*math.Log2E), h.p.Element(-g.delta[r+i])
	}
	return q, dout
}

// packExtended packs n rows of x as columns of a right operand, with a row of
// ones below.
func (h head) packExtended(dst *[]float32, x []float32, n int) []float32 {
	b := h.packColumns(dst, x, h.stride, n, h.extended)
	ones := h.p.Ones()
	for panel := range h.p.Panels(n) {
		row := b[(panel*h.extended+h.filled(h.HeadDim))*h.p.Cols:]
		for j := range h.p.Cols {
			row[j] = ones
		}
	}
	return b
}
