package nn

import (
	"fmt"
	"sort"

	"gonum.org/v1/gonum/graph"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// plan is a graph made ready to run: instructions in order, the values they
// read and write, and where in the arena each lies.
type plan struct {
	code       []instruction
	slots      []slot
	storages   []*storage // of the slots that live in the arena
	outputs    []int      // slots
	arena      int        // in float32s
	recomputed int        // blocks that are recomputed in the backward pass
}

// instruction computes the values of one node.
type instruction struct {
	node *G.Node
	op   *op   // nil for an operation of gorgonia's own
	in   []int // slots; the last is the extra input where op.extra is set, -1 if it is not at hand
	out  []int // slots; -1 where nobody reads the output
	free []int // slots of gorgonia's own operations that are read here for the last time
}

// slot is a value at run time. Several slots may share one storage (views).
type slot struct {
	shape   gt.Shape
	size    int
	storage *storage // in the arena, or nil
	source  *G.Node  // an input or constant, or nil
	alias   int      // the slot whose numbers these are (a view), or -1
}

// value names an output of a node: 0 is the main one.
type value struct {
	node  int64
	index int
}

// planner turns the part of a graph that the wanted outputs need into a plan.
type planner struct {
	plan
	nodes           []*G.Node // needed, in the order they were created: children first
	children        map[int64]G.Nodes
	ops             map[int64]*op
	wanted          map[value]bool
	gradFrom        int64
	levels          []level        // of blocks
	latest          map[value]int  // slot of the newest computation of a value
	recomputedNodes map[int64]bool // so far
	ahead           bool           // dropped values are recomputed before the operation that comes before the first that reads them
}

// newPlan plans the computation of outputs. A budget of arena bytes above 0
// makes it drop the values of blocks, to recompute them, until the plan fits; it
// is an error if dropping all of them does not do.
func newPlan(b *Build, outputs []*G.Node, budget int64) (*plan, error) {
	p := &planner{gradFrom: b.gradFrom}
	if err := b.checkRemoved(); err != nil {
		return nil, wrongArgument(err)
	}
	if err := p.collect(b.Graph, outputs); err != nil {
		return nil, wrongArgument(err)
	}
	if err := b.checkForeign(p.nodes, outputs); err != nil {
		return nil, wrongArgument(err)
	}
	for _, blocks := range b.blocks {
		p.levels = append(p.levels, p.assign(blocks, outputs))
	}
	if budget <= 0 {
		p.schedule(outputs)
	} else if err := p.fit(outputs, budget); err != nil {
		return nil, err
	}
	p.arena = place(p.storages)
	for _, l := range p.levels {
		p.recomputed += len(l.dropped)
	}
	return &p.plan, nil
}

// collect finds the nodes that outputs need, and which outputs of each.
func (p *planner) collect(g *G.ExprGraph, outputs []*G.Node) error {
	p.children, p.ops, p.wanted = map[int64]G.Nodes{}, map[int64]*op{}, map[value]bool{}
	for _, n := range outputs {
		if err := p.visit(g, n); err != nil {
			return err
		}
		p.wanted[value{n.ID(), 0}] = true
	}
	// A node is created after its children, and the backward pass is created in
	// the order in which it frees what the forward pass saved.
	sort.Slice(p.nodes, func(i, j int) bool { return p.nodes[i].ID() < p.nodes[j].ID() })
	return nil
}

// visit collects n and what it needs.
func (p *planner) visit(g *G.ExprGraph, n *G.Node) error {
	if _, seen := p.children[n.ID()]; seen {
		return nil
	}
	if g.Node(n.ID()) != graph.Node(n) {
		return fmt.Errorf("node %s is not in the graph that is being built%.0w", n.Name(), ErrArgument)
	}
	in := children(g, n)
	p.nodes = append(p.nodes, n)
	p.children[n.ID()] = in
	p.ops[n.ID()] = operation(n, in)
	p.want(p.ops[n.ID()], in)
	for _, c := range append(in[:len(in):len(in)], before(g, n)...) {
		if err := p.visit(g, c); err != nil {
			return err
		}
	}
	return nil
}

// want notes which outputs of its children an operation reads.
func (p *planner) want(o *op, children G.Nodes) {
	if o != nil && o.view != nil {
		p.wanted[value{children[0].ID(), *o.view}] = true
		return
	}
	if o != nil && o.extra != nil {
		p.wanted[value{children[o.extra.input].ID(), o.extra.index}] = true
	}
	for _, c := range children {
		p.wanted[value{c.ID(), 0}] = true
	}
}

// operation is n's op as ours. gorgonia's own addition, with which it sums up
// gradients, is replaced by one that runs in the arena.
func operation(n *G.Node, children G.Nodes) *op {
	if o, ok := n.Op().(*op); ok {
		return o
	}
	if n.Op() != nil && n.Op().String() == "+ false" && len(children) == 2 && n.Dtype() == gt.Float32 &&
		n.Dims() > 0 && children[0].Shape().Eq(n.Shape()) && children[1].Shape().Eq(n.Shape()) {
		return addOp(n.Shape())
	}
	return nil
}
