package nn

import (
	"fmt"
	"maps"
	"slices"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/tensor"
)

// Piece is where a weight lies in a source that keeps it otherwise: the tensor of another name, or a part of one.
type Piece struct {
	Name        string // in the source
	Part, Parts int    // which of several equal parts of its rows, from 0; Parts 0 is all of it
	Transposed  bool   // rows and columns change places
}

// Pieces returns src with other names: of names the weights that are to be found, and where. Parts are rows of the
// source's own memory, such as queries, keys and values of one matrix; what is transposed is copied.
func Pieces(src Source, names map[string]Piece) Source { return pieces{src, maps.Clone(names)} }

type pieces struct {
	Source
	of map[string]Piece
}

// Names is part of Source.
func (s pieces) Names() []string { return slices.Sorted(maps.Keys(s.of)) }

// Get is part of Source.
func (s pieces) Get(name string) (*gt.Dense, error) {
	p, ok := s.of[name]
	if !ok {
		return nil, fmt.Errorf("there is no tensor %.100q", name)
	}
	d, err := s.Source.Get(p.Name)
	switch {
	case err != nil || d == nil:
		return nil, err
	case p.Parts > 0:
		if d.Dims() == 0 || d.Shape()[0]%p.Parts != 0 {
			return nil, fmt.Errorf("tensor %.100q of shape %v has not %d parts of as many rows%.0w", p.Name, d.Shape(), p.Parts, tensor.ErrDamaged)
		}
		n := d.Shape()[0] / p.Parts
		d = tensor.Rows(d, p.Part*n, (p.Part+1)*n)
	case p.Transposed && d.Dims() == 2:
		d = transposed(d)
	}
	if d == nil {
		return nil, fmt.Errorf("tensor %.100q is of no dtype that is read%.0w", p.Name, tensor.ErrDamaged)
	}
	return d, nil
}

// Forget lets a source that is a mapped file have the memory of a tensor back.
func (s pieces) Forget(name string) { forget(s.Source, s.of[name].Name) }

// Paths are those of the source's files, for errors.
func (s pieces) Paths() []string {
	if f, ok := s.Source.(interface{ Paths() []string }); ok {
		return f.Paths()
	}
	return nil
}

// transposed is a copy of a matrix, in its dtype.
func transposed(d *gt.Dense) *gt.Dense {
	rows, columns, v := d.Shape()[0], d.Shape()[1], tensor.Float32s(d)
	out := make([]float32, len(v))
	for i := range v {
		out[i%columns*rows+i/columns] = v[i]
	}
	return tensor.FromFloat32sAs(d.Dtype(), out, columns, rows)
}
