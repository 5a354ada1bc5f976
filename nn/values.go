package nn

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// floats returns the numbers of v in row-major order, without a copy where they
// lie that way.
func floats(v G.Value) ([]float32, error) {
	switch v := v.(type) {
	case *G.F32:
		return []float32{float32(*v)}, nil
	case *gt.Dense:
		if v.Dtype() != gt.Float32 {
			return nil, fmt.Errorf("a tensor of %v, want float32", v.Dtype())
		}
		f, ok := v.Data().([]float32)
		if !ok {
			return []float32{v.Data().(float32)}, nil
		}
		if len(f) == v.Shape().TotalSize() && rowMajor(v.Shape(), v.Strides()) {
			return f, nil
		}
		return gather(nil, f, v.Shape(), v.Strides()), nil
	}
	return nil, fmt.Errorf("a value of type %T, want a float32 tensor or scalar", v)
}

func rowMajor(shape gt.Shape, strides []int) bool {
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] != 1 && strides[i] != n {
			return false
		}
		n *= shape[i]
	}
	return true
}

// gather appends the elements of a view to out in row-major order.
func gather(out, f []float32, shape gt.Shape, strides []int) []float32 {
	if len(shape) == 0 {
		return append(out, f[0])
	}
	for i := range shape[0] {
		out = gather(out, f[i*strides[0]:], shape[1:], strides[1:])
	}
	return out
}

// valueOf is f as a gorgonia value of the given shape, sharing its memory
// except for a scalar.
func valueOf(f []float32, shape gt.Shape) G.Value {
	if shape.Dims() == 0 {
		return G.NewF32(f[0])
	}
	return gt.New(gt.WithShape(shape...), gt.WithBacking(f))
}

// dense is f as a tensor, a scalar too.
func dense(f []float32, shape gt.Shape) *gt.Dense {
	if shape.Dims() == 0 {
		return gt.New(gt.FromScalar(f[0]))
	}
	return gt.New(gt.WithShape(shape...), gt.WithBacking(f))
}

// owned is v, which an operation of gorgonia's returned for node n, in memory of
// its own. float32 lies in rows then and has the node's shape, which some of
// gorgonia's operations take for granted.
func owned(v G.Value, n *G.Node) (G.Value, error) {
	if n.Dtype() == gt.Float32 {
		f, err := floats(v)
		if err == nil && len(f) != n.Shape().TotalSize() {
			err = fmt.Errorf("gorgonia's operation returned %d numbers for a node of shape %v", len(f), n.Shape())
		}
		if err != nil {
			return nil, err
		}
		return valueOf(slices.Clone(f), n.Shape()), nil
	}
	if d, ok := v.(*gt.Dense); ok {
		return d.Clone().(*gt.Dense), nil
	}
	return v, nil
}
