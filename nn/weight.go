package nn

import (
	"fmt"
	"sync"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
)

// Weight is one tensor of a checkpoint. A layer's constructor says which shape
// it must have; Load or Randomize gives it its name and value. The value keeps
// the file's precision and usually is the file's own memory, so it must not be
// written to and is gone when the file is closed.
//
// Once loaded, a Weight may be used by any number of goroutines.
type Weight struct {
	shape gt.Shape
	name  string

	value    func() *gt.Dense        // nil until it is loaded
	float32s func() []float32        // converts once
	conv     func() kernels.Elements // reorders once
	forget   func()                  // lets go of value's memory until it is read again; nil if it cannot
}

// NewWeight returns a weight without a value, of the shape that a checkpoint
// must have for it: [out, in] for a linear layer, [out, in, height, width] for
// a convolution, [n] for a bias or norm, none for a scalar.
func NewWeight(shape ...int) *Weight { return &Weight{shape: gt.Shape(shape).Clone()} }

// Name is the weight's path in the model, such as
// "down_blocks.0.attentions.0.proj_in.weight"; empty until it is loaded.
func (w *Weight) Name() string { return w.name }

// Shape is the shape the constructor asked for.
func (w *Weight) Shape() gt.Shape { return w.shape }

// Loaded reports whether the weight has a value.
func (w *Weight) Loaded() bool { return w.value != nil }

// Value is the tensor, in the file's precision; nil until it is loaded. That of
// a convolution that Randomize drew is drawn anew by each call.
func (w *Weight) Value() *gt.Dense {
	if w.value == nil {
		return nil
	}
	return w.value()
}

// Elements is the Value as kernel input, without a copy. It panics when the
// weight is not loaded.
func (w *Weight) Elements() kernels.Elements {
	w.mustHaveValue()
	return tensor.Elements(w.value())
}

// Float32 is the value as float32. A value in another precision is converted
// once and kept, so this is for what is small: biases and the scales of norms.
// It panics when the weight is not loaded.
func (w *Weight) Float32() []float32 {
	w.mustHaveValue()
	return w.float32s()
}

// Conv is the value of a convolution, [Cout, Cin, K, K], as kernels.Conv wants
// it (kernels.ConvWeights), in the file's precision. It is made once and kept;
// the memory of what it is made of is let go where that is a mapped file's.
// It panics when the weight is not loaded or not of a square convolution.
func (w *Weight) Conv() kernels.Elements {
	w.mustHaveValue()
	return w.conv()
}

// Prepare does for all convolutions of a loaded model what their first use would
// do: it makes each Weight.Conv. A program that answers requests may want the
// first one to take no longer than the others. A weight without a value is an
// error.
func Prepare(model any) error {
	params, err := Params(model)
	if err != nil {
		return fmt.Errorf("preparing weights: %w", err)
	}
	for _, p := range params {
		if !p.Loaded() {
			return fmt.Errorf("preparing weights: %s is not loaded", p.Name)
		}
		if p.reordered() {
			p.Conv()
		}
	}
	return nil
}

// reordered tells whether Conv is not just Elements.
func (w *Weight) reordered() bool {
	s := w.shape
	return len(s) == 4 && s[2] == s[3] && s[2] > 1
}

func (w *Weight) mustHaveValue() {
	if w.value == nil {
		panic(fmt.Sprintf("a weight of shape %v is used before it is loaded", w.shape))
	}
}

// bind gives the weight its name and value, whose shape must be w.shape.
func (w *Weight) bind(name string, value *gt.Dense) {
	w.bindTo(name, func() *gt.Dense { return value })
}

// bindTo does so with what makes the value, the same one whenever it is called.
func (w *Weight) bindTo(name string, value func() *gt.Dense) {
	w.name, w.value, w.forget = name, value, nil
	w.float32s = sync.OnceValue(func() []float32 { return tensor.Float32s(value()) })
	w.conv = sync.OnceValue(w.convOrder)
}

func (w *Weight) convOrder() kernels.Elements {
	s := w.shape
	if len(s) != 4 || s[2] != s[3] {
		panic(fmt.Sprintf("weight %s of shape %v is not that of a square convolution, [out, in, size, size]", w.name, s))
	}
	reordered := kernels.ConvWeights(w.Elements(), s[0], s[1], s[2])
	if w.forget != nil {
		w.forget()
	}
	return reordered
}
