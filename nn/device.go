package nn

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// NewArenaOn returns an arena of a device's memory. Programs that share it run on
// the device, which nobody else may use as long. Inputs are copied to the device
// and outputs from it; what lies between stays there, except for what gorgonia's
// own operations read and write, and for the few operations that look up single
// numbers. Close frees the memory and leaves the device open.
func NewArenaOn(d kernels.Device) *Arena {
	a := NewArena()
	a.device = d
	return a
}

// deviceCopy is device memory with a copy of numbers of the host.
type deviceCopy struct {
	memory  []float32
	current bool // it was uploaded in this run
}

// upload returns a copy on the device of the numbers of slot s, which lie on the
// host.
func (p *Program) upload(s int, numbers []float32) ([]float32, error) {
	c := p.copies[s]
	if c == nil {
		memory, err := p.arena.alloc(len(numbers))
		if err != nil {
			return nil, err
		}
		c = &deviceCopy{memory: memory}
		p.copies[s] = c
	}
	if c.current {
		return c.memory, nil
	}
	c.current = true
	return c.memory, p.arena.device.Upload(c.memory, numbers)
}

// download returns a copy on the host of numbers of the device.
func (p *Program) download(numbers []float32) ([]float32, error) {
	host := make([]float32, len(numbers))
	if err := p.arena.device.Download(host, numbers); err != nil {
		return nil, fmt.Errorf("%s: %w", p.arena.device.Name(), err)
	}
	return host, nil
}

// runOnDevice runs an instruction on the arena's device, where results lie.
func (p *Program) runOnDevice(in *instruction, results, args [][]float32) error {
	if in.op.host != nil {
		return p.runOnHost(in, results, args)
	}
	for i, s := range in.in {
		if s < 0 || p.inArena(s) {
			continue
		}
		var err error
		if args[i], err = p.upload(p.plan.root(s), args[i]); err != nil {
			return err
		}
	}
	in.op.run(&p.on, results, args)
	return nil
}

// runOnHost runs an instruction whose operands and results lie on the device.
func (p *Program) runOnHost(in *instruction, results, args [][]float32) error {
	for i, s := range in.in {
		if s < 0 || !p.inArena(s) {
			continue
		}
		var err error
		if args[i], err = p.download(args[i]); err != nil {
			return err
		}
	}
	host := make([][]float32, len(results))
	for i, r := range results {
		if r != nil {
			host[i] = make([]float32, len(r))
		}
	}
	in.op.host(host, args)
	for i, r := range results {
		if r == nil {
			continue
		}
		if err := p.arena.device.Upload(r, host[i]); err != nil {
			return err
		}
	}
	return nil
}

// inArena reports whether the numbers of slot s lie in the arena.
func (p *Program) inArena(s int) bool { return p.plan.slots[p.plan.root(s)].storage != nil }

// hostFloats returns the numbers of slot s on the host: a copy, where they lie on
// a device.
func (p *Program) hostFloats(s int) ([]float32, error) {
	f, err := p.floats(s)
	if err != nil || p.arena.device == nil || !p.inArena(s) {
		return f, err
	}
	return p.download(f)
}

// alloc reserves device memory that is freed when the arena is closed.
func (a *Arena) alloc(n int) ([]float32, error) {
	memory, err := a.device.Make(n)
	if err == nil {
		a.copies = append(a.copies, memory)
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

// free gives back all memory of the arena.
func (a *Arena) free() {
	if a.device != nil {
		// What fails now has failed before: the first error of a device stays, and
		// closing the device frees everything.
		for _, memory := range append(a.copies, a.buf) {
			if memory != nil {
				_ = a.device.Free(memory)
			}
		}
		_ = a.device.Forget()
	}
	a.buf, a.copies = nil, nil
}
