package nn

import (
	"fmt"
	"hash"
	"hash/fnv"
	"sync/atomic"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
)

// op is every operation of this package: a name, what it computes on
// contiguous float32 slices, and how its gradient is written down.
type op struct {
	name   string   // with its attributes; appears in errors
	shape  gt.Shape // of the main output
	extras []int    // lengths of further outputs, which only pick and extra read
	flops  int64    // multiplications and additions of its matrix products

	// run computes out from in with the kernels of where the program runs. out[0] is the main output and out[1:] the
	// extras; one that nobody reads is nil. Where extra is set, one slice more
	// follows the inputs in in, nil if it is not at hand.
	run func(on *kernels.Functions, out, in [][]float32)

	// host stands in place of run where an operation reads or writes single numbers
	// itself, or its kernel is the host's only. From a device, operands are copied to the
	// host for it, and results back.
	host func(out, in [][]float32)

	// grad returns a gradient for every input that diff allows. nil means that
	// the operation is not differentiable.
	grad func(in G.Nodes, out, dout *G.Node) G.Nodes
	diff []bool // nil means every input

	inPlace int    // 1 + the index of the input whose memory the output may take; 0 means none
	extra   *extra // an extra output of an input that run wants as well
	view    *int   // the output is this output (0: main, 1…: extras) of the only input, nothing is computed

	serial uint64
	in     []hm.Type
	out    hm.Type
}

// extra names output number index (1…) of the node that is input number input.
type extra struct{ input, index int }

var serials atomic.Uint64

// apply puts o into the graph of its inputs. gorgonia merges nodes whose 32-bit
// hashes agree without comparing their children, so every op carries a serial
// number and the node that comes back is checked to be the one that was asked
// for.
func apply(o *op, inputs ...*G.Node) *G.Node {
	for i, x := range inputs {
		if x == nil {
			panic(fmt.Sprintf("%s: input %d is nil", o.name, i))
		}
		if x.Dtype() != gt.Float32 {
			panic(fmt.Sprintf("%s: input %d is %v, want float32", o.name, i, x.Dtype()))
		}
		o.in = append(o.in, x.Type())
	}
	o.out = G.TensorType{Dims: o.shape.Dims(), Of: gt.Float32}
	if o.shape.Dims() == 0 {
		o.out = gt.Float32
	}
	const attempts = 8
	for range attempts {
		o.serial = serials.Add(1)
		n, err := G.ApplyOp(o, inputs...)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", o.name, err))
		}
		if n.Op() == G.Op(o) {
			return n
		}
	}
	panic(fmt.Sprintf("%s: the graph merged the node with another one %d times", o.name, attempts))
}

// Arity is part of gorgonia.Op.
func (o *op) Arity() int { return len(o.in) }

// Type is part of gorgonia.Op. gorgonia takes what is returned apart for reuse,
// so it is made anew each time.
func (o *op) Type() hm.Type {
	return hm.NewFnType(append(append([]hm.Type(nil), o.in...), o.out)...)
}

// InferShape is part of gorgonia.Op.
func (o *op) InferShape(...G.DimSizer) (gt.Shape, error) { return o.shape.Clone(), nil }

// Do is part of gorgonia.Op: it lets gorgonia's own machines run the graph too,
// in freshly allocated memory.
func (o *op) Do(values ...G.Value) (v G.Value, err error) {
	defer recoverTo(&err, o.name)
	if o.view != nil && *o.view > 0 {
		return nil, fmt.Errorf("%s: output %d of an operation exists only in a compiled Program", o.name, *o.view)
	}
	in := make([][]float32, len(values), len(values)+1)
	for i, value := range values {
		if in[i], err = floats(value); err != nil {
			return nil, fmt.Errorf("%s: input %d: %w", o.name, i, err)
		}
	}
	if o.extra != nil {
		in = append(in, nil)
	}
	out := make([][]float32, 1+len(o.extras))
	out[0] = make([]float32, o.shape.TotalSize())
	on, err := kernels.CPU(kernels.Float32)
	if err != nil {
		return nil, err
	}
	o.compute(&on, out, in)
	return valueOf(out[0], o.shape), nil
}

// compute runs the operation on operands that both it and the kernels can read.
func (o *op) compute(on *kernels.Functions, out, in [][]float32) {
	if o.host != nil {
		o.host(out, in)
		return
	}
	o.run(on, out, in)
}

// ReturnsPtr is part of gorgonia.Op.
func (o *op) ReturnsPtr() bool { return o.shape.Dims() > 0 }

// CallsExtern is part of gorgonia.Op.
func (o *op) CallsExtern() bool { return false }

// OverwritesInput is part of gorgonia.Op.
func (o *op) OverwritesInput() int { return -1 }

// WriteHash is part of gorgonia.Op.
func (o *op) WriteHash(h hash.Hash) { fmt.Fprintf(h, "nn.%s#%d", o.name, o.serial) }

// Hashcode is part of gorgonia.Op.
func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// String is part of gorgonia.Op.
func (o *op) String() string { return o.name }

// DiffWRT is part of gorgonia.SDOp. A backward operation answers false for each
// of its inputs; no answer at all would make a later differentiation fail.
func (o *op) DiffWRT(inputs int) []bool {
	d := make([]bool, inputs)
	if o.grad == nil {
		return d
	}
	for i := range d {
		d[i] = o.diff == nil || o.diff[i]
	}
	return d
}

// SymDiff is part of gorgonia.SDOp.
func (o *op) SymDiff(in G.Nodes, out, dout *G.Node) (grads G.Nodes, err error) {
	defer recoverTo(&err, o.name)
	if o.grad == nil {
		return nil, fmt.Errorf("%s has no gradient", o.name)
	}
	return o.grad(in, out, dout), nil
}

// recoverTo turns a panic of a builder or kernel, about what it was given, into
// *err, which is ErrArgument; %.0w wraps without printing.
func recoverTo(err *error, where string) {
	if r := recover(); r != nil {
		if e, ok := r.(error); ok {
			*err = fmt.Errorf("%s: %w%.0w", where, e, ErrArgument)
			return
		}
		*err = fmt.Errorf("%s: %v%.0w", where, r, ErrArgument)
	}
}
