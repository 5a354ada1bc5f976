package tensor

import (
	"errors"
	"fmt"
	"io"
)

// Part is a tensor of a file that is of another format than safetensors: plain
// numbers in little-endian order, the last dimension fastest.
type Part struct {
	Name   string
	Dtype  string // by its name in safetensors: "F32", "F16", "BF16", "F64", "I64", …
	Shape  []int  // empty for a scalar
	Offset int64  // of the first byte in the file
}

// OpenParts opens a file of another format, which find looks for tensors in, size
// bytes long; tensors may lie over each other. Package tensor/pth is what it is for.
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
	if p.Offset < 0 || p.Offset > size || bytes > uint64(size-p.Offset) {
		return entry{}, fmt.Errorf("%d bytes at %d reach beyond the file's %d; the file is truncated: its download was not finished", bytes, p.Offset, size)
	}
	return entry{name: p.Name, dtype: p.Dtype, shape: append([]int(nil), p.Shape...), start: uint64(p.Offset), end: uint64(p.Offset) + bytes}, nil
}
