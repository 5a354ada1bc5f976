package nn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Program runs the part of a graph that its outputs need. It is a gorgonia.VM.
// Calls of Run from several goroutines take turns; see Arena for running
// several programs at a time.
type Program struct {
	plan    *plan
	inputs  map[string]*G.Node
	outputs []*G.Node
	arena   *Arena
	on      kernels.Functions // with which it computes
	own     bool              // the arena is nobody else's
	hint    string            // for ErrMemory
	closed  atomic.Bool

	bound  []boundInput // inputs that the plan reads
	values map[int]G.Value
	lent   map[int]*lent // copies of numbers of this machine on the arena's device, by slot
}

// boundInput is an input or constant of the graph and the slot it fills.
type boundInput struct {
	node *G.Node
	slot int
	f    []float32
}

var _ G.VM = (*Program)(nil)

// Option changes how a graph is compiled.
type Option func(*options)

type options struct {
	memory    int64
	hint      string
	arena     *Arena
	precision kernels.Precision
	hooks     []Hook

	compiler Compiler            // of an Exec
	given    map[string]gt.Shape // that Build.Given has
}

func optionsOf(opts []Option) options {
	var o options
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	return o
}

// WithMemory limits the arena to so many bytes: blocks are computed twice until
// the plan fits. Inputs, outputs, weights and what gorgonia's own operations
// allocate are not counted. Compile fails with ErrMemory if the budget cannot be
// met. 0, the default, is no limit.
func WithMemory(bytes int64) Option { return func(o *options) { o.memory = bytes } }

// WithMemoryHint ends the text of ErrMemory with what else can be done about it,
// in the words of who uses the graph, such as "make the picture smaller" (default:
// it says how much memory is needed and can be had, and what a budget does).
func WithMemoryHint(hint string) Option { return func(o *options) { o.hint = hint } }

// WithArena makes the program take its memory from a (default: an arena of its
// own).
func WithArena(a *Arena) Option { return func(o *options) { o.arena = a } }

// WithPrecision makes the program multiply numbers of p, in linear layers,
// convolutions and attention (default: kernels.Float32). Compile fails where the
// processor, or the arena's device, cannot. Programs of one process may differ.
func WithPrecision(p kernels.Precision) Option { return func(o *options) { o.precision = p } }

// WithHooks adds hooks, called in this order at every attention site.
func WithHooks(h ...Hook) Option { return func(o *options) { o.hooks = append(o.hooks, h...) } }

// Compile calls build to write down a graph and plans the computation of the
// nodes that it returns, which must be float32. What panics while building, a
// shape that does not fit for example, comes back as an error, ErrArgument. An
// instruction set that the environment asks for and that is not to be had is
// another error ([kernels.CheckEnvironment]).
func Compile(build func(*Build) []*G.Node, opts ...Option) (p *Program, err error) {
	if err := kernels.CheckEnvironment(); err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	if build == nil {
		return nil, fmt.Errorf("nn: there is nothing that builds the graph: the function is nil%.0w", ErrArgument)
	}
	o := optionsOf(opts)
	defer recoverTo(&err, "nn: building the graph")
	b := NewBuild(o.hooks...)
	b.given = o.given
	outputs := build(b)
	if err := errors.Join(b.checkGiven(), checkOutputs(outputs)); err != nil {
		return nil, err
	}
	pl, err := newPlan(b, outputs, o.memory)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", hinted(err, o.hint))
	}
	own := o.arena == nil
	if own {
		o.arena = NewArena()
	}
	on, err := o.arena.functions(o.precision)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", wrongArgument(err))
	}
	o.arena.expect(pl.arena)
	p = &Program{
		plan: pl, inputs: b.inputs, outputs: outputs, arena: o.arena, on: on, own: own, hint: o.hint,
		values: map[int]G.Value{}, lent: map[int]*lent{},
	}
	for i, s := range pl.slots {
		if s.source != nil {
			p.bound = append(p.bound, boundInput{node: s.source, slot: i})
		}
	}
	return p, nil
}

func checkOutputs(outputs []*G.Node) error {
	if len(outputs) == 0 {
		return fmt.Errorf("nn: the graph has no outputs%.0w", ErrArgument)
	}
	for i, n := range outputs {
		if n == nil {
			return fmt.Errorf("nn: output %d of the graph is nil%.0w", i, ErrArgument)
		}
		if n.Dtype() != gt.Float32 {
			return fmt.Errorf("nn: output %s is %v, want float32%.0w", n.Name(), n.Dtype(), ErrArgument)
		}
	}
	return nil
}

// Inputs are the shapes of the graph's inputs by name, which Run takes.
func (p *Program) Inputs() map[string]gt.Shape {
	shapes := make(map[string]gt.Shape, len(p.inputs))
	for name, n := range p.inputs {
		shapes[name] = n.Shape().Clone()
	}
	return shapes
}

// ArenaBytes is the memory that the program's plan takes.
func (p *Program) ArenaBytes() int64 { return bytes(p.plan.arena) }

// Recomputed is the number of blocks that are computed twice to keep to the
// memory budget.
func (p *Program) Recomputed() int { return p.plan.dropped }

// Instructions is the number of operations of one run.
func (p *Program) Instructions() int { return len(p.plan.code) }

// Run binds inputs by name, runs the program and returns the values of its
// outputs, in memory of their own. An input of an earlier run stays bound.
// It returns ctx's error as soon as the operation under way has finished, or
// while it waits for its turn; ErrClosed after Close, or the arena's.
func (p *Program) Run(ctx context.Context, inputs map[string]*gt.Dense) ([]*gt.Dense, error) {
	if err := p.arena.lock(ctx); err != nil {
		return nil, err
	}
	defer p.arena.unlock()
	if err := p.bind(inputs); err != nil {
		return nil, err
	}
	if err := p.run(ctx); err != nil {
		return nil, err
	}
	out := make([]*gt.Dense, len(p.outputs))
	for i, n := range p.outputs {
		f, err := floats(n.Value())
		if err != nil {
			return nil, fmt.Errorf("nn: output %s: %w", n.Name(), err)
		}
		if n.Op() == nil || slices.Contains(p.outputs[:i], n) { // an input, whose memory is the caller's, or given out already
			f = slices.Clone(f)
		}
		out[i] = dense(f, n.Shape())
	}
	return out, nil
}

// bind checks inputs against the graph's and binds them to its nodes.
func (p *Program) bind(inputs map[string]*gt.Dense) error {
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		n, d := p.inputs[name], inputs[name]
		switch {
		case n == nil:
			return unknownInput(name, p.inputs)
		case d == nil:
			return fmt.Errorf("nn: input %q is nil%.0w", name, ErrArgument)
		case d.Dtype() != gt.Float32:
			return fmt.Errorf("nn: input %q is %v, want float32%.0w", name, d.Dtype(), ErrArgument)
		case !slices.Equal(d.Shape(), n.Shape()):
			return fmt.Errorf("nn: input %q has shape %v, want %v%.0w", name, d.Shape(), n.Shape(), ErrArgument)
		}
		if err := G.Let(n, d); err != nil {
			return fmt.Errorf("nn: input %q: %w", name, err)
		}
	}
	return nil
}

func unknownInput(name string, inputs map[string]*G.Node) error {
	return fmt.Errorf("nn: the graph has no input %q; it has %q%.0w", name, slices.Sorted(maps.Keys(inputs)), ErrArgument)
}

// RunAll is part of gorgonia.VM: it runs the graph on the values bound to its
// input nodes and binds the results to the output nodes.
func (p *Program) RunAll() error {
	if err := p.arena.lock(context.Background()); err != nil {
		return err
	}
	defer p.arena.unlock()
	return p.run(context.Background())
}

// Reset is part of gorgonia.VM. A Program has nothing to reset.
func (p *Program) Reset() {}

// Close is part of gorgonia.VM: the program stops and is not run again; Run then
// returns ErrClosed. An arena that it does not share is closed, too.
func (p *Program) Close() error {
	p.closed.Store(true)
	if p.own {
		p.arena.Close()
	}
	return nil
}
