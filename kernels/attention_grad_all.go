package kernels

import (
	"math"
	"sync"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// When gradients of keys or values are wanted, one walk over the scores serves
// all three gradients. A job owns a range of keys of one head and takes all
// queries, so that it alone adds to its part of dk and dv; what it adds to dq
// goes to a sum of its own, and the sums are added up at the end.

const (
	gradJobs    = 16      // heads are cut into parts until there are this many jobs
	gradNumbers = 1 << 15 // bound on a block of keys
	sumNumbers  = 1 << 23 // bound on the sums for dq
	tileBlocks  = 8       // blocks of rows whose scores are kept at a time
)

// querySums are recycled between calls.
var querySums = sync.Pool{New: func() any { return new([]float32) }}

// gradAll computes dk and dv, one of which may be nil, and dq unless it is nil.
func (s AttentionShape) gradAll(p *gemm.Primitives, dq, dk, dv []float32, g attentionGrad) {
	heads := s.B * s.Heads
	if heads == 0 {
		return
	}
	block := min(keysPerBlock, max(gradNumbers/s.HeadDim, 2*p.Cols))
	sumSize := s.Queries * p.Padded(s.HeadDim)
	parts, size := s.keyParts(s.head(p, 0, block).block, heads, sumSize)
	var sums []float32
	if dq != nil {
		memory := querySums.Get().(*[]float32)
		defer querySums.Put(memory)
		sums = grow(memory, parts*heads*sumSize)
	}
	Parallel(heads*parts, func(i int) {
		h := s.head(p, i/parts, block)
		w := scratches.Get().(*scratch)
		defer scratches.Put(w)
		b := gradBlocks{head: h, scratch: w, in: g.of(h), dk: gemm.From(dk, h.keys), dv: gemm.From(dv, h.keys)}
		b.prepare()
		if dq != nil {
			b.sum = sums[i*sumSize:][:sumSize]
			clear(b.sum)
		}
		lo := i % parts * size
		for k0 := lo; k0 < min(lo+size, s.Keys); k0 += h.block {
			b.keyBlock(k0, min(h.block, s.Keys-k0))
		}
	})
	if dq != nil {
		s.addUp(dq, sums, heads, parts, p)
	}
}

// keyParts is the number of parts that the keys of a head come in, and their
// size. It depends on the shape alone, for the order of summation not to
// depend on the number of threads.
func (s AttentionShape) keyParts(block, heads, sumSize int) (parts, size int) {
	blocks := (s.Keys + block - 1) / block
	parts = max(min(gradJobs/heads, blocks, sumNumbers/max(heads*sumSize, 1)), 1)
	size = (blocks + parts - 1) / parts * block
	return (s.Keys + size - 1) / size, size
}

// addUp sets dq to Scale times the sum of all parts' sums.
func (s AttentionShape) addUp(dq, sums []float32, heads, parts int, p *gemm.Primitives) {
	ldo := p.Padded(s.HeadDim)
	Range(heads*s.Queries, fewQueries, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			n, i := r/s.Queries, r%s.Queries
			row := func(part int) []float32 {
				return sums[((n*parts+part)*s.Queries+i)*ldo:][:s.HeadDim]
			}
			for part := 1; part < parts; part++ {
				vec.Add(row(0), row(0), row(part))
			}
			at := ((n/s.Heads*s.Queries+i)*s.Heads + n%s.Heads) * s.HeadDim
			vec.Scale(dq[at:][:s.HeadDim], row(0), s.Scale)
		}
	})
}

// gradBlocks is a running job of gradAll.
type gradBlocks struct {
	head
	*scratch
	in          attentionGrad
	sum, dk, dv []float32 // sum is for dq; each may be nil

	queries, dout   []float32 // left operands for P and dS, [Queries, HeadDim], packed
	queriesT, doutT []float32 // left operands for dk and dv, [HeadDim, Queries], packed
	ldt             int       // distance of their rows
}

// prepare packs all queries and gradients of results of the head, which every block
// of keys is multiplied with, and transposes them.
func (b *gradBlocks) prepare() {
	b.queries, b.dout = b.packQueries(b.scratch, b.in, 0, b.Queries)
	if b.dk != nil {
		b.queriesT, b.ldt = b.packTransposed(&b.leftT, b.in.q, b.Queries)
	}
	if b.dv != nil {
		b.doutT, b.ldt = b.packTransposed(&b.left2T, b.in.dout, b.Queries)
	}
}

// keyBlock computes dk and dv for n keys from k0 on, and adds to the sum for
// dq. Tiles of scores lie in panels, n rows of Cols numbers each, because they
// are right operands next: dKᵀ = Qᵀ·dS and dVᵀ = dOutᵀ·P.
func (b *gradBlocks) keyBlock(k0, n int) {
	h := b.head
	kc := h.packExtended(&b.columns, b.in.k[k0*h.stride:], n)
	vc := h.packExtended(&b.columns2, b.in.v[k0*h.stride:], n)
	kr := []float32(nil)
	if b.sum != nil {
		kr = h.packRows(b.scratch, b.in.k[k0*h.stride:], n)
	}
	accK, accV := grow(&b.result, h.HeadDim*h.lds), grow(&b.result2, h.HeadDim*h.lds)
	clear(accK)
	clear(accV)
	height := tileBlocks * h.p.Rows
	first := 0
	if h.Causal {
		first = k0 / height * height
	}
	for q0 := first; q0 < h.Queries; q0 += height {
		rows := min(height, h.Queries-q0)
		p, ds, left := b.tiles(kc, vc, q0, rows, k0, n)
		if b.sum != nil {
			b.addToQueries(ds, left, kr, q0, rows, n)
		}
		if b.dk != nil {
			b.addTransposed(accK, b.queriesT, ds, q0, rows, n)
		}
		if b.dv != nil {
			b.addTransposed(accV, b.doutT, p, q0, rows, n)
		}
	}
	if b.dk != nil {
		vec.Scale(accK, accK, h.Scale)
		h.full.TransposeFloat32(b.dk[k0*h.stride:], h.stride, accK, h.lds, n, h.HeadDim)
	}
	if b.dv != nil {
		h.full.TransposeFloat32(b.dv[k0*h.stride:], h.stride, accV, h.lds, n, h.HeadDim)
	}
}

// paired is the height of panels of so many rows. Those that complete elements are
// zeros, since queries are summed over.
func (b *gradBlocks) paired(rows int) int { return b.elements(rows) * b.p.Depth }

// tiles computes P and dS for rows queries from q0 on, in panels, which are right
// operands, and of pairs dS as a left operand too, ldl apart.
func (b *gradBlocks) tiles(kc, vc []float32, q0, rows, k0, n int) (p, ds, left []float32) {
	h := b.head
	cols, panels, depth := h.p.Cols, h.p.Panels(n), h.extended
	size := b.paired(rows) * cols
	p, ds = grow(&b.scores, panels*size), grow(&b.scores2, panels*size)
	h.rowBlocks(0, rows, func(r, high int) {
		products := func(c, rows, panel []float32) {
			gemm.Batch{
				C: c[r*cols:], LDC: cols, NextC: size, A: rows[(q0+r)*h.lda:], LDA: h.lda, Panel: panel, NextPanel: depth * cols,
				K: depth, Rows: high, Cols: cols, Count: panels,
			}.Run(h.p)
		}
		products(p, b.queries, kc)
		products(ds, b.dout, vc)
	})
	if h.Causal && q0 < k0+n {
		for r := range rows {
			for j := max(h.seen(q0+r)-k0, 0); j < n; j++ {
				p[j/cols*size+r*cols+j%cols] = float32(math.Inf(-1))
			}
		}
	}
	if h.p.Depth == 1 {
		h.p.ExpMul(p, ds)
		return p, ds, nil
	}
	return p, ds, b.pairs(p, ds, rows, n)
}

// pairs makes operands of pairs of panels of P's logarithms and of dS over P. Zeros
// are the partners of the last of an odd number of rows, and of n columns.
func (b *gradBlocks) pairs(p, ds []float32, rows, n int) (left []float32) {
	cols, high := b.p.Cols, b.paired(rows)
	left = grow(&b.byRows, high*b.ldl())
	for i := range b.p.Panels(n) {
		p, ds := p[i*high*cols:], ds[i*high*cols:]
		for j := rows * cols; j < high*cols; j++ {
			p[j], ds[j] = float32(math.Inf(-1)), 0
		}
		b.p.GradPairs(p, ds, high, left[i*cols/b.p.Depth:], b.ldl())
	}
	for r := 0; r < rows && n < b.elements(n)*b.p.Depth; r++ {
		row := left[r*b.ldl():]
		if n%b.p.Depth > 0 {
			last := &row[n/b.p.Depth]
			*last = math.Float32frombits(math.Float32bits(*last) & 0xffff)
		}
		clear(row[b.filled(n):b.elements(n)])
	}
	return left
}

// ldl is the distance of rows of dS as a left operand of pairs.
func (b *gradBlocks) ldl() int { return b.block/b.p.Depth + 16 }

// addToQueries adds dS·K to the sum for dq. Where there is no left operand of
// pairs, ds has the numbers.
func (b *gradBlocks) addToQueries(ds, left, kr []float32, q0, rows, n int) {
	h := b.head
	ld, size := b.ldl(), rows*h.p.Cols
	h.rowBlocks(0, rows, func(r, high int) {
		a := gemm.From(left, r*ld)
		if a == nil {
			a, ld = grow(&b.byRows, h.p.Rows*h.lds), h.lds
			for j := 0; j < n; j += h.p.Cols {
				at := j/h.p.Cols*size + r*h.p.Cols
				h.p.CopyFloat32(a[j:], ld, ds[at:], h.p.Cols, high, h.p.Cols)
			}
		}
		sum, k := b.sum[(q0+r)*h.ldo:], h.elements(n)
		h.p.Multiply(sum, h.ldo, a, ld, kr, k*h.p.Cols, k, sum, h.ldo, high, h.HeadDim)
	})
}

// addTransposed adds xᵀ·y to acc [HeadDim, n], for rows of x from q0 on and packed
// panels y of as many rows.
func (b *gradBlocks) addTransposed(acc, xT, y []float32, q0, rows, n int) {
	h := b.head
	k := h.elements(rows)
	a := xT[q0/h.p.Depth:]
	h.rowBlocks(0, h.HeadDim, func(r, high int) {
		sum := acc[r*h.lds:]
		h.p.Multiply(sum, h.lds, a[r*b.ldt:], b.ldt, y, b.paired(rows)*h.p.Cols, k, sum, h.lds, high, n)
	})
}
