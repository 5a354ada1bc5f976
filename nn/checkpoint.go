package nn

import (
	"fmt"
	"sort"

	G "gorgonia.org/gorgonia"
)

// Checkpointing (Chen et al., arXiv 1604.06174): the values inside a block are
// dropped after the forward pass, and recomputed when the backward pass reads them.

// assignBlocks notes the block of each node of the forward pass, and the values
// that outlive theirs.
func (p *planner) assignBlocks(blocks []span, outputs []*G.Node) {
	p.block, p.saved = map[int64]int{}, map[int64]bool{}
	for _, n := range p.nodes {
		p.block[n.ID()] = -1
		if p.backward(n) {
			continue
		}
		i := sort.Search(len(blocks), func(i int) bool { return blocks[i].to > n.ID() })
		if i < len(blocks) && blocks[i].from <= n.ID() {
			p.block[n.ID()] = i
		}
	}
	for _, n := range p.nodes {
		for _, c := range p.children[n.ID()] {
			if !p.backward(n) && p.block[c.ID()] != p.block[n.ID()] {
				p.saved[c.ID()] = true
			}
		}
	}
	for _, n := range p.nodes {
		if kind(n.Op()) == "dropoutOp" { // would draw other numbers a second time
			p.saved[n.ID()] = true
		}
	}
	for _, n := range outputs {
		p.saved[n.ID()] = true
	}
}

// backward reports whether n belongs to the backward pass.
func (p *planner) backward(n *G.Node) bool { return p.gradFrom >= 0 && n.ID() >= p.gradFrom }

// dropped reports whether n's value is dropped after its block, to be recomputed in
// the backward pass.
func (p *planner) dropped(n *G.Node) bool {
	return !p.backward(n) && len(p.children[n.ID()]) > 0 && !p.saved[n.ID()] && p.droppedBlocks[p.block[n.ID()]]
}

// fit drops the values of blocks, those of the largest first, until the plan fits.
func (p *planner) fit(outputs []*G.Node, budget int64) error {
	order := p.blocksBySize()
	var need int64
	fits := func(k int) bool {
		p.droppedBlocks = map[int]bool{}
		for _, block := range order[:k] {
			p.droppedBlocks[block] = true
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

// blocksBySize lists the blocks by the size of what the backward pass reads inside
// them, largest first.
func (p *planner) blocksBySize() []int {
	size := map[int]int{} // in float32s
	seen := map[int64]bool{}
	for _, n := range p.nodes {
		if !p.backward(n) {
			continue
		}
		for _, c := range p.children[n.ID()] {
			if i := p.block[c.ID()]; i >= 0 && !p.saved[c.ID()] && c.Op() != nil && !seen[c.ID()] {
				seen[c.ID()] = true
				size[i] += c.Shape().TotalSize()
			}
		}
	}
	var order []int
	for i := range size {
		order = append(order, i)
	}
	sort.Slice(order, func(i, j int) bool {
		if size[order[i]] != size[order[j]] {
			return size[order[i]] > size[order[j]]
		}
		return order[i] < order[j]
	})
	return order
}
