package kernels

// blocks cuts the rows of [batch, rows, width] activations into runs that stay in a core's own cache and never span
// two batch entries. The cut depends on the shape alone: partial sums taken per block and combined in order give the
// same result for any number of threads.
type blocks struct {
	batch, height int // rows per batch entry
	each, per     int // rows per block, blocks per batch entry
}

// rowBlocks cuts b·rows rows of c numbers. A block has at most 256 rows, which bounds the rounding error of a float32
// column sum over it.
func rowBlocks(b, rows, c int) blocks {
	each := min(max(8, elementGrain*4/max(1, c)), 256)
	return blocks{batch: b, height: rows, each: each, per: (rows + each - 1) / each}
}

// count is the number of blocks of all batch entries.
func (s blocks) count() int { return s.batch * s.per }

// entry is the batch entry that block i belongs to.
func (s blocks) entry(i int) int { return i / s.per }

// rows is the half-open range of block i, counted over all batch entries.
func (s blocks) rows(i int) (lo, hi int) {
	entry, k := i/s.per, i%s.per
	return entry*s.height + k*s.each, entry*s.height + min((k+1)*s.each, s.height)
}

// of is the half-open range of the blocks of a batch entry.
func (s blocks) of(entry int) (first, end int) { return entry * s.per, (entry + 1) * s.per }
