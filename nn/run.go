package nn

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"time"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// run computes the outputs and binds them to their nodes. The arena is locked.
func (p *Program) run(ctx context.Context) error {
	defer clear(p.values)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // see faulted
	if err := p.arena.reserve(p.plan.arena); err != nil {
		return hinted(err, p.hint)
	}
	if err := p.readInputs(); err != nil {
		return err
	}
	for _, c := range p.copies {
		c.current = false
	}
	trace := tracer(ctx)
	for i := range p.plan.code {
		if err := ctx.Err(); err != nil {
			return err
		}
		if p.closed.Load() || p.arena.closed.Load() {
			return fmt.Errorf("nn: the program is %w", ErrClosed)
		}
		in, start := &p.plan.code[i], time.Now()
		if err := p.execute(in); err != nil {
			return err
		}
		if trace == nil {
			continue
		}
		if d := p.arena.device; d != nil {
			if err := d.Synchronize(); err != nil {
				return fmt.Errorf("nn: %s: %w", in.name(), err)
			}
		}
		trace(Executed{Op: in.name(), FLOPs: in.flops(), Took: time.Since(start)})
	}
	return p.publish()
}

// readInputs looks up what the caller has bound to the inputs.
func (p *Program) readInputs() (err error) {
	for i := range p.bound {
		in := &p.bound[i]
		v := in.node.Value()
		if v == nil {
			return fmt.Errorf("nn: input %q has no value", in.node.Name())
		}
		if in.node.Dtype() == gt.Float32 {
			if in.f, err = floats(v); err != nil {
				return fmt.Errorf("nn: input %q: %w", in.node.Name(), err)
			}
			v = valueOf(in.f, in.node.Shape())
		}
		p.values[in.slot] = v
	}
	return nil
}

// execute runs one instruction.
func (p *Program) execute(in *instruction) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if err = faulted(r); err == nil {
				err = fmt.Errorf("%v", r)
			}
			err = fmt.Errorf("nn: %s: %w", in.name(), err)
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
			results[i], _ = p.floats(s) // in the arena
		}
	}
	if p.arena.device != nil {
		err = p.runOnDevice(in, results, args)
	} else {
		in.op.compute(&p.on, results, args)
	}
	p.release(in)
	return err
}

// faulted is ErrFileLost if a panic comes from memory that is not there, as the
// runtime reports it of a mapped file that was cut short, else nil. Package
// kernels makes such a fault a panic in its own goroutines.
func faulted(panicked any) error {
	if f, ok := panicked.(interface{ Addr() uintptr }); ok && f.Addr() != 0 {
		return ErrFileLost
	}
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
	if p.values[in.out[0]], err = owned(v, in.node); err != nil {
		return fmt.Errorf("nn: %s: %w", in.node.Name(), err)
	}
	p.release(in)
	return nil
}

func (p *Program) release(in *instruction) {
	for _, s := range in.free {
		delete(p.values, s)
	}
}

// floats is the numbers of slot s.
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
	f, err := p.hostFloats(s)
	if err != nil {
		return nil, err
	}
	shape := p.plan.slots[s].shape
	if shape.Dims() == 0 {
		return G.NewF32(f[0]), nil
	}
	return valueOf(f, shape), nil
}

// publish copies the outputs out of the arena and binds them to their nodes.
func (p *Program) publish() error {
	for i, n := range p.outputs {
		f, err := p.hostFloats(p.plan.outputs[i])
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

// Finite returns an error, ErrNotFinite, that gives the first place where v is
// not a finite number.
func Finite(v *gt.Dense) error {
	f, err := floats(v)
	if err != nil {
		return err
	}
	for i, x := range f {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("%w: element %d of shape %v is %v", ErrNotFinite, i, v.Shape(), x)
		}
	}
	return nil
}
