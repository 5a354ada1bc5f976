package kernels

import (
	"math"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// The forward pass works on transposes, Sᵀ = K·Qᵀ and Oᵀ = Vᵀ·Pᵀ, with queries
// across the columns of panels: Pᵀ is the right operand of the second product as it
// comes out of the first, the softmax of a query stays in its place of a vector, and
// head sizes that are not a multiple of a panel's width cost nothing.

// forward computes queries lo to hi-1, all keys for each. q is times Scale·log₂e:
// exponentials are taken to base 2. out, lse and v may be nil.
func (h head) forward(w *scratch, out, lse, q, k, v []float32, lo, hi int) {
	f := forwardBlocks{head: h, w: w, lo: lo, hi: hi}
	f.begin(q, v != nil)
	// Rather somewhat larger blocks than one of a few keys at the end.
	blocks := gemm.SplitEvenly(h.seen(hi-1), h.block*9/8, h.p.Rows)
	for i := range blocks.Count {
		k0, k1 := blocks.At(i)
		f.keys(k, v, k0, k1-k0)
	}
	f.end(out, lse)
}

// forwardBlocks is a running job of the forward pass.
type forwardBlocks struct {
	head
	w      *scratch
	lo, hi int // queries

	queries      []float32 // panels of scaled queries, [HeadDim][Cols] each
	sums         []float32 // panels of results before division by weight, likewise; nil if there is no v
	peak, weight []float32 // running maximum and sum of each query
}

// begin packs the queries.
func (f *forwardBlocks) begin(q []float32, results bool) {
	n, cols := f.hi-f.lo, f.p.Cols
	columns := f.p.Panels(n) * cols
	f.queries = f.packColumns(&f.w.columns, q[f.lo*f.stride:], f.stride, n, f.depth)
	if results {
		f.sums = grow(&f.w.result, columns*f.HeadDim)
		clear(f.sums)
	}
	f.peak, f.weight = grow(&f.w.peak, columns), grow(&f.w.weight, columns)
	for i := range f.peak {
		f.peak[i], f.weight[i] = float32(math.Inf(-1)), 0
	}
}

// keys takes n keys from number k0 on into account.
func (f *forwardBlocks) keys(k, v []float32, k0, n int) {
	cols, even, depth := f.p.Cols, roundUp(n, f.p.Depth), f.elements(n)
	left := f.packLeft(&f.w.left, k[k0*f.stride:], f.stride, n)
	values, ldv := []float32(nil), 0
	if v != nil {
		values, ldv = f.packTransposed(&f.w.leftT, v[k0*f.stride:], n)
	}
	scores := grow(&f.w.scores, max(even, depth)*cols)
	for at := 0; at < f.hi-f.lo; at += cols {
		queries, width := f.queries[at*f.depth:], min(cols, f.hi-f.lo-at)
		gemm.Batch{
			C: scores, LDC: cols, A: left, LDA: f.lda, Panel: queries, K: f.depth, Rows: n, Cols: width,
		}.RunTall(f.p)
		f.hideColumns(scores, f.lo+at, k0, n, even)
		if v == nil {
			f.p.ExpColumns(scores, even, f.peak[at:], f.weight[at:], nil)
			continue
		}
		sums := f.sums[at*f.HeadDim:][:f.HeadDim*cols]
		f.p.ExpColumns(scores, even, f.peak[at:], f.weight[at:], sums)
		clear(scores[f.filled(n)*cols : depth*cols])
		gemm.Batch{
			C: sums, LDC: cols, A: values, LDA: ldv, Panel: scores, K: depth, Rows: f.HeadDim, Cols: width, Add: true,
		}.RunTall(f.p)
	}
}

// hideColumns sets to -Inf the scores of a panel of queries from number q on that stand for
// keys a query does not see, and those of the rows that follow n keys.
func (f *forwardBlocks) hideColumns(scores []float32, q, k0, n, rows int) {
	cols := f.p.Cols
	for i := n * cols; i < rows*cols; i++ {
		scores[i] = float32(math.Inf(-1))
	}
	if f.seen(q) >= k0+n {
		return
	}
	for j := range cols {
		for i := max(f.seen(q+j)-k0, 0); i < n; i++ {
			scores[i*cols+j] = float32(math.Inf(-1))
		}
	}
}

// end divides the sums by the weights.
func (f *forwardBlocks) end(out, lse []float32) {
	cols := f.p.Cols
	for i := 0; i < f.hi-f.lo && out != nil; i += cols {
		sums, weight := f.sums[i*f.HeadDim:], f.weight[i:][:cols]
		factor := grow(&f.w.factor, cols)
		for j, x := range weight {
			factor[j] = 1 / x
		}
		for d := range f.HeadDim {
			row := sums[d*cols:][:cols]
			vec.Mul(row, row, factor)
		}
		f.full.TransposeFloat32(out[(f.lo+i)*f.stride:], f.stride, sums, cols, min(cols, f.hi-f.lo-i), f.HeadDim)
	}
	for r := f.lo; r < f.hi && lse != nil; r++ {
		lse[r] = float32(math.Ln2 * (float64(f.peak[r-f.lo]) + math.Log2(float64(f.weight[r-f.lo]))))
	}
}
