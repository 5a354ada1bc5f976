package nn

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// NewArenaOn returns an arena of a device's memory: programs that share it run
// on the device, whose only user the arena must be. Their inputs are copied to
// it and their outputs from it; what lies between stays there, except for what
// operations of gorgonia's own read and write, and the few that look numbers up.
// Close frees what the device holds and leaves it open.
func NewArenaOn(d kernels.Device) *Arena {
	a := NewArena()
	a.device = d
	return a
}

// lent is device memory with a copy of numbers of this machine.
type lent struct {
	memory  []float32
	current bool // the copy has been made in this run
}

// lend is a copy of the numbers of slot s, of this machine's memory, on the
// arena's device.
func (p *Program) lend(s int, numbers []float32) ([]float32, error) {
	l := p.lent[s]
	if l == nil {
		memory, err := p.arena.make(len(numbers))
		if err != nil {
			return nil, err
		}
		l = &lent{memory: memory}
		p.lent[s] = l
	}
	if l.current {
		return l.memory, nil
	}
	l.current = true
	return l.memory, p.arena.device.Upload(l.memory, numbers)
}

// onDevice runs an instruction on the arena's device.
func (p *Program) onDevice(in *instruction, results, args [][]float32) error {
	if in.op.host != nil {
		return p.byHand(in, results, args)
	}
	for i, s := range in.in {
		if s < 0 || p.inArena(s) {
			continue
		}
		var err error
		if args[i], err = p.lend(p.plan.root(s), args[i]); err != nil {
			return err
		}
	}
	in.op.run(&p.on, results, args)
	return nil
}

// byHand runs an operation on this machine whose operands are on the device.
func (p *Program) byHand(in *instruction, results, args [][]float32) error {
	for i, s := range in.in {
		if s < 0 || !p.inArena(s) {
			continue
		}
		var err error
		if args[i], err = p.fetch(args[i]); err != nil {
			return err
		}
	}
	here := make([][]float32, len(results))
	for i, r := range results {
		if r != nil {
			here[i] = make([]float32, len(r))
		}
	}
	in.op.host(here, args)
	for i, r := range results {
		if r == nil {
			continue
		}
		if err := p.arena.device.Upload(r, here[i]); err != nil {
			return err
		}
	}
	return nil
}

// fetch is a copy of numbers of the arena's device in this machine's memory.
func (p *Program) fetch(numbers []float32) ([]float32, error) {
	here := make([]float32, len(numbers))
	if err := p.arena.device.Download(here, numbers); err != nil {
		return nil, fmt.Errorf("%s: %w", p.arena.device.Name(), err)
	}
	return here, nil
}

// inArena tells whether the numbers of slot s lie in the arena.
func (p *Program) inArena(s int) bool { return p.plan.slots[p.plan.root(s)].storage != nil }

// here is the numbers of slot s in this machine's memory, a copy if they lie on
// a device.
func (p *Program) here(s int) ([]float32, error) {
	f, err := p.floats(s)
	if err != nil || p.arena.device == nil || !p.inArena(s) {
		return f, err
	}
	return p.fetch(f)
}

// make reserves device memory that is freed when the arena is closed.
func (a *Arena) make(n int) ([]float32, error) {
	memory, err := a.device.Make(n)
	if err == nil {
		a.lent = append(a.lent, memory)
	}
	return memory, err
}

// reserveOnDevice replaces the buffer by one of n float32s.
func (a *Arena) reserveOnDevice(n int) (err error) {
	if a.buf != nil {
		if err := a.device.Free(a.buf); err != nil {
			return err
		}
		a.buf = nil
	}
	a.buf, err = a.device.Make(n)
	return err
}

// free gives back all that the arena holds.
func (a *Arena) free() {
	if a.device != nil {
		// What fails here has failed before: the first error of a device stays, and
		// closing the device frees everything.
		for _, memory := range append(a.lent, a.buf) {
			if memory != nil {
				_ = a.device.Free(memory)
			}
		}
		_ = a.device.Forget()
	}
	a.buf, a.lent = nil, nil
}
