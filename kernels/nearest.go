package kernels

import (
	"fmt"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// Bank is a number of vectors, packed for products with others: what is nearest to those
// is found without a matrix of all distances. It is read-only, and may be used by several
// goroutines.
//
// Of a vector y it keeps -‖y‖²/2 beside it: x·y - ‖y‖²/2 is largest where ‖x-y‖² is
// smallest, which is ‖x‖² less twice that. Such a distance has the rounding error of the
// squares that it is a difference of, about 1e-6·(‖x‖²+‖y‖²).
type Bank struct {
	n, k    int
	p       *gemm.Primitives // those it is packed for
	columns gemm.Split       // of n, each a block
	depths  gemm.Split       // of k
	panels  []float32        // block after block, and depth after depth in each
	offset  []float32        // -‖y‖²/2
}

// Block sizes: a block of the bank fills half of a second-level cache of 1 MiB, and the
// products of a job's rows with it a part of the rest.
const (
	bankColumns = 384
	bankDepth   = 384
	bankRows    = 168
)

// NewBank packs the n vectors [n, k]. At least one is needed. rows is not kept.
func NewBank(rows []float32, n, k int) *Bank {
	if n < 1 || k < 1 {
		panic(fmt.Sprintf("kernels: NewBank: %d vectors of %d numbers, want at least one of each", n, k))
	}
	wantLen("NewBank", "rows", rows, n*k)
	p := gemm.Current()
	b := &Bank{
		n: n, k: k, p: p,
		columns: gemm.SplitEvenly(n, bankColumns, p.Cols), depths: gemm.SplitEvenly(k, bankDepth, 8),
		panels: make([]float32, p.Panels(n)*p.Cols*k), offset: make([]float32, p.Panels(n)*p.Cols),
	}
	Parallel(b.columns.Count, func(block int) {
		n0, n1 := b.columns.At(block)
		for d := range b.depths.Count {
			k0, k1 := b.depths.At(d)
			src := gemm.Numbers{Format: gemm.Float32, F32: rows[n0*k+k0:]}
			p.PackColumns(b.at(block, d), (k1-k0)*p.Cols, src, k, k1-k0, n1-n0)
		}
		for i := n0; i < n1; i++ {
			b.offset[i] = float32(-squares(rows[i*k:][:k]) / 2)
		}
	})
	return b
}

// Len is the number of vectors, and Dims how many numbers each has.
func (b *Bank) Len() int { return b.n }

// Dims is described at [Bank.Len].
func (b *Bank) Dims() int { return b.k }

// Nearest sets, for each of the m rows of x [m, k], dist to the squared Euclidean distance
// to the nearest vector of the bank, not below 0, and index to the number of that vector: of
// several, the first one. A row with a NaN has the distance NaN.
func (b *Bank) Nearest(dist []float32, index []int, x []float32, m int) {
	wantLen("Nearest", "dist", dist, m)
	wantLen("Nearest", "index", index, m)
	jobs := b.divide(m)
	found := make([]nearest, m*jobs.columns.Count)
	for i := range found {
		found[i].value = float32(math.Inf(-1))
	}
	b.products("Nearest", x, m, jobs, func(part, row, n0 int, products []float32) {
		found[part*m+row].look(products, n0)
	})
	Range(m, 64, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			best := found[i]
			for part := 1; part < jobs.columns.Count; part++ {
				if f := found[part*m+i]; f.value > best.value {
					best = f
				}
			}
			dist[i], index[i] = distance(squares(x[i*b.k:][:b.k]), best.value), best.index
		}
	})
}

// Distances sets out [m, n] to the squared Euclidean distances of the rows of x [m, k] to
// all vectors of the bank, not below 0.
func (b *Bank) Distances(out, x []float32, m int) {
	wantLen("Distances", "out", out, m*b.n)
	b.products("Distances", x, m, b.divide(m), func(_, row, n0 int, products []float32) {
		square := squares(x[row*b.k:][:b.k])
		for j, v := range products {
			out[row*b.n+n0+j] = distance(square, v)
		}
	})
}

// nearest is the vector that has been found nearest to a row, and x·y - ‖y‖²/2 of it.
type nearest struct {
	value float32
	index int
}

// look goes on to vectors from n0 on.
func (f *nearest) look(products []float32, n0 int) {
	if most := vec.Max(products); most > f.value {
		f.value, f.index = most, n0+max(slices.Index(products, most), 0)
	}
}

// distance is ‖x-y‖² of ‖x‖² and x·y - ‖y‖²/2.
func distance(square float64, product float32) float32 {
	return float32(max(square-2*float64(product), 0))
}

// squares is ‖x‖².
func squares(x []float32) (sum float64) {
	const piece = 512
	for part := range slices.Chunk(x, piece) {
		sum += float64(vec.Dot(part, part))
	}
	return sum
}

// bankJobs is the division of m rows by the blocks of a bank.
type bankJobs struct{ rows, columns gemm.Split }

// divide cuts rows into blocks, and where that makes few jobs the bank into parts.
func (b *Bank) divide(m int) bankJobs {
	want := 4 * Threads()
	rows := gemm.SplitEvenly(m, max(min(bankRows, m/want), b.p.Rows), b.p.Rows)
	parts := min((want+rows.Count-1)/rows.Count, b.columns.Count)
	each := (b.columns.Count + parts - 1) / parts
	return bankJobs{rows, gemm.SplitEvenly(b.columns.Count, each, 1)}
}

// products calls f with x·y - ‖y‖²/2 of each row and the vectors of each block, which begin
// at n0; those of one row and part come in order, from one goroutine.
func (b *Bank) products(op string, x []float32, m int, jobs bankJobs, f func(part, row, n0 int, products []float32)) {
	wantLen(op, "x", x, m*b.k)
	x, stride, free := b.apart(x, m)
	defer free()
	width := b.p.Padded(bankColumns)
	Parallel(jobs.rows.Count*jobs.columns.Count, func(job int) {
		c := gemm.NewBuffer(bankRows * width)
		defer c.Free()
		part := job / jobs.rows.Count
		r0, r1 := jobs.rows.At(job % jobs.rows.Count)
		for block, end := jobs.columns.At(part); block < end; block++ {
			n0, n1 := b.columns.At(block)
			b.multiply(c.Numbers, width, x[r0*stride:], stride, r1-r0, block)
			for r := r0; r < r1; r++ {
				f(part, r, n0, c.Numbers[(r-r0)*width:][:n1-n0])
			}
		}
	})
}

// multiply sets c to the products of some rows with a block.
func (b *Bank) multiply(c []float32, width int, x []float32, stride, rows, block int) {
	n0, n1 := b.columns.At(block)
	tiles := b.p.RowBlocks(rows)
	for d := range b.depths.Count {
		k0, k1 := b.depths.At(d)
		for i := range tiles.Count {
			lo, hi := tiles.At(i)
			add, ldadd := c[lo*width:], width
			if d == 0 {
				add, ldadd = b.offset[n0:], 0
			}
			b.p.Multiply(c[lo*width:], width, x[lo*stride+k0:], stride, b.at(block, d), (k1-k0)*b.p.Cols, k1-k0, add, ldadd, hi-lo, n1-n0)
		}
	}
}

// at is where the panels of a block begin that have depth d.
func (b *Bank) at(block, d int) []float32 {
	n0, n1 := b.columns.At(block)
	k0, _ := b.depths.At(d)
	return b.panels[n0*b.k+k0*b.p.Panels(n1-n0)*b.p.Cols:]
}

// apart is x with rows that do not compete for few sets of the first-level cache, their
// distance, and what gives memory back.
func (b *Bank) apart(x []float32, m int) (rows []float32, stride int, free func()) {
	const competing, pad = 2048 / 4, 16
	if b.k%competing != 0 {
		return x, b.k, func() {}
	}
	stride = b.k + pad
	copied := gemm.NewBuffer(m * stride)
	Range(m, rowGrain(b.k), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			copy(copied.Numbers[r*stride:], x[r*b.k:][:b.k])
		}
	})
	return copied.Numbers, stride, copied.Free
}
