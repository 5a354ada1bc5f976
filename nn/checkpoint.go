package nn

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	G "gorgonia.org/gorgonia"
)

// Checkpointing (Chen et al., arXiv 1604.06174): the values inside a block are
// dropped after the forward pass, and recomputed when the backward pass reads them.

// level is blocks none of which lies in another one.
type level struct {
	block   map[int64]int  // which block a node of the forward pass lies in, -1 for none
	saved   map[int64]bool // nodes whose values outlive their block: read outside of it in the forward pass, or outputs
	dropped map[int]bool   // blocks whose other values are recomputed in the backward pass
}

// assign notes the block of each node of the forward pass, and the values that
// outlive theirs.
func (p *planner) assign(blocks []span, outputs []*G.Node) level {
	l := level{block: map[int64]int{}, saved: map[int64]bool{}}
	for _, n := range p.nodes {
		l.block[n.ID()] = -1
		if p.backward(n) {
			continue
		}
		i := sort.Search(len(blocks), func(i int) bool { return blocks[i].to > n.ID() })
		if i < len(blocks) && blocks[i].from <= n.ID() {
			l.block[n.ID()] = i
		}
	}
	for _, n := range p.nodes {
		for _, c := range p.children[n.ID()] {
			if !p.backward(n) && l.block[c.ID()] != l.block[n.ID()] {
				l.saved[c.ID()] = true
			}
		}
	}
	for _, n := range p.nodes {
		if kind(n.Op()) == "dropoutOp" { // would draw other numbers a second time
			l.saved[n.ID()] = true
		}
	}
	for _, n := range outputs {
		l.saved[n.ID()] = true
	}
	return l
}

// inside reports whether n's value stays within a block, and which one.
func (l *level) inside(n *G.Node) (block int, ok bool) {
	block = l.block[n.ID()]
	return block, block >= 0 && !l.saved[n.ID()]
}

// backward reports whether n belongs to the backward pass.
func (p *planner) backward(n *G.Node) bool { return p.gradFrom >= 0 && n.ID() >= p.gradFrom }

// dropped reports whether n's value is dropped after its block, to be recomputed in
// the backward pass.
func (p *planner) dropped(n *G.Node) bool {
	if p.backward(n) || len(p.children[n.ID()]) == 0 {
		return false
	}
	return slices.ContainsFunc(p.levels, func(l level) bool {
		block, ok := l.inside(n)
		return ok && l.dropped[block]
	})
}

// fit drops the values of blocks, in the order of worth, until the plan fits.
func (p *planner) fit(outputs []*G.Node, budget int64) error {
	order := p.byWorth()
	var need int64
	fits := func(k int) bool {
		for i := range p.levels {
			p.levels[i].dropped = map[int]bool{}
		}
		for _, c := range order[:k] {
			p.levels[c.level].dropped[c.block] = true
		}
		p.schedule(outputs)
		if need = bytes(peak(p.storages, len(p.code))); need <= budget {
			need = bytes(place(p.storages))
		}
		return need <= budget
	}
	if fits(0) {
		return nil
	}
	// Each block lowers the need, so their number is found by bisection.
	k := 1 + sort.Search(len(order), func(i int) bool { return fits(i + 1) })
	if k > len(order) || !fits(k) {
		need = bytes(place(p.storages)) // where fits had the sum of sizes only
		return fmt.Errorf("%w: the memory budget of %s is too small: this graph needs %s with every block computed twice; allow it that", ErrMemory, ByteSize(budget), byteSizeUp(need))
	}
	return nil
}

// candidate is a block that may be dropped.
type candidate struct {
	level, block int
	size         int   // of what the backward pass reads inside it, in float32s
	work         int64 // to recompute it
}

// perNumber is what an operation without products takes for each of its numbers, in
// multiplications of products, which are not held up by memory.
const perNumber = 50

// byWorth lists the blocks by how much memory is gained for the work of recomputing
// them, those that gain most first.
func (p *planner) byWorth() []candidate {
	var order []candidate
	for i := range p.levels {
		order = append(order, p.candidates(i)...)
	}
	worth := func(c candidate) float64 { return float64(c.size) / float64(c.work) }
	slices.SortFunc(order, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(worth(b), worth(a)), cmp.Compare(a.level, b.level), cmp.Compare(a.block, b.block))
	})
	return order
}

// candidates are the blocks of a level that the backward pass reads anything in.
func (p *planner) candidates(at int) []candidate {
	l, found := &p.levels[at], map[int]*candidate{}
	read := map[int64]bool{}
	for _, n := range p.nodes {
		for _, c := range p.children[n.ID()] {
			read[c.ID()] = read[c.ID()] || p.backward(n)
		}
	}
	for _, n := range p.nodes {
		block, ok := l.inside(n)
		if !ok || n.Op() == nil {
			continue
		}
		if found[block] == nil {
			found[block] = &candidate{level: at, block: block}
		}
		c := found[block]
		c.work += perNumber * int64(n.Shape().TotalSize())
		if o := p.ops[n.ID()]; o != nil {
			c.work += o.flops
		}
		if read[n.ID()] {
			c.size += n.Shape().TotalSize()
		}
	}
	var all []candidate
	for _, c := range found {
		if c.size > 0 {
			all = append(all, *c)
		}
	}
	return all
}
