package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Build is a graph while it is written down: its nodes, the hooks of its attention
// sites, and the blocks of its forward pass that may be recomputed in the backward
// pass.
type Build struct {
	Graph *G.ExprGraph

	hooks    []Hook
	given    map[string]gt.Shape // of inputs, that an Exec was given
	inputs   map[string]*G.Node  // by name; constants are not among them
	names    map[string]bool     // of inputs and constants
	blocks   [2][]span           // the outer ones, and those within them
	within   int                 // how many blocks are being written down
	gradFrom int64               // nodes from this id on belong to the backward pass; -1 before Grad
	path     *gradientPath       // of the gradient; nil before Grad
	merged   map[int64]bool      // nodes that were asked for more than once, see noteMerged
}

// span is the ids [from, to) of the nodes of one block.
type span struct{ from, to int64 }

// NewBuild starts an empty graph. The hooks are called in the given order at
// every attention site. Most callers want Compile, which makes a Build.
func NewBuild(hooks ...Hook) *Build {
	return &Build{
		Graph: G.NewGraph(), hooks: hooks, gradFrom: -1,
		inputs: map[string]*G.Node{}, names: map[string]bool{}, merged: map[int64]bool{},
	}
}

// Input adds a float32 input of the given shape, a scalar without one, that Run
// gives a value by name. It panics if the name is taken: gorgonia would merge the
// two.
func (b *Build) Input(name string, shape ...int) *G.Node {
	n := b.variable(name, shape)
	b.inputs[name] = n
	return n
}

// Constant adds a tensor that never changes. The values are not copied.
func (b *Build) Constant(name string, values []float32, shape ...int) *G.Node {
	n := b.variable(name, shape)
	if got, want := len(values), gt.Shape(shape).TotalSize(); got != want {
		panic(fmt.Sprintf("constant %q has %d values, want %d for shape %v", name, got, want, shape))
	}
	if err := G.Let(n, valueOf(values, shape)); err != nil {
		panic(fmt.Sprintf("constant %q: %v", name, err))
	}
	return n
}

func (b *Build) variable(name string, shape gt.Shape) *G.Node {
	if b.names[name] {
		panic(fmt.Sprintf("two inputs are called %q", name))
	}
	b.names[name] = true
	return G.NewTensor(b.Graph, gt.Float32, len(shape), G.WithShape(shape...), G.WithName(name))
}

// Block marks the nodes that f adds as one unit of checkpointing. To keep to a
// memory budget, a program drops the values inside a block after the forward pass,
// and recomputes them from what enters the block when the backward pass gets there.
// A block within a block may be dropped alone: it should be what takes much memory
// and is soon recomputed. Blocks within that one are part of it.
func (b *Build) Block(f func() *G.Node) *G.Node {
	from, level := b.next(), b.within
	b.within++
	n := f()
	b.within--
	if level < len(b.blocks) {
		b.blocks[level] = append(b.blocks[level], span{from, b.next()})
	}
	return n
}

// next is the id that the next node of the graph will get.
func (b *Build) next() int64 {
	all := b.Graph.AllNodes()
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].ID() + 1
}

// Grad differentiates a scalar with respect to inputs and returns one gradient for
// each, of the input's shape. A second call panics: gorgonia marks the graph's nodes
// as differentiated, and a second loss would get the gradient of the first.
func (b *Build) Grad(loss *G.Node, wrt ...*G.Node) G.Nodes {
	if b.gradFrom >= 0 {
		panic("Grad was called on this graph before: one graph has one loss; build a second graph, or add the losses")
	}
	b.gradFrom = b.next()
	if err := b.checkRemoved(); err != nil {
		panic(err)
	}
	b.path = follow(b.Graph, loss, wrt)
	if err := b.path.check(b); err != nil {
		panic(fmt.Errorf("gradient of %s: %w", loss.Name(), err))
	}
	grads, err := G.Grad(loss, wrt...)
	if err != nil {
		panic(fmt.Errorf("gradient of %s: %w", loss.Name(), b.path.explain(err)))
	}
	return grads
}
