package gemm

import (
	"sync"
	"sync/atomic"
)

// Kept is a right operand that stays packed from the first product on that uses it, as
// single numbers. It is for weights of products with few rows, which packing would take a
// good part of.
type Kept struct {
	Right
	N, K int

	packing sync.Mutex
	packed  atomic.Pointer[keptPanels]
}

// keptPanels are block after block over K, with all panels in each.
type keptPanels struct {
	cols, count int // of a panel; of panels
	depths      Split
	numbers     []float32
}

// at is where the panels begin that have block d over K and columns from n0 on.
func (m *keptPanels) at(d, n0 int) []float32 {
	k0, k1 := m.depths.At(d)
	return m.numbers[(k0*m.count+n0/m.cols*(k1-k0))*m.cols:]
}

// keep packs the operand, unless that has been done.
func (m *Kept) keep(q *Product, p *Primitives, parallel func(n int, f func(i int))) {
	if p.Depth > 1 || p.RightParts > 1 || m.packed.Load() != nil {
		return
	}
	m.packing.Lock()
	defer m.packing.Unlock()
	if m.packed.Load() != nil {
		return
	}
	k := &keptPanels{cols: p.Cols, count: p.Panels(m.N), depths: q.depths(p)}
	k.numbers = make([]float32, k.count*k.cols*m.K)
	blocks := SplitEvenly(m.N, maxWidth, p.Cols)
	parallel(blocks.Count*k.depths.Count, func(job int) {
		d := job / blocks.Count
		n0, n1 := blocks.At(job % blocks.Count)
		k0, k1 := k.depths.At(d)
		m.pack(p, k.at(d, n0), n0, n1, k0, k1)
	})
	m.packed.Store(k)
}

// rightPanels gives rows k0 to k1-1, block d over K, of some columns as panels: those that
// are kept, or packed for this job.
func (q *Product) rightPanels(p *Primitives, w *workspace, depths Split, d, n0, n1, k0, k1 int) []float32 {
	if m, ok := q.Right.(*Kept); ok && p.Depth == 1 && p.RightParts == 1 {
		if kept := m.packed.Load(); kept != nil && kept.cols == p.Cols && kept.depths == depths {
			return kept.at(d, n0)
		}
	}
	q.Right.pack(p, w.b, n0, n1, k0, k1)
	return w.b
}
