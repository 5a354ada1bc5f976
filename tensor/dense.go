package tensor

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/x448/float16"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
)

// Elements returns d's numbers in row-major order, as package kernels takes them.
// They are d's own memory, unless d is a transposed or sliced view of another
// tensor. There are none if d is nil or not of dtype Float32, Float16 or BFloat16.
func Elements(d *gt.Dense) kernels.Elements {
	switch dtypeOf(d) {
	case gt.Float32:
		return kernels.Float32s(backing[float32](d))
	case Float16:
		return kernels.Float16s(bitPatterns(backing[float16.Float16](d)))
	case BFloat16:
		return kernels.BFloat16s(bitPatterns(backing[BF16](d)))
	}
	return kernels.Elements{}
}

// dtypeOf is d's dtype, or that of nothing if d is nil.
func dtypeOf(d *gt.Dense) gt.Dtype {
	if d == nil {
		return gt.Dtype{}
	}
	return d.Dtype()
}

// ToFloat32 returns d as a contiguous float32 tensor of the same shape: d itself
// if it is one, else a copy. It returns nil if d is nil or not of dtype Float32,
// Float16 or BFloat16.
func ToFloat32(d *gt.Dense) *gt.Dense {
	switch dtypeOf(d) {
	case gt.Float32:
		if !d.IsMaterializable() {
			return d
		}
	case Float16, BFloat16:
	default:
		return nil
	}
	e := Elements(d)
	v := make([]float32, e.Len())
	e.Float32(v)
	return FromFloat32s(v, d.Shape()...)
}

// Float32s returns d's numbers in row-major order as float32: d's own memory
// if it is a contiguous float32 tensor, else a copy. It returns nil where ToFloat32
// does.
func Float32s(d *gt.Dense) []float32 { return backing[float32](ToFloat32(d)) }

// FromFloat32s returns a tensor of the given shape, a scalar without one, over v,
// which is not copied. It returns nil if v has not as many numbers as the shape
// holds.
func FromFloat32s(v []float32, shape ...int) *gt.Dense { return dense(v, shape) }

// FromFloat32sAs returns a tensor of the given dtype (gt.Float32, Float16 or
// BFloat16) with the numbers of v, rounded to nearest, to even on a tie. v is
// always copied. It returns nil where FromFloat32s does, and for another dtype.
func FromFloat32sAs(dtype gt.Dtype, v []float32, shape ...int) *gt.Dense {
	switch dtype {
	case gt.Float32:
		return dense(append([]float32(nil), v...), shape)
	case Float16:
		return dense(convert(v, float16.Fromfloat32), shape)
	case BFloat16:
		return dense(convert(v, ToBF16), shape)
	}
	return nil
}

// Rows returns the entries from to to-1 of d's first axis, in d's own memory unless d is a view with strides of its own.
// It is nil where there are no such entries, and for dtypes that Elements does not take.
func Rows(d *gt.Dense, from, to int) *gt.Dense {
	switch dtypeOf(d) {
	case gt.Float32:
		return rows(backing[float32](d), d.Shape(), from, to)
	case Float16:
		return rows(backing[float16.Float16](d), d.Shape(), from, to)
	case BFloat16:
		return rows(backing[BF16](d), d.Shape(), from, to)
	}
	return nil
}

func rows[T any](v []T, shape gt.Shape, from, to int) *gt.Dense {
	if len(shape) == 0 || from < 0 || from >= to || to > shape[0] {
		return nil
	}
	each := len(v) / shape[0]
	return dense(v[from*each:to*each], append([]int{to - from}, shape[1:]...))
}

func convert[F, T any](v []F, round func(F) T) []T {
	out := make([]T, len(v))
	for i, f := range v {
		out[i] = round(f)
	}
	return out
}

// dense wraps v in a Dense without copying it. It is nil where shape does not
// hold just as many numbers.
func dense[T any](v []T, shape []int) *gt.Dense {
	n := 1
	for _, dim := range shape {
		over, product := bits.Mul64(uint64(n), uint64(dim))
		if dim < 0 || over != 0 || product > math.MaxInt {
			return nil
		}
		n = int(product)
	}
	if n != len(v) {
		return nil
	}
	return gt.New(gt.WithShape(shape...), gt.WithBacking(v))
}

// backing returns the memory of d as a slice, or a copy of it in row-major
// order when d is a view with strides of its own. gorgonia hands out a scalar's
// value instead of its memory, so a scalar is looked at as a vector of one.
func backing[T any](d *gt.Dense) []T {
	switch {
	case d == nil || d.MemSize() == 0:
		return nil
	case d.IsScalar():
		d = d.ShallowClone()
		if err := d.Reshape(1); err != nil {
			panic(err) // a scalar's one number is a vector's one number
		}
	case d.IsMaterializable():
		d = d.Materialize().(*gt.Dense)
	}
	return d.Data().([]T)
}

// bitPatterns returns the memory of 16-bit floats as their bit patterns.
func bitPatterns[T float16.Float16 | BF16](v []T) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}
