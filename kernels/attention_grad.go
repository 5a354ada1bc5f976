package kernels

import (
	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// AttentionGrad sets dq, dk and dv to the gradients of [Attention] with
// respect to q, k and v, given its result out and dout, the gradient with
// respect to out. Any of dq, dk and dv may be nil, and the work for it is
// skipped. lse is what Attention returned there; nil means computed here.
//
// The probabilities P are computed again from q, k and lse, in tiles:
//
//	dV = Pᵀ·dOut   dS = P∘(dOut·Vᵀ - Δ)   dQ = Scale·dS·K   dK = Scale·dSᵀ·Q
//
// with Δ the sum of dOut∘out over each row (Dao et al., "FlashAttention",
// 2022, appendix B). dQ is summed per query over all keys and dK and dV per
// key over all queries, so that no two goroutines add to one number.
func AttentionGrad(dq, dk, dv, q, k, v, out, dout, lse []float32, s AttentionShape) {
	const op = "AttentionGrad"
	s.check(op, q, k, v)
	wantLen(op, "out", out, len(q))
	wantLen(op, "dout", dout, len(q))
	wantOptional(op, "dq", dq, len(q))
	wantOptional(op, "dk", dk, len(k))
	wantOptional(op, "dv", dv, len(v))
	wantOptional(op, "lse", lse, s.B*s.Heads*s.Queries)
	if lse == nil {
		lse = make([]float32, s.B*s.Heads*s.Queries)
		s.forward(nil, lse, q, k, nil)
	}
	g := attentionGrad{q: q, k: k, v: v, dout: dout, lse: lse, delta: s.delta(out, dout)}
	if dq != nil {
		s.overHeads(s.Queries, func(h head, w *scratch, lo, hi int) {
			h.gradQueries(w, dq[h.queries:], g.of(h), lo, hi)
		})
	}
	if dk != nil || dv != nil {
		s.overHeads(s.Keys, func(h head, w *scratch, lo, hi int) {
			h.gradKeys(w, cut(dk, h.keys), cut(dv, h.keys), g.of(h), lo, hi)
		})
	}
}

// attentionGrad is what both halves of the gradient read.
type attentionGrad struct{ q, k, v, dout, lse, delta []float32 }

// of is the operands from the first row of a head on.
func (g attentionGrad) of(h head) attentionGrad {
	return attentionGrad{
		q: g.q[h.queries:], dout: g.dout[h.queries:], k: g.k[h.keys:], v: g.v[h.keys:],
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
// because its operands carry lse or Δ as one more column against a row of
// ones.

// gradQueries computes dq for queries lo to hi-1.
func (h head) gradQueries(w *scratch, dq []float32, g attentionGrad, lo, hi int) {
	acc := grow(&w.acc, (hi-lo)*h.ldo)
	clear(acc)
	p, ds := grow(&w.s, h.p.Rows*h.lds), grow(&w.s2, h.p.Rows*h.lds)
	for k0 := 0; k0 < h.seen(hi-1); k0 += h.block {
		keys := min(h.block, h.Keys-k0)
		kc := h.packExtended(&w.b1, g.k[k0*h.stride:], keys, 1, nil)
		vc := h.packExtended(&w.b2, g.v[k0*h.stride:], keys, 1, nil)
		kr := h.packRows(&w.b3, g.k[k0*h.stride:], keys)
		h.rowBlocks(lo, hi, func(r, rows int) {
			a := h.packLeft(&w.a, g.q[r*h.stride:], rows, h.Scale)
			a2 := h.packLeft(&w.a2, g.dout[r*h.stride:], rows, 1)
			for i := range rows {
				a[i*h.lda+h.HeadDim], a2[i*h.lda+h.HeadDim] = -g.lse[r+i], -g.delta[r+i]
			}
			h.multiplyExtended(p, a, kc, rows, keys)
			h.multiplyExtended(ds, a2, vc, rows, keys)
			for i := range rows {
				n := min(max(h.seen(r+i)-k0, 0), keys)
				x, y := p[i*h.lds:][:n], ds[i*h.lds:][:keys]
				vec.Exp(x, x)
				vec.Mul(y[:n], y[:n], x)
				clear(y[n:])
			}
			h.accumulate(acc[(r-lo)*h.ldo:], ds, kr, rows, keys)
		})
	}
	h.unpack(dq, acc, h.Scale, lo, hi)
}

// gradKeys computes dk and dv, either of which may be nil, for keys lo to
// hi-1. Its tiles are transposed: rows are keys and columns queries.
func (h head) gradKeys(w *scratch, dk, dv []float32, g attentionGrad, lo, hi int) {
	accK, accV := grow(&w.acc, (hi-lo)*h.ldo), grow(&w.acc2, (hi-lo)*h.ldo)
	clear(accK)
	clear(accV)
	p, ds := grow(&w.s, h.p.Rows*h.lds), grow(&w.s2, h.p.Rows*h.lds)
	first := 0
	if h.Causal {
		first = lo / h.block * h.block
	}
	for q0 := first; q0 < h.Queries; q0 += h.block {
		n := min(h.block, h.Queries-q0)
		qc := h.packExtended(&w.b1, g.q[q0*h.stride:], n, h.Scale, g.lse[q0:])
		dc := h.packExtended(&w.b2, g.dout[q0*h.stride:], n, 1, g.delta[q0:])
		qr := h.packRows(&w.b3, g.q[q0*h.stride:], n)
		dr := h.packRows(&w.b4, g.dout[q0*h.stride:], n)
		h.rowBlocks(lo, hi, func(r, rows int) {
			h.multiplyExtended(p, h.packWithOnes(&w.a, g.k[r*h.stride:], rows), qc, rows, n)
			for i := range rows {
				x, hidden := p[i*h.lds:][:n], h.hidden(r+i, q0, n)
				clear(x[:hidden])
				vec.Exp(x[hidden:], x[hidden:])
			}
			if dv != nil {
				h.accumulate(accV[(r-lo)*h.ldo:], p, dr, rows, n)
			}
			if dk == nil {
				return
			}
			h.multiplyExtended(ds, h.packWithOnes(&w.a, g.v[r*h.stride:], rows), dc, rows, n)
			for i := range rows {
				vec.Mul(ds[i*h.lds:][:n], ds[i*h.lds:][:n], p[i*h.lds:][:n])
			}
			h.accumulate(accK[(r-lo)*h.ldo:], ds, qr, rows, n)
		})
	}
	if dk != nil {
		h.unpack(dk, accK, h.Scale, lo, hi)
	}
	if dv != nil {
		h.unpack(dv, accV, 1, lo, hi)
	}
}

// hidden is how many of the n queries from q0 on do not see a key; they come
// first.
func (h head) hidden(key, q0, n int) int {
	if h.Causal {
		return min(max(key-q0, 0), n)
	}
	return 0
}

// packExtended packs n rows of x, times scale, as columns of a right operand
// with HeadDim rows, and below them one more row: -last, or ones if last is
// nil.
func (h head) packExtended(dst *[]float32, x []float32, n int, scale float32, last []float32) []float32 {
	size := (h.HeadDim + 1) * h.p.Cols
	b := grow(dst, h.p.Panels(n)*size)
	h.p.PackColumns(b, size, gemm.Numbers{F32: x}, h.stride, h.HeadDim, n)
	if scale != 1 {
		vec.Scale(b, b, scale)
	}
	for j := range n {
		value := float32(1)
		if last != nil {
			value = -last[j]
		}
		b[j/h.p.Cols*size+h.HeadDim*h.p.Cols+j%h.p.Cols] = value
	}
	return b
}

// packWithOnes is packLeft with a column of ones at the end.
func (h head) packWithOnes(dst *[]float32, x []float32, rows int) []float32 {
	a := h.packLeft(dst, x, rows, 1)
	for i := range rows {
		a[i*h.lda+h.HeadDim] = 1
	}
	return a
}

// multiplyExtended computes a tile of scores from operands with HeadDim+1
// columns and rows.
func (h head) multiplyExtended(tile, a, b []float32, rows, n int) {
	k := h.HeadDim + 1
	h.p.Multiply(tile, h.lds, a, h.lda, b, k*h.p.Cols, k, nil, 0, rows, n)
}

// accumulate adds to sum the product of a tile with n packed rows.
func (h head) accumulate(sum, tile, b []float32, rows, n int) {
	h.p.Multiply(sum, h.ldo, tile, h.lds, b, n*h.p.Cols, n, sum, h.ldo, rows, h.HeadDim)
}

// unpack writes scale times accumulated rows lo to hi-1 to dst.
func (h head) unpack(dst, acc []float32, scale float32, lo, hi int) {
	for r := lo; r < hi; r++ {
		vec.Scale(dst[r*h.stride:][:h.HeadDim], acc[(r-lo)*h.ldo:][:h.HeadDim], scale)
	}
}
