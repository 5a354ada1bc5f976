package gemm

import (
	"sync"

	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// Block sizes. A block of the right operand, maxDepth×maxWidth numbers, takes
// about half of a 1 MiB second-level cache.
const (
	maxDepth = 384 // rows of a block of the right operand
	maxWidth = 384 // columns of it
	maxRows  = 32  // no instruction set has taller tiles
	maxCols  = 32  // nor wider ones

	// rowStride is the distance of packed rows of the left operand. It is not
	// a multiple of 4096 bytes, so that rows do not compete for cache sets.
	rowStride = maxDepth + rowPad
	rowPad    = 16
)

// Left is the left operand of a product. Pack writes columns k0 to k1-1 of
// rows row to row+rows-1 to dst, ld elements apart. For pairs k0 and k1 are even,
// and so are the numbers of channels of pictures and of taps.
type Left interface {
	pack(p *Primitives, dst []float32, ld, row, rows, k0, k1 int)
	runs() int // how long the runs of columns are that a chunk of [grain] may not cross, 0 for one run
}

// Right is the right operand. Pack writes rows k0 to k1-1 of columns n0 to
// n1-1 to dst as panels of (k1-k0)*Cols numbers each.
type Right interface {
	pack(p *Primitives, dst []float32, n0, n1, k0, k1 int)
	runs() int // the same of rows
	format() Format
}

// Product is out = left·right + bias + residual within limits, an M×N matrix. The sum over K
// is taken in blocks that depend on K only, so that the result is the same
// however the product is divided into jobs.
type Product struct {
	M, N, K int
	Left    Left
	Right   Right

	Out      []float32
	Residual []float32       // as Out, or nil; may be Out itself
	Bias     []float32       // one per column, or nil
	Half     bool            // in pairs of bfloat16 numbers where the processor can and K is even
	Stride   int             // distance of rows in Out and Residual
	Place    func(r int) int // start of row r in Out when rows are not Stride apart; else nil
	Limits   *[2]float32     // the least and the largest number of Out, or nil; a NaN stays one
}

// workspace is the packed blocks of one running job.
type workspace struct {
	a, b, tile []float32
	from, to   int // which rows of the left operand are in a
}

// nearNumbers are about as many as stay in the first-level cache while others are computed:
// rows are packed so many at a time, since a call costs as much as packing a few short ones.
const nearNumbers = 4096

var workspaces = sync.Pool{New: func() any {
	const a, b, tile = maxRows * rowStride, maxDepth * maxWidth, maxRows * maxCols
	// One allocation of this size starts at a page, so the parts, multiples of
	// 64 bytes long, start at cache lines.
	s := make([]float32, a+b+tile)
	return &workspace{a: s[:a], b: s[a:][:b], tile: s[a+b:]}
}}

// Run computes products with the given worker pool; threads says into how many
// pieces the work should come apart.
func Run(threads int, parallel func(n int, f func(i int)), products ...Product) {
	p := Current()
	grids := make([]grid, len(products))
	jobs := 0
	for i := range products {
		grids[i] = divide(products[i].primitives(p), &products[i], (4*threads+len(products)-1)/len(products), threads)
		grids[i].first = jobs
		jobs += grids[i].jobs()
		if m, ok := products[i].Right.(*Kept); ok {
			m.keep(&products[i], products[i].primitives(p), parallel)
		}
	}
	var left packed
	if len(products) == 1 {
		if left = products[0].packLeft(p, grids[0], parallel); left != nil {
			defer left.Free()
		}
	}
	parallel(jobs, func(job int) {
		i := len(grids) - 1
		for job < grids[i].first {
			i--
		}
		g := &grids[i]
		job -= g.first
		m0, m1 := g.rows.At(job % g.rows.Count)
		n0, n1 := g.cols.At(job / g.rows.Count)
		products[i].block(products[i].primitives(p), left, m0, m1, n0, n1)
	})
}

// Split is [0, n) cut into Count parts. The first longer ones are one unit longer than
// the others, and the last one may be shorter.
type Split struct {
	Count           int
	n, unit         int
	shorter, longer int // units of a shorter part; how many are longer
}

// At is part i.
func (s Split) At(i int) (lo, hi int) { return s.start(i), min(s.start(i+1), s.n) }

// start is where part i begins.
func (s Split) start(i int) int { return (i*s.shorter + min(i, s.longer)) * s.unit }

// units is how many of them n is, one at the least.
func (s Split) units() int { return max((s.n+s.unit-1)/s.unit, 1) }

// into is s cut into so many parts, or as many as there are units.
func (s Split) into(count int) Split {
	units := s.units()
	count = max(min(count, units), 1)
	return Split{count, s.n, s.unit, units / count, units % count}
}

// SplitEvenly cuts n into parts of at most limit, all of one length and, except the
// last, multiples of unit.
func SplitEvenly(n, limit, unit int) Split {
	units := Split{n: n, unit: unit}.units()
	most := max(limit/unit, 1)
	parts := (units + most - 1) / most
	each := (units + parts - 1) / parts
	return Split{Count: (units + each - 1) / each, n: n, unit: unit, shorter: each}
}

// grid is the division of a product into jobs: a rectangle of blocks.
type grid struct {
	rows, cols Split
	first      int // number of the first job
}

// divide cuts a product into about want jobs. The right operand is packed by every
// job that has its columns, the left one once for all, so columns are cut down to
// four panels first, unless rows are many, then rows to a few hundred, and then
// columns again.
func divide(p *Primitives, q *Product, want, threads int) grid {
	const (
		fewCols = 128
		fewRows = 192
		results = 1 << 17 // numbers of Out that stay in the cache from block to block
		minWork = 1 << 18 // multiplications worth a job of their own
	)
	if q.M == 0 || q.N == 0 {
		return grid{}
	}
	want = max(min(want, q.M*q.N*max(q.K, 1)/minWork), 1)
	cols := SplitEvenly(q.N, maxWidth, p.Cols)
	if p.tall == 0 || q.M < p.tall {
		cols = cols.into(max(min(want, q.N/fewCols), cols.Count))
	}
	perColumn := (want + cols.Count - 1) / cols.Count
	_, width := cols.At(0)
	rows := SplitEvenly(q.M, roundUp(max(min(q.M/perColumn, results/width), fewRows), p.Rows), p.Rows)
	if missing := (want + rows.Count - 1) / rows.Count; missing > cols.Count {
		cols = SplitEvenly(q.N, max(q.N/missing, p.Cols), p.Cols)
	}
	return grid{rows: rows.into(rows.Count), cols: cols.into(cols.Count)}.forEach(threads)
}

// forEach gives every thread equally many jobs, by a few more of them if there are more
// than threads.
func (g grid) forEach(threads int) grid {
	for more := g; more.jobs() > threads; {
		if more.jobs()%threads == 0 {
			return more
		}
		before := more.jobs()
		if g.rows.Count > 1 {
			more.rows = g.rows.into(more.rows.Count + 1)
		} else {
			more.cols = g.cols.into(more.cols.Count + 1)
		}
		if more.jobs() == before {
			break // in units already
		}
	}
	return g
}

func (g grid) jobs() int { return g.rows.Count * g.cols.Count }

// primitives are those that a product uses.
func (q *Product) primitives(p *Primitives) *Primitives {
	if q.Half && p.Half != nil && q.K%2 == 0 {
		return p.Half
	}
	if t := q.thirds(p); t != nil {
		return t
	}
	return p
}

// block computes rows m0 to m1-1 of columns n0 to n1-1. left is nil unless the rows
// are packed already.
func (q *Product) block(p *Primitives, left packed, m0, m1, n0, n1 int) {
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	depth := q.depths(p)
	rows := p.RowBlocks(m1 - m0)
	lie, inPlace := q.inPlace(p)
	for d := range depth.Count {
		k0, k1 := depth.At(d)
		k0, k1 = k0*p.Depth, k1*p.Depth
		panels := q.rightPanels(p, w, depth, d, n0, n1, k0, k1)
		w.from, w.to = 0, 0
		for r := range rows.Count {
			lo, hi := rows.At(r)
			var a []float32
			var lda int
			if inPlace {
				a, lda = lie.Data[(m0+lo)*lie.Stride+k0:], lie.Stride
			} else {
				a, lda = q.leftRows(p, w, left, d, m0+lo, m0+hi, m1, k0, k1)
			}
			q.tiles(p, w, a, lda, panels, m0+lo, hi-lo, n0, n1, k0, k1)
		}
	}
}

// leftRows gives columns k0 to k1-1, block d over K, of rows row to end-1 packed: from those
// packed as a whole, or for this job, whose rows end at last.
func (q *Product) leftRows(p *Primitives, w *workspace, left packed, d, row, end, last, k0, k1 int) (a []float32, lda int) {
	if left != nil {
		return left.from(d, row)
	}
	lda = roundUp(p.left(k1-k0), rowPad) + rowPad // at most rowStride
	if row < w.from || end > w.to {
		w.from, w.to = row, min(max(end, row+nearNumbers/lda), last)
		q.Left.pack(p, w.a, lda, row, w.to-row, k0, k1)
	}
	return w.a[(row-w.from)*lda:], lda
}

// inPlace reports whether tiles can take the rows of the left operand where they lie.
// Those at multiples of 2048 bytes would compete for few sets of the first-level cache.
func (q *Product) inPlace(p *Primitives) (m Rows, ok bool) {
	const apart = 2048 / 4
	m, ok = q.Left.(Rows)
	return m, ok && m.Scale == 1 && p.Depth == 1 && m.Stride%apart != 0
}

// depths is the division of K, in elements; blocks of pairs are as deep as AMX's
// tiles or several of them.
func (q *Product) depths(p *Primitives) Split {
	if m, ok := q.asPixels(p); ok {
		return q.lineDepths(p, m)
	}
	return SplitEvenly(q.K/p.Depth, maxDepth/p.LeftParts, 8*p.Depth)
}

// tiles multiplies the packed rows by the packed panels. The first block over
// K adds bias and residual, later ones what is in Out already, and the last one limits.
func (q *Product) tiles(p *Primitives, w *workspace, a []float32, lda int, panels []float32, row, rows, n0, n1, k0, k1 int) {
	add, bias := q.Out, []float32(nil)
	if k0 == 0 {
		add, bias = q.Residual, q.Bias
	}
	var limits []float32
	if q.Limits != nil && k1 == q.K {
		limits = q.Limits[:]
	}
	k := (k1 - k0) / p.Depth
	size := k * p.RightParts * p.Cols
	for n := n0; n < n1; {
		panel := panels[(n-n0)/p.Cols*size+(n-n0)%p.Cols:]
		tile, width := p.part(n1 - n)
		if n1-n < width || q.Place != nil {
			tile(w.tile, p.Cols, a, lda, panel, k, nil, 0, nil, rows, 1, nil)
			q.scatter(w.tile, p.Cols, row, rows, n, min(n1-n, width), add, bias, limits)
			n += width
			continue
		}
		at, count := row*q.Stride+n, p.panelsAtOnce(n1-n, k)
		tile(q.Out[at:], q.Stride, a, lda, panel, k, From(add, at), q.Stride, From(bias, n), rows, count, limits)
		if p.Unit > 1 {
			q.limit(row, rows, n, count*width, limits)
		}
		n += count * width
	}
}

// scatter moves a tile that does not fit Out as a whole.
func (q *Product) scatter(tile []float32, ld, row, rows, n, cols int, add, bias, limits []float32) {
	for r := range rows {
		at := (row + r) * q.Stride
		if q.Place != nil {
			at = q.Place(row + r)
		}
		at += n
		t := tile[r*ld:][:cols]
		if len(bias) > 0 {
			for j, b := range bias[n:][:cols] {
				t[j] += b
			}
		}
		if len(add) > 0 {
			for j, x := range add[at:][:cols] {
				t[j] += x
			}
		}
		limit(t, limits)
		copy(q.Out[at:], t)
	}
}

// limit limits some columns of rows that tiles have computed that do not.
func (q *Product) limit(row, rows, n, cols int, limits []float32) {
	for r := range rows {
		limit(q.Out[(row+r)*q.Stride+n:][:cols], limits)
	}
}

// limit keeps x within limits, where there are some.
func limit(x, limits []float32) {
	if len(limits) > 0 {
		vec.Clamp(x, x, limits[0], limits[1])
	}
}

// From is s[i:], and nil for an absent s.
func From(s []float32, i int) []float32 {
	if len(s) == 0 {
		return nil
	}
	return s[i:]
}
