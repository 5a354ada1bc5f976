package nn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Program runs the part of a graph that its outputs need. It is a gorgonia.VM.
// One Program runs one computation at a time; see Arena for several.
type Program struct {
	plan    *plan
	inputs  map[string]*G.Node
	outputs []*G.Node
	arena   *Arena

	bound  []boundInput // inputs that the plan reads
	values map[int]G.Value
	views  map[int]*gt.Dense // arena slots as tensors, for gorgonia's own operations
	base   *float32          // where the arena lay when the views were made
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
	budget int64
	arena  *Arena
	hooks  []Hook
}

// WithBudget limits the arena to so many bytes: blocks are computed twice until
// the plan fits. Inputs, outputs and weights are not counted. Compile fails if
// the budget cannot be met.
func WithBudget(bytes int64) Option { return func(o *options) { o.budget = bytes } }

// WithArena makes the program take its memory from a.
func WithArena(a *Arena) Option { return func(o *options) { o.arena = a } }

// WithHooks adds hooks, called in this order at every attention site.
func WithHooks(h ...Hook) Option { return func(o *options) { o.hooks = append(o.hooks, h...) } }

// Compile calls build to write down a graph and plans the computation of the
// nodes that it returns, which must be float32. What panics while building, a
// shape that does not fit for example, comes back as an error.
func Compile(build func(*Build) []*G.Node, opts ...Option) (p *Program, err error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	defer recoverTo(&err, "nn: building the graph")
	b := NewBuild(o.hooks...)
	outputs := build(b)
	if len(outputs) == 0 {
		return nil, errors.New("nn: the graph has no outputs")
	}
	for i, n := range outputs {
		if n == nil {
			return nil, fmt.Errorf("nn: output %d of the graph is nil", i)
		}
		if n.Dtype() != gt.Float32 {
			return nil, fmt.Errorf("nn: output %s is %v, want float32", n.Name(), n.Dtype())
		}
	}
	pl, err := newPlan(b, outputs, o.budget)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	if o.arena == nil {
		o.arena = NewArena()
	}
	p = &Program{plan: pl, inputs: b.inputs, outputs: outputs, arena: o.arena, values: map[int]G.Value{}, views: map[int]*gt.Dense{}}
	for i, s := range pl.slots {
		if s.source != nil {
			p.bound = append(p.bound, boundInput{node: s.source, slot: i})
		}
	}
	return p, nil
}

// ArenaBytes is the memory that the program's plan takes.
func (p *Program) ArenaBytes() int64 { return int64(p.plan.arena) * 4 }

// Recomputed is the number of blocks that are computed twice to keep to the
// memory budget.
func (p *Program) Recomputed() int { return p.plan.dropped }

// Instructions is the number of operations of one run.
func (p *Program) Instructions() int { return len(p.plan.code) }

// Run binds inputs by name, runs the program and returns the values of its
// outputs, in memory of their own. An input of an earlier run stays bound.
// It returns ctx's error as soon as the operation under way has finished.
func (p *Program) Run(ctx context.Context, inputs map[string]*gt.Dense) ([]*gt.Dense, error) {
	if err := p.bind(inputs); err != nil {
		return nil, err
	}
	if err := p.run(ctx); err != nil {
		return nil, err
	}
	out := make([]*gt.Dense, len(p.outputs))
	for i, n := range p.outputs {
		switch v := n.Value().(type) {
		case *gt.Dense:
			out[i] = v
		case *G.F32:
			out[i] = gt.New(gt.FromScalar(float32(*v)))
		}
	}
	return out, nil
}

// bind checks inputs against the graph's and binds them to its nodes.
func (p *Program) bind(inputs map[string]*gt.Dense) error {
	names := make([]string, 0, len(inputs))
	for name := range inputs {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		n, d := p.inputs[name], inputs[name]
		switch {
		case n == nil:
			return fmt.Errorf("nn: the graph has no input %q; it has %s", name, p.inputNames())
		case d == nil:
			return fmt.Errorf("nn: input %q is nil", name)
		case d.Dtype() != gt.Float32:
			return fmt.Errorf("nn: input %q is %v, want float32", name, d.Dtype())
		case !slices.Equal(d.Shape(), n.Shape()):
			return fmt.Errorf("nn: input %q has shape %v, want %v", name, d.Shape(), n.Shape())
		}
		if err := G.Let(n, d); err != nil {
			return fmt.Errorf("nn: input %q: %w", name, err)
		}
	}
	return nil
}

func (p *Program) inputNames() string {
	var names []string
	for name := range p.inputs {
		names = append(names, name)
	}
	sort.Strings(names)
	return fmt.Sprintf("%q", names)
}

// RunAll is part of gorgonia.VM: it runs the graph on the values bound to its
// input nodes and binds the results to the output nodes.
func (p *Program) RunAll() error { return p.run(context.Background()) }

// Reset is part of gorgonia.VM. A Program has nothing to reset.
func (p *Program) Reset() {}

// Close is part of gorgonia.VM: it lets go of the memory.
func (p *Program) Close() error {
	p.arena, p.values, p.views, p.bound = NewArena(), map[int]G.Value{}, map[int]*gt.Dense{}, nil
	return nil
}

func (p *Program) run(ctx context.Context) (err error) {
	p.arena.mu.Lock()
	defer p.arena.mu.Unlock()
	defer clear(p.values)
	p.arena.reserve(p.plan.arena)
	if p.plan.arena > 0 && p.base != &p.arena.buf[0] {
		p.base = &p.arena.buf[0]
		clear(p.views)
	}
	for i := range p.bound {
		in := &p.bound[i]
		v := in.node.Value()
		if v == nil {
			return fmt.Errorf("nn: input %q has no value", in.node.Name())
		}
		p.values[in.slot] = v
		if in.f, err = floats(v); err != nil && in.node.Dtype() == gt.Float32 {
			return fmt.Errorf("nn: input %q: %w", in.node.Name(), err)
		}
	}
	for i := range p.plan.code {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.execute(&p.plan.code[i]); err != nil {
			return err
		}
	}
	return p.publish()
}

// execute runs one instruction.
func (p *Program) execute(in *instruction) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("nn: %s: %v", in.node.Name(), r)
		}
	}()
	if in.op == nil {
		return p.executeForeign(in)
	}
	args, results := make([][]float32, len(in.in)), make([][]float32, len(in.out))
	for i, s := range in.in {
		if s < 0 {
			continue
		}
		if args[i], err = p.floats(s); err != nil {
			return fmt.Errorf("nn: %s: %w", in.node.Name(), err)
		}
	}
	for i, s := range in.out {
		if s >= 0 {
			results[i], _ = p.floats(s)
		}
	}
	in.op.run(results, args)
	p.release(in)
	return nil
}

// executeForeign runs an operation of gorgonia's own. What it returns may be a
// view of what it was given, which lies in memory that is about to be reused.
func (p *Program) executeForeign(in *instruction) error {
	args := make([]G.Value, len(in.in))
	for i, s := range in.in {
		v, err := p.value(s)
		if err != nil {
			return fmt.Errorf("nn: %s: %w", in.node.Name(), err)
		}
		args[i] = v
	}
	v, err := in.node.Op().Do(args...)
	if err != nil {
		return fmt.Errorf("nn: %s: %w", in.node.Name(), err)
	}
	if d, ok := v.(*gt.Dense); ok {
		v = d.Clone().(*gt.Dense)
	}
	p.values[in.out[0]] = v
	p.release(in)
	return nil
}

func (p *Program) release(in *instruction) {
	for _, s := range in.free {
		delete(p.values, s)
	}
}

// floats is the memory of slot s.
func (p *Program) floats(s int) ([]float32, error) {
	r := p.plan.root(s)
	sl := &p.plan.slots[r]
	if sl.storage != nil {
		at := sl.storage.root().offset
		return p.arena.buf[at : at+sl.size : at+sl.size], nil
	}
	if sl.source != nil {
		for i := range p.bound {
			if p.bound[i].slot == r {
				return p.bound[i].f, nil
			}
		}
	}
	return floats(p.values[r])
}

// value is slot s as gorgonia's own operations want it.
func (p *Program) value(s int) (G.Value, error) {
	if v, ok := p.values[s]; ok {
		return v, nil
	}
	f, err := p.floats(s)
	if err != nil {
		return nil, err
	}
	shape := p.plan.slots[s].shape
	if shape.Dims() == 0 {
		return G.NewF32(f[0]), nil
	}
	if p.plan.slots[p.plan.root(s)].storage == nil {
		return valueOf(f, shape), nil
	}
	if p.views[s] == nil {
		p.views[s] = valueOf(f, shape).(*gt.Dense)
	}
	return p.views[s], nil
}

// publish copies the outputs out of the arena and binds them to their nodes.
func (p *Program) publish() error {
	for i, n := range p.outputs {
		f, err := p.floats(p.plan.outputs[i])
		if err != nil {
			return fmt.Errorf("nn: output %s: %w", n.Name(), err)
		}
		if n.Op() == nil {
			continue // an input is its own value
		}
		if err := G.UnsafeLet(n, valueOf(slices.Clone(f), n.Shape())); err != nil {
			return fmt.Errorf("nn: output %s: %w", n.Name(), err)
		}
	}
	return nil
}

// Finite returns an error that gives the first place where v is not a finite
// number.
func Finite(v *gt.Dense) error {
	f, err := floats(v)
	if err != nil {
		return err
	}
	for i, x := range f {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("element %d of shape %v is %v", i, v.Shape(), x)
		}
	}
	return nil
}
