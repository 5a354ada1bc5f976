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
// of exponentials, which [Precision.AttentionGrad] can use; it may be nil.
//
// The score matrix is never stored: keys are taken in blocks, with a running
// maximum and sum per query (Milakov and Gimelshein, "Online normalizer
// calculation for softmax", 2018; Dao et al., "FlashAttention", 2022).
func (p Precision) Attention(out, lse, q, k, v []float32, s AttentionShape) {
	s.check("Attention", q, k, v)
	wantLen("Attention", "out", out, len(q))
	wantOptional("Attention", "lse", lse, s.B*s.Heads*s.Queries)
	s.forward(p.primitives(s), out, lse, q, k, v)
}

// forward is Attention; with out and v nil it computes lse alone.
func (s AttentionShape) forward(p *gemm.Primitives, out, lse, q, k, v []float32) {
	scaled := s.scaled(q, s.Scale*math.Log2E)
	defer scaled.Free()
	s.overQueries(p, func(h head, w *scratch, lo, hi int) {
		h.forward(w, gemm.From(out, h.queries), gemm.From(lse, h.stats), scaled.Numbers[h.queries:], k[h.keys:], gemm.From(v, h.keys), lo, hi)
	})
}

// scaled is q times a factor.
func (s AttentionShape) scaled(q []float32, factor float32) *gemm.Buffer {
	b := gemm.NewBuffer(len(q))
	Range(len(q), elementGrain, func(lo, hi int) { vec.Scale(b.Numbers[lo:hi], q[lo:hi], factor) })
	return b
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
	keysPerBlock  = 256     // scores in a row of a tile
	blockNumbers  = 1 << 16 // bound on a block of keys or values
	resultNumbers = 1 << 17 // bound on the results that a job carries along
	fewQueries    = 64      // not less than this in a job, so that packing keys pays
	expUnit       = 16      // gemm.ExpMul takes multiples of it
)

// head is one head of one batch entry: where its rows start in the operands,
// and the sizes of its blocks.
type head struct {
	AttentionShape
	p    *gemm.Primitives
	full *gemm.Primitives // those of single numbers

	depth    int // elements of a packed row over HeadDim
	extended int // of one with an element more

	queries, keys int // offset of the head's first row in q and k
	stats         int // offset of its numbers in lse
	stride        int // distance of rows in q, k, v and out
	block         int // keys per block
	lda           int // distance of rows packed for a product over HeadDim
	lds           int // distance of rows of a tile of scores
	ldo           int // distance of rows of an accumulated result
}

// head is head number i of all batch entries, with at most the given number of
// keys in a block.
func (s AttentionShape) head(p *gemm.Primitives, i, block int) head {
	stride := s.Heads * s.HeadDim
	b, n := i/s.Heads, i%s.Heads
	block = max(min(block, roundUp(s.Keys, p.Cols))/p.Cols*p.Cols, p.Cols)
	h := head{
		AttentionShape: s, p: p, full: gemm.Current(),
		queries: b*s.Queries*stride + n*s.HeadDim, keys: b*s.Keys*stride + n*s.HeadDim,
		stats: i * s.Queries, stride: stride, block: block,
		lds: block + 16, ldo: p.Padded(s.HeadDim),
	}
	h.depth, h.extended = h.elements(s.HeadDim), h.elements(s.HeadDim+p.Depth)
	// Rows do not compete for cache sets, and tiles' ones lie in as few lines as can be.
	if h.lda = h.extended + 3; p.Unit > 1 {
		h.lda = (h.extended/p.Unit | 1) * p.Unit
	}
	return h
}

// scratch is the memory of one running job.
type scratch struct {
	last              []float32 // the last of an odd number of rows, with zeros
	left, left2       []float32 // packed rows
	leftT, left2T     []float32 // packed rows of transposes
	byRows            []float32 // a tile of scores, row by row
	columns, columns2 []float32 // panels of keys or values, transposed
	rows              []float32 // panels of them as they are
	scores, scores2   []float32
	result, result2   []float32
	peak, weight      []float32 // running maximum and sum of each query
	factor            []float32 // one over the weights
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// grow returns a slice of n numbers, *s itself when it is long enough.
func grow(s *[]float32, n int) []float32 {
	if cap(*s) < n {
		*s = make([]float32, n)
	}
	return (*s)[:n]
}

// overQueries calls f, in parallel, for ranges of the queries of every head.
func (s AttentionShape) overQueries(p *gemm.Primitives, f func(h head, w *scratch, lo, hi int)) {
	heads := s.B * s.Heads
	if heads == 0 || s.Queries == 0 {
		return
	}
	width := p.Padded(s.HeadDim)
	chunk := max((s.Queries*heads+4*Threads()-1)/(4*Threads()), fewQueries)
	chunk = min(chunk, max(resultNumbers/width, p.Rows), s.Queries)
	chunks := (s.Queries + chunk - 1) / chunk
	chunk = (s.Queries + chunks - 1) / chunks
	Parallel(heads*chunks, func(i int) {
		w := scratches.Get().(*scratch)
		defer scratches.Put(w)
		lo := i % chunks * chunk
		f(s.head(p, i/chunks, min(keysPerBlock, blockNumbers/width)), w, lo, min(lo+chunk, s.Queries))
	})
}

// seen is the number of keys that query i attends to; they come first.
func (h head) seen(i int) int {
	if h.Causal {
		return min(i+1, h.Keys)
	}
	return h.Keys
}

// hide sets to -Inf the scores of a tile that stand for keys a query does not
// see, and those that fill the tile up.
func (h head) hide(scores []float32, row, rows, k0, keys int) {
	end := roundUp(keys, expUnit)
	if end == keys && h.seen(row) >= k0+keys {
		return
	}
	for r := range rows {
		n := min(max(h.seen(row+r)-k0, 0), keys)
		for j := n; j < end; j++ {
			scores[r*h.lds+j] = float32(math.Inf(-1))
		}
	}
}

// rowBlocks calls f for blocks of rows, no taller than a tile, that cover
// [lo, hi).
func (h head) rowBlocks(lo, hi int, f func(r, rows int)) {
	blocks := h.p.RowBlocks(hi - lo)
	for i := range blocks.Count {
		r0, r1 := blocks.At(i)
		f(lo+r0, r1-r0)
	}
}

// accumulate adds to sum the product of a tile of numbers, which it may
// overwrite, with n packed rows.
func (h head) accumulate(sum, tile, b []float32, rows, n int) {
	k := h.elements(n)
	if h.p.Depth > 1 {
		for i := 0; i < rows && n < k*h.p.Depth; i++ {
			clear(tile[i*h.lds+n:][:k*h.p.Depth-n])
		}
		h.p.Lines(tile, h.lds, tile, h.lds, rows, k)
	}
	h.p.Multiply(sum, h.ldo, tile, h.lds, b, k*h.p.Cols, k, sum, h.ldo, rows, h.HeadDim)
}

// elements is the number of elements that hold n numbers, with zeros at the end where
// tiles take several at a time.
func (h head) elements(n int) int { return roundUp(h.filled(n), h.p.Unit) }

// filled is the number of them without those zeros.
func (h head) filled(n int) int { return (n + h.p.Depth - 1) / h.p.Depth }

// packLeft packs n rows of x, stride apart, as the left operand of a product
// over HeadDim. There is room for one more element.
func (h head) packLeft(dst *[]float32, x []float32, stride, n int) []float32 {
	a := grow(dst, n*h.lda)
	k := h.filled(h.HeadDim)
	h.p.Lines(a, h.lda, x, stride, n, k)
	for i := 0; i < n && h.p.Unit > 1; i++ {
		clear(a[i*h.lda+k:][:h.extended-k])
	}
	return a
}

// packTransposed packs n rows of x as the left operand xᵀ, [HeadDim, n], whose rows
// are ld elements apart. The last of an odd number is paired with zeros.
func (h head) packTransposed(dst *[]float32, x []float32, n int) (a []float32, ld int) {
	k := h.elements(n)
	ld = roundUp(k, 16) + 16
	numbers := ld * h.p.Depth
	a = grow(dst, h.HeadDim*numbers)
	h.full.TransposeFloat32(a, numbers, x, h.stride, h.HeadDim, n)
	if h.p.Depth > 1 {
		for i := range h.HeadDim {
			clear(a[i*numbers+n : i*numbers+k*h.p.Depth])
		}
		h.p.Lines(a, ld, a, numbers, h.HeadDim, k)
	}
	return a, ld
}

// packColumns packs n rows of x, stride apart, as columns of a right operand of so
// many elements.
func (h head) packColumns(dst *[]float32, x []float32, stride, n, elements int) []float32 {
	size, k := elements*h.p.Cols, h.filled(h.HeadDim)
	b := grow(dst, h.p.Panels(n)*size)
	h.p.PackColumns(b, size, gemm.Numbers{F32: x}, stride, k, n)
	h.complete(b, size, k)
	return b
}

// complete clears what follows the first k rows of each panel.
func (h head) complete(panels []float32, size, k int) {
	for used := k * h.p.Cols; used < size && len(panels) > 0; panels = panels[size:] {
		clear(panels[used:size])
	}
}

// packRows packs n rows of x as rows of a right operand; the last of an odd
// number is paired with zeros.
func (h head) packRows(w *scratch, x []float32, n int) []float32 {
	size := h.elements(n) * h.p.Cols
	b := grow(&w.rows, h.p.Panels(h.HeadDim)*size)
	whole := n / h.p.Depth
	if whole > 0 {
		h.p.PackRows(b, size, gemm.Numbers{F32: x}, h.stride, whole, h.HeadDim)
	}
	if n > whole*h.p.Depth {
		line := grow(&w.last, 2*h.HeadDim)
		clear(line[copy(line, x[(n-1)*h.stride:][:h.HeadDim]):])
		h.p.PackRows(b[whole*h.p.Cols:], size, gemm.Numbers{F32: line}, h.HeadDim, 1, h.HeadDim)
	}
	h.complete(b, size, h.filled(n))
	return b
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
