package gemm

// Batch is products of one shape whose operands lie apart by fixed distances, the strided
// batch of GPU libraries: for n < Count, r < Rows, j < Cols and i < K
//
//	C[n*NextC+r*LDC+j] = Σ_i A[n*NextA+r*LDA+i]·Panel[n*NextPanel+i*Cols+j]
//
// Rows of C have room for [Primitives.Padded] of Cols columns. It saves AMX most of what its
// tiles cost to set up, which is as much as a small product.
type Batch struct {
	C         []float32
	LDC       int
	NextC     int
	A         []float32 // packed rows
	LDA       int
	NextA     int
	Panel     []float32
	NextPanel int

	K, Rows, Cols, Count int  // K in elements; no more rows than a tile has, and no more columns than a panel
	Add                  bool // to what C has
}

// Run computes the products.
func (b Batch) Run(p *Primitives) {
	tile, width := p.tile(b.Cols)
	if p.batch != nil && width == p.Cols && b.Count > 0 {
		p.batch(b.C, b.LDC, b.NextC, b.A, b.LDA, b.NextA, b.Panel, b.NextPanel, b.K, b.Add, b.Rows, b.Count)
		return
	}
	for n := range b.Count {
		c, add := b.C[n*b.NextC:], []float32(nil)
		if b.Add {
			add = c
		}
		tile(c, b.LDC, b.A[n*b.NextA:], b.LDA, b.Panel[n*b.NextPanel:], b.K, add, b.LDC, nil, b.Rows, 1, nil)
	}
}

// At is product n alone.
func (b Batch) At(n int) Batch {
	b.C, b.A, b.Panel, b.Count = b.C[n*b.NextC:], b.A[n*b.NextA:], b.Panel[n*b.NextPanel:], 1
	return b
}

// RunTall computes a single product, whatever Count is, of any number of rows.
func (b Batch) RunTall(p *Primitives) {
	blocks := p.RowBlocks(b.Rows)
	lo, hi := blocks.At(blocks.Count - 1)
	last := b
	last.A, last.C, last.Rows, last.Count = b.A[lo*b.LDA:], b.C[lo*b.LDC:], hi-lo, 1
	if b.Count = blocks.Count - 1; b.Count > 0 {
		_, b.Rows = blocks.At(0)
		b.NextA, b.NextC, b.NextPanel = b.Rows*b.LDA, b.Rows*b.LDC, 0
		b.Run(p)
	}
	last.Run(p)
}
