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

// fit drops the values of blocks, at as little work as is found, until the plan fits.
func (p *planner) fit(outputs []*G.Node, budget int64) error {
	need, ok := p.fits(nil, outputs, budget)
	if ok {
		return nil
	}
	all := p.byWorth()
	var best []candidate
	for _, from := range [][]candidate{slices.DeleteFunc(slices.Clone(all), func(c candidate) bool { return c.divided }), all} {
		var dropped []candidate
		if dropped, need = p.fewest(from, outputs, budget); dropped != nil && (best == nil || work(dropped) < work(best)) {
			best = dropped
		}
	}
	if best == nil {
		return fmt.Errorf("%w: the memory budget of %s is too small: this graph needs %s with every block computed twice; allow it that", ErrMemory, ByteSize(budget), byteSizeUp(need))
	}
	p.fits(best, outputs, budget)
	return nil
}

// fewest returns which of some blocks, in the order of worth, to drop so that the plan fits, nil and what is needed where
// all of them do not do.
func (p *planner) fewest(order []candidate, outputs []*G.Node, budget int64) (dropped []candidate, need int64) {
	fits := func(blocks []candidate) (ok bool) {
		need, ok = p.fits(blocks, outputs, budget)
		return ok
	}
	// Nearly each block lowers the need, so their number is found by bisection.
	k := 1 + sort.Search(len(order), func(i int) bool { return fits(order[:i+1]) })
	if k > len(order) || !fits(order[:k]) {
		return nil, need
	}
	// Those that turn out not to be needed are taken back, most work first.
	dropped = slices.Clone(order[:k])
	slices.SortStableFunc(dropped, func(a, b candidate) int { return cmp.Compare(b.work, a.work) })
	for i := 0; i < len(dropped); {
		if fewer := slices.Delete(slices.Clone(dropped), i, i+1); fits(fewer) {
			dropped = fewer
		} else {
			i++
		}
	}
	return dropped, need
}

// fits plans with the values of these blocks dropped, and says how much memory that needs.
func (p *planner) fits(blocks []candidate, outputs []*G.Node, budget int64) (need int64, ok bool) {
	for i := range p.levels {
		p.levels[i].dropped = map[int]bool{}
	}
	for _, c := range blocks {
		p.levels[c.level].dropped[c.block] = true
	}
	for _, p.ahead = range []bool{false, true} {
		p.schedule(outputs)
		if need = bytes(peak(p.storages, len(p.code))); need <= budget {
			need = bytes(place(p.storages))
		}
		if need <= budget {
			return need, true
		}
	}
	return bytes(place(p.storages)), false
}

// candidate is a block that may be dropped.
type candidate struct {
	level, block int
	size         int   // of what the backward pass reads inside it, in float32s
	work         int64 // to recompute it
	divided      bool  // into blocks within it
}

// work is what it takes to recompute blocks.
func work(of []candidate) (sum int64) {
	for _, c := range of {
		sum += c.work
	}
	return sum
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
		if within := at + 1; within < len(p.levels) && p.levels[within].block[n.ID()] >= 0 {
			c.divided = true
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
