package nn

import (
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// schedule writes the instructions and the lifetimes of all values.
func (p *planner) schedule(outputs []*G.Node) {
	p.code, p.slots, p.storages = nil, nil, nil
	p.latest, p.recomputedNodes = map[value]int{}, map[int64]bool{}
	for i, n := range p.nodes {
		if p.backward(n) {
			p.recomputeFor(n)
			if p.ahead && i+1 < len(p.nodes) {
				p.recomputeFor(p.nodes[i+1])
			}
		}
		p.emit(n)
	}
	p.outputs = nil
	for _, n := range outputs {
		s := p.latest[value{n.ID(), 0}]
		p.outputs = append(p.outputs, s)
		p.read(s, len(p.code))
	}
	p.reuse()
	p.releaseValues()
}

// recomputeFor emits a second time what a node of the backward pass reads and was dropped.
func (p *planner) recomputeFor(n *G.Node) {
	for _, c := range p.children[n.ID()] {
		p.recompute(c)
	}
}

// recompute emits n, and what it needs, a second time if its value was dropped.
func (p *planner) recompute(n *G.Node) {
	if !p.dropped(n) || p.recomputedNodes[n.ID()] {
		return
	}
	p.recomputedNodes[n.ID()] = true
	for _, c := range p.children[n.ID()] {
		p.recompute(c)
	}
	p.emit(n)
}

// emit appends the instruction of one node, if it needs one.
func (p *planner) emit(n *G.Node) {
	main, o, children := value{n.ID(), 0}, p.ops[n.ID()], p.children[n.ID()]
	switch {
	case n.Op() == nil || len(children) == 0 && n.Value() != nil:
		p.latest[main] = p.newSlot(slot{shape: n.Shape(), source: n, alias: -1})
		return
	case o != nil && o.view != nil:
		p.latest[main] = p.newSlot(slot{shape: n.Shape(), alias: p.latest[value{children[0].ID(), *o.view}]})
		return
	}
	at := len(p.code)
	in := instruction{node: n, op: o}
	for _, c := range children {
		in.in = append(in.in, p.argument(value{c.ID(), 0}, at))
	}
	if o == nil {
		p.latest[main] = p.newSlot(slot{shape: n.Shape(), alias: -1})
		in.out = []int{p.latest[main]}
	} else {
		if o.extra != nil {
			in.in = append(in.in, p.argument(value{children[o.extra.input].ID(), o.extra.index}, at))
		}
		in.out = p.results(n, o, at)
	}
	p.code = append(p.code, in)
}

// argument returns the slot of a value that instruction at reads, -1 if there is none.
func (p *planner) argument(v value, at int) int {
	s, ok := p.latest[v]
	if !ok {
		return -1
	}
	p.read(s, at)
	return s
}

// results makes room in the arena for the outputs of n that somebody reads.
func (p *planner) results(n *G.Node, o *op, at int) []int {
	var out []int
	for i := range 1 + len(o.extras) {
		v := value{n.ID(), i}
		if !p.wanted[v] {
			out = append(out, -1)
			continue
		}
		shape := n.Shape()
		if i > 0 {
			shape = gt.Shape{o.extras[i-1]}
		}
		st := &storage{size: shape.TotalSize(), first: at, last: at}
		p.storages = append(p.storages, st)
		p.latest[v] = p.newSlot(slot{shape: shape, storage: st, alias: -1})
		out = append(out, p.latest[v])
	}
	return out
}

func (p *planner) newSlot(s slot) int {
	s.size = s.shape.TotalSize()
	p.slots = append(p.slots, s)
	return len(p.slots) - 1
}

// root follows aliases to the slot that holds the numbers.
func (p *plan) root(s int) int {
	for p.slots[s].alias >= 0 {
		s = p.slots[s].alias
	}
	return s
}

// read lengthens the lifetime of what slot s holds to instruction at.
func (p *plan) read(s, at int) {
	if st := p.slots[p.root(s)].storage; st != nil {
		st.last = max(st.last, at)
	}
}

// releaseValues notes, for the values that gorgonia's own operations allocate,
// after which instruction nobody reads them any more.
func (p *planner) releaseValues() {
	last := map[int]int{}
	for at, in := range p.code {
		for _, s := range append(append([]int(nil), in.in...), in.out...) {
			if s >= 0 {
				last[p.root(s)] = at
			}
		}
	}
	for _, s := range p.outputs {
		delete(last, p.root(s))
	}
	for s, at := range last {
		if sl := p.slots[s]; sl.storage == nil && sl.source == nil {
			p.code[at].free = append(p.code[at].free, s)
		}
	}
}

// reuse lets operations write into the memory of an input that dies with them.
func (p *planner) reuse() {
	for at, in := range p.code {
		if in.op == nil || in.op.inPlace == 0 || in.out[0] < 0 {
			continue
		}
		over := in.in[in.op.inPlace-1]
		from, to := p.slots[p.root(over)].storage, p.slots[in.out[0]].storage
		if from == nil || from.root().last != at || from.root().size != to.size || p.readTwice(in, over) {
			continue
		}
		to.parent = from.root()
		to.parent.last = max(to.parent.last, to.last)
	}
	roots := p.storages[:0]
	for _, s := range p.storages {
		if s.parent == nil {
			roots = append(roots, s)
		}
	}
	p.storages = roots
}

// readTwice reports whether an instruction reads the memory of slot s through
// more than one of its inputs.
func (p *planner) readTwice(in instruction, s int) bool {
	n := 0
	for _, other := range in.in {
		if other >= 0 && p.root(other) == p.root(s) {
			n++
		}
	}
	return n > 1
}
