package kernels

import (
	"fmt"
	"math"
	"sync"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// AttentionShape describes multi-head attention with q [B, Queries, Heads·HeadDim]
// and k and v [B, Keys, Heads·HeadDim]. With Causal, query i sees keys 0 to i.
// Scale multiplies the scores q·kᵀ, usually by 1/√HeadDim.
type AttentionShape struct {
	B, Heads, Queries, Keys, HeadDim int

	Causal bool
	Scale  float32
}

// Attention sets out [B, Queries, Heads·HeadDim] to softmax(Scale·q·kᵀ)·v for
// each head. lse [B, Heads, Queries] receives the logarithm of each query's sum
// of exponentials, which [AttentionGrad] can use; it may be nil.
//
// The score matrix is never stored: keys are taken in blocks, with a running
// maximum and sum per query (Milakov and Gimelshein, "Online normalizer
// calculation for softmax", 2018; Dao et al., "FlashAttention", 2022).
func Attention(out, lse, q, k, v []float32, s AttentionShape) {
	s.check("Attention", q, k, v)
	wantLen("Attention", "out", out, len(q))
	wantOptional("Attention", "lse", lse, s.B*s.Heads*s.Queries)
	s.forward(out, lse, q, k, v)
}

// forward is Attention; with out and v nil it computes lse alone.
func (s AttentionShape) forward(out, lse, q, k, v []float32) {
	s.overHeads(s.Queries, func(h head, w *scratch, lo, hi int) {
		h.forward(w, cut(out, h.queries), cut(lse, h.stats), q[h.queries:], k[h.keys:], cut(v, h.keys), lo, hi)
	})
}

// AttentionProbs sets p [B, Heads, Queries, Keys] to softmax(Scale·q·kᵀ).
func AttentionProbs(p, q, k []float32, s AttentionShape) {
	s.check("AttentionProbs", q, k, k)
	wantLen("AttentionProbs", "p", p, s.B*s.Heads*s.Queries*s.Keys)
	s.overHeads(s.Queries, func(h head, w *scratch, lo, hi int) {
		h.probs(w, p[h.stats*s.Keys:], q[h.queries:], k[h.keys:], lo, hi)
	})
}

// check panics unless the operands have the lengths the shape asks for.
func (s AttentionShape) check(op string, q, k, v []float32) {
	if s.Keys < 1 || s.HeadDim < 1 {
		panic(fmt.Sprintf("kernels: %s: %+v needs at least one key and one channel", op, s))
	}
	width := s.Heads * s.HeadDim
	wantLen(op, "q", q, s.B*s.Queries*width)
	wantLen(op, "k", k, s.B*s.Keys*width)
	wantLen(op, "v", v, s.B*s.Keys*width)
}

// Sizes of the blocks that attention works in.
const (
	keysPerBlock = 256     // scores in a row of a tile
	blockNumbers = 1 << 16 // bound on a block of keys, values or results
	fewQueries   = 64      // not less than this in a job, so that packing keys pays
)

// head is one head of one batch entry: where its rows start in the operands,
// and the sizes of its blocks.
type head struct {
	AttentionShape
	p *gemm.Primitives

	queries, keys int // offset of the head's first row in q and k
	stats         int // offset of its numbers in lse
	stride        int // distance of rows in q, k, v and out
	block         int // keys per block
	lda           int // distance of rows packed for a product over HeadDim
	lds           int // distance of rows of a tile of scores
	ldo           int // distance of rows of an accumulated result
}

// scratch is the memory of one running job.
type scratch struct {
	a, a2        []float32 // packed rows
	s, s2        []float32 // tiles of scores
	b1, b2       []float32 // packed panels
	b3, b4       []float32
	acc, acc2    []float32 // results
	peak, weight []float32 // running maximum and sum of each query
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// grow returns a slice of n numbers, s itself when it is long enough.
func grow(s *[]float32, n int) []float32 {
	if cap(*s) < n {
		*s = make([]float32, n)
	}
	return (*s)[:n]
}

// overHeads calls f, in parallel, for ranges of rows of every head.
func (s AttentionShape) overHeads(rows int, f func(h head, w *scratch, lo, hi int)) {
	p := gemm.Current()
	heads := s.B * s.Heads
	if heads == 0 || rows == 0 {
		return
	}
	stride := s.Heads * s.HeadDim
	block := min(keysPerBlock, roundUp(s.Keys, p.Cols), max(blockNumbers/p.Padded(s.HeadDim)/p.Cols*p.Cols, p.Cols))
	most := max(blockNumbers/2/p.Padded(s.HeadDim), p.Rows)
	chunk := min(max((rows*heads+4*Threads()-1)/(4*Threads()), fewQueries), most, rows)
	chunks := (rows + chunk - 1) / chunk
	chunk = (rows + chunks - 1) / chunks
	Parallel(heads*chunks, func(i int) {
		b, n := i/chunks/s.Heads, i/chunks%s.Heads
		h := head{
			AttentionShape: s, p: p,
			queries: b*s.Queries*stride + n*s.HeadDim, keys: b*s.Keys*stride + n*s.HeadDim,
			stats: i / chunks * s.Queries, stride: stride,
			block: block, lda: roundUp(s.HeadDim+1, 16) + 16, lds: block + 16, ldo: p.Padded(s.HeadDim),
		}
		w := scratches.Get().(*scratch)
		defer scratches.Put(w)
		lo := i % chunks * chunk
		f(h, w, lo, min(lo+chunk, rows))
	})
}

// forward computes queries lo to hi-1, all keys for each. out, lse and v may
// be nil.
func (h head) forward(w *scratch, out, lse, q, k, v []float32, lo, hi int) {
	acc := grow(&w.acc, (hi-lo)*h.ldo)
	clear(acc)
	peak, weight := grow(&w.peak, hi-lo), grow(&w.weight, hi-lo)
	for i := range peak {
		peak[i], weight[i] = float32(math.Inf(-1)), 0
	}
	scores := grow(&w.s, h.p.Rows*h.lds)
	for k0 := 0; k0 < h.seen(hi-1); k0 += h.block {
		keys := min(h.block, h.Keys-k0)
		kp := h.packColumns(&w.b1, k[k0*h.stride:], keys)
		vp := []float32(nil)
		if v != nil {
			vp = h.packRows(&w.b2, v[k0*h.stride:], keys)
		}
		h.rowBlocks(lo, hi, func(r, rows int) {
			a := h.packLeft(&w.a, q[r*h.stride:], rows, h.Scale)
			h.p.Multiply(scores, h.lds, a, h.lda, kp, h.HeadDim*h.p.Cols, h.HeadDim, nil, 0, rows, keys)
			h.exponentiate(scores, acc[(r-lo)*h.ldo:], peak[r-lo:], weight[r-lo:], r, rows, k0, keys)
			if v != nil {
				h.accumulate(acc[(r-lo)*h.ldo:], scores, vp, rows, keys)
			}
		})
	}
	for r := lo; r < hi; r++ {
		if out != nil {
			vec.Scale(out[r*h.stride:][:h.HeadDim], acc[(r-lo)*h.ldo:][:h.HeadDim], 1/weight[r-lo])
		}
		if lse != nil {
			lse[r] = peak[r-lo] + float32(math.Log(float64(weight[r-lo])))
		}
	}
}

// exponentiate turns a tile of scores into exponentials relative to each
// query's running maximum, and brings what was summed so far to the same
// scale.
func (h head) exponentiate(scores, acc, peak, weight []float32, row, rows, k0, keys int) {
	for r := range rows {
		n := min(max(h.seen(row+r)-k0, 0), keys)
		s := scores[r*h.lds:][:keys]
		clear(s[n:])
		top := max(peak[r], vec.Max(s[:n]))
		if top > peak[r] && k0 > 0 {
			f := float32(math.Exp(float64(peak[r] - top)))
			weight[r] *= f
			vec.Scale(acc[r*h.ldo:][:h.HeadDim], acc[r*h.ldo:][:h.HeadDim], f)
		}
		peak[r] = top
		weight[r] += vec.ExpSub(s[:n], s[:n], top)
	}
}

// probs computes the probabilities of queries lo to hi-1.
func (h head) probs(w *scratch, p, q, k []float32, lo, hi int) {
	scores := grow(&w.s, h.p.Rows*h.lds)
	for k0 := 0; k0 < h.Keys; k0 += h.block {
		keys := min(h.block, h.Keys-k0)
		kp := h.packColumns(&w.b1, k[k0*h.stride:], keys)
		h.rowBlocks(lo, hi, func(r, rows int) {
			a := h.packLeft(&w.a, q[r*h.stride:], rows, h.Scale)
			h.p.Multiply(scores, h.lds, a, h.lda, kp, h.HeadDim*h.p.Cols, h.HeadDim, nil, 0, rows, keys)
			for i := range rows {
				copy(p[(r+i)*h.Keys+k0:], scores[i*h.lds:][:keys])
			}
		})
	}
	for r := lo; r < hi; r++ {
		row := p[r*h.Keys:][:h.Keys]
		n := h.seen(r)
		clear(row[n:])
		sum := vec.ExpSub(row[:n], row[:n], vec.Max(row[:n]))
		vec.Scale(row[:n], row[:n], 1/sum)
	}
}

// seen is the number of keys that query i attends to; they come first.
func (h head) seen(i int) int {
	if h.Causal {
		return min(i+1, h.Keys)
	}
	return h.Keys
}

// rowBlocks calls f for blocks of rows as tall as a tile that cover [lo, hi).
func (h head) rowBlocks(lo, hi int, f func(r, rows int)) {
	n := (hi - lo + h.p.Rows - 1) / h.p.Rows
	size := (hi - lo + n - 1) / n
	for r := lo; r < hi; r += size {
		f(r, min(size, hi-r))
	}
}

// packLeft packs rows of x, times scale, as the left operand of a product over
// HeadDim. There is room for one more column.
func (h head) packLeft(dst *[]float32, x []float32, rows int, scale float32) []float32 {
	a := grow(dst, h.p.Rows*h.lda)
	for r := range rows {
		vec.Scale(a[r*h.lda:][:h.HeadDim], x[r*h.stride:][:h.HeadDim], scale)
	}
	return a
}

// packColumns packs n rows of x as columns of a right operand with HeadDim
// rows; packRows packs them as its n rows.
func (h head) packColumns(dst *[]float32, x []float32, n int) []float32 {
	size := h.HeadDim * h.p.Cols
	b := grow(dst, h.p.Panels(n)*size)
	h.p.PackColumns(b, size, gemm.Numbers{F32: x}, h.stride, h.HeadDim, n)
	return b
}

// packRows is described at packColumns.
func (h head) packRows(dst *[]float32, x []float32, n int) []float32 {
	size := n * h.p.Cols
	b := grow(dst, h.p.Panels(h.HeadDim)*size)
	h.p.PackRows(b, size, gemm.Numbers{F32: x}, h.stride, n, h.HeadDim)
	return b
}

// cut is x[i:], and nil for an absent x.
func cut(x []float32, i int) []float32 {
	if x == nil {
		return nil
	}
	return x[i:]
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
