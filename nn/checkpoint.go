package nn

import (
	"fmt"
	"sort"

	G "gorgonia.org/gorgonia"
)

// Checkpointing (Chen et al., arXiv 1604.06174): what lies inside a block is
// dropped after the forward pass and computed again when the backward pass
// wants it.

// assignBlocks notes each forward node's block and whether it is read outside.
func (p *planner) assignBlocks(blocks []span, outputs []*G.Node) {
	p.block, p.kept = map[int64]int{}, map[int64]bool{}
	for _, n := range p.nodes {
		p.block[n.ID()] = -1
		if p.late(n) {
			continue
		}
		i := sort.Search(len(blocks), func(i int) bool { return blocks[i].to > n.ID() })
		if i < len(blocks) && blocks[i].from <= n.ID() {
			p.block[n.ID()] = i
		}
	}
	for _, n := range p.nodes {
		for _, c := range p.children[n.ID()] {
			if !p.late(n) && p.block[c.ID()] != p.block[n.ID()] {
				p.kept[c.ID()] = true
			}
		}
	}
	for _, n := range p.nodes {
		if kind(n.Op()) == "dropoutOp" { // would draw other numbers a second time
			p.kept[n.ID()] = true
		}
	}
	for _, n := range outputs {
		p.kept[n.ID()] = true
	}
}

// late tells whether n belongs to the backward pass.
func (p *planner) late(n *G.Node) bool { return p.gradFrom >= 0 && n.ID() >= p.gradFrom }

// droppable tells whether n's value is thrown away after its block and computed
// again when the backward pass wants it.
func (p *planner) droppable(n *G.Node) bool {
	return !p.late(n) && len(p.children[n.ID()]) > 0 && !p.kept[n.ID()] && p.drop[p.block[n.ID()]]
}

// fit drops blocks, the ones that keep most first, until the plan fits.
func (p *planner) fit(outputs []*G.Node, budget int64) error {
	order := p.blocksBySize()
	var need int64
	fits := func(k int) bool {
		p.drop = map[int]bool{}
		for _, block := range order[:k] {
			p.drop[block] = true
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
	// A block more lowers the need, so the number is found by halving.
	k := 1 + sort.Search(len(order), func(i int) bool { return fits(i + 1) })
	if k > len(order) || !fits(k) {
		need = bytes(place(p.storages)) // where fits had the sum of sizes only
		return fmt.Errorf("%w: the memory budget of %s is too small: this graph needs %s with every block computed twice; allow it that", ErrMemory, ByteSize(budget), byteSizeUp(need))
	}
	return nil
}

// blocksBySize lists the blocks by the bytes that they keep for the backward
// pass, largest first.
func (p *planner) blocksBySize() []int {
	kept := map[int]int{}
	seen := map[int64]bool{}
	for _, n := range p.nodes {
		if !p.late(n) {
			continue
		}
		for _, c := range p.children[n.ID()] {
			if i := p.block[c.ID()]; i >= 0 && !p.kept[c.ID()] && c.Op() != nil && !seen[c.ID()] {
				seen[c.ID()] = true
				kept[i] += c.Shape().TotalSize()
			}
		}
	}
	var order []int
	for i := range kept {
		order = append(order, i)
	}
	sort.Slice(order, func(i, j int) bool {
		if kept[order[i]] != kept[order[j]] {
			return kept[order[i]] > kept[order[j]]
		}
		return order[i] < order[j]
	})
	return order
}
