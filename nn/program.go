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

// Program is a compiled graph. It runs the part that the outputs need, and is a
// gorgonia.VM. Calls of Run from several goroutines take turns; see Arena for
// running several programs at a time.
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
	copies map[int]*deviceCopy // of numbers of the host, by slot
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

// WithMemory limits the memory for activations to so many bytes: blocks (see
// Build.Block) are recomputed in the backward pass until the program fits. Inputs,
// outputs, weights and what gorgonia's own operations allocate are not counted.
// Compile fails with ErrMemory if the limit is too low (default: 0, no limit).
func WithMemory(bytes int64) Option { return func(o *options) { o.memory = bytes } }

// WithMemoryHint adds to the text of ErrMemory what else its reader can do, such as
// "make the picture smaller" (default: the text says how much memory is needed and
// how much there is).
func WithMemoryHint(hint string) Option { return func(o *options) { o.hint = hint } }

// WithArena makes the program compute in the memory of a (default: an arena of its
// own).
func WithArena(a *Arena) Option { return func(o *options) { o.arena = a } }

// WithPrecision makes linear layers, convolutions and attention multiply numbers of
// precision p (default: kernels.Float32). Compile fails where the processor, or the
// arena's device, cannot. It concerns this program alone.
func WithPrecision(p kernels.Precision) Option { return func(o *options) { o.precision = p } }

// WithHooks adds hooks, called in this order at every attention site.
func WithHooks(h ...Hook) Option { return func(o *options) { o.hooks = append(o.hooks, h...) } }

// Compile calls build, which writes down a graph and returns the nodes that are
// wanted, of dtype float32, and plans their computation. A panic of build, such as
// one about shapes that do not fit, becomes an error, ErrArgument. It is an error,
// too, if the options or the environment ([kernels.CheckEnvironment]) ask for what
// this machine lacks.
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
		values: map[int]G.Value{}, copies: map[int]*deviceCopy{},
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

// Inputs returns the shapes of the inputs that Run takes, by name.
func (p *Program) Inputs() map[string]gt.Shape {
	shapes := make(map[string]gt.Shape, len(p.inputs))
	for name, n := range p.inputs {
		shapes[name] = n.Shape().Clone()
	}
	return shapes
}

// ArenaBytes returns the memory that the program needs in its arena, in bytes.
func (p *Program) ArenaBytes() int64 { return bytes(p.plan.arena) }

// Recomputed returns the number of blocks that are recomputed in the backward pass
// to keep to the limit of WithMemory.
func (p *Program) Recomputed() int { return p.plan.recomputed }

// Instructions returns the number of operations of one run.
func (p *Program) Instructions() int { return len(p.plan.code) }

// Run runs the program on inputs by name and returns the values of its outputs, in
// memory of their own. An input that is left out has its value of the run before.
// Run stops with ctx's error after the operation under way, or while it waits for
// its turn in the arena; after Close, of the program or its arena, with ErrClosed.
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

// Close is part of gorgonia.VM. A run stops after the operation under way, and it
// and later ones return ErrClosed. The program's arena is closed, too, unless it
// was given by WithArena.
func (p *Program) Close() error {
	p.closed.Store(true)
	if p.own {
		p.arena.Close()
	}
	return nil
}
