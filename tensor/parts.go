package tensor

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// Part is a tensor of a file that is of another format than safetensors: plain
// numbers in little-endian order.
type Part struct {
	Name   string
	Dtype  string // by its name in safetensors: "F32", "F16", "BF16", "F64", "I64", …
	Shape  []int  // empty for a scalar
	Steps  []int  // from a number to the next one along each dimension; nil where they lie in one piece, the last dimension fastest
	Offset int64  // of the first byte in the file
}

// OpenParts opens a file of another format, which find looks for tensors in, size
// bytes long; tensors may lie over each other. One with Steps is copied by File.Get.
// Package tensor/pth is what it is for.
// The error is find's, with the path before it, or ErrDamaged where a part does not
// fit the file, two have one name, or there are more than a model has.
func OpenParts(path string, find func(file io.ReaderAt, size int64) ([]Part, error)) (*File, error) {
	if find == nil {
		return nil, fmt.Errorf("%s: there is no function to find tensors with", path)
	}
	f, err := openMapped(path)
	if err != nil {
		return nil, err
	}
	parts, err := find(f.mapped, int64(len(f.data)))
	if err == nil {
		f.header.tensors, err = entriesOf(parts, int64(len(f.data)))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return f, nil
}

// entriesOf checks the parts of a file of size bytes.
func entriesOf(parts []Part, size int64) (map[string]entry, error) {
	if len(parts) > maxTensors {
		return nil, damaged(fmt.Errorf("it has more than %d tensors", maxTensors))
	}
	all := make(map[string]entry, len(parts))
	for _, p := range parts {
		if len(p.Name) > maxName || len(p.Shape) > maxDims {
			return nil, damaged(fmt.Errorf("tensor %.60q: a name of %d bytes and %d dimensions are over the limits of %d and %d", p.Name, len(p.Name), len(p.Shape), maxName, maxDims))
		}
		if _, twice := all[p.Name]; twice {
			return nil, damaged(fmt.Errorf("it has two tensors %q", p.Name))
		}
		e, err := p.entry(size)
		if err != nil {
			return nil, damaged(fmt.Errorf("tensor %q: %w", p.Name, err))
		}
		all[p.Name] = e
	}
	return all, nil
}

func (p Part) entry(size int64) (entry, error) {
	shape := make([]uint64, len(p.Shape))
	for i, n := range p.Shape {
		if n < 0 {
			return entry{}, fmt.Errorf("shape %v, want no dimension below 0", p.Shape)
		}
		shape[i] = uint64(n)
	}
	bytes, err := byteCount(shape, p.Dtype)
	if err != nil {
		return entry{}, err
	}
	e := entry{name: p.Name, dtype: p.Dtype, shape: append([]int(nil), p.Shape...), start: uint64(p.Offset)}
	span := bytes
	if p.Steps != nil && bytes > 0 {
		if span, err = p.span(); err != nil {
			return entry{}, err
		}
		e.steps = append([]int{}, p.Steps...)
	}
	if p.Offset < 0 || p.Offset > size || max(bytes, span) > uint64(size-p.Offset) {
		return entry{}, fmt.Errorf("%d bytes at %d reach beyond the file's %d; the file is truncated: its download was not finished", max(bytes, span), p.Offset, size)
	}
	e.end = e.start + span
	return e, nil
}

// span is how many bytes lie from the first number of a part with steps to behind its last one.
func (p Part) span() (uint64, error) {
	if len(p.Steps) != len(p.Shape) || bitsOf[p.Dtype]%8 != 0 {
		return 0, fmt.Errorf("%d steps for shape %v of %s", len(p.Steps), p.Shape, p.Dtype)
	}
	const most = math.MaxInt / maxDims / 8 / 8 // so that no sum overflows
	last := 0
	for i, n := range p.Shape {
		step := p.Steps[i]
		if step < 0 || n > 1 && step > most/(n-1) {
			return 0, fmt.Errorf("steps %v, want none below 0 or larger than a file", p.Steps)
		}
		last += (n - 1) * step
	}
	return uint64(last+1) * bitsOf[p.Dtype] / 8, nil
}

// bytes is the size of the numbers, without what lies between them.
func (e entry) bytes() int {
	if e.steps == nil {
		return int(e.end - e.start)
	}
	n := int(bitsOf[e.dtype] / 8)
	for _, dim := range e.shape {
		n *= dim
	}
	return n
}

// gathered is a copy of a tensor's numbers in one piece; data begins with the first one.
func (e entry) gathered(data []byte) []byte {
	size := int(bitsOf[e.dtype] / 8)
	out := make([]byte, 0, e.bytes())
	var from func(at int, shape, steps []int)
	from = func(at int, shape, steps []int) {
		if len(shape) == 0 {
			out = append(out, data[at*size:][:size]...)
			return
		}
		for i := range shape[0] {
			from(at+i*steps[0], shape[1:], steps[1:])
		}
	}
	from(0, e.shape, e.steps)
	return out
}
