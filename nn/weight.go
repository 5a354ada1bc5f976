package nn

import (
	"fmt"
	"sync"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
)

// Weight is one tensor of a checkpoint. A layer's constructor says which shape it
// must have; Load or Randomize gives it its name and value. The value has the
// file's dtype, and is usually the file's own memory: it must not be written to, and
// is gone when the file is closed.
//
// Once loaded, a Weight may be used by any number of goroutines.
type Weight struct {
	shape gt.Shape
	name  string

	value     func() *gt.Dense        // nil until it is loaded
	float32s  func() []float32        // converts once
	conv      func() kernels.Elements // reorders once
	depthwise func() []float32        // converts and reorders once
	packed    func() kernels.Elements // Elements or Conv, to be kept packed
	keep      bool                    // so says KeepPacked
	forget    func()                  // lets go of value's memory until it is read again; nil if it cannot
}

// NewWeight returns a weight without a value, of the shape that a checkpoint
// must have for it: [out, in] for a linear layer, [out, in, height, width] for
// a convolution, [n] for a bias or norm, none for a scalar.
func NewWeight(shape ...int) *Weight { return &Weight{shape: gt.Shape(shape).Clone()} }

// Name returns the weight's path in the model, such as
// "down_blocks.0.attentions.0.proj_in.weight"; empty until it is loaded.
func (w *Weight) Name() string { return w.name }

// Shape returns the shape that the constructor asked for.
func (w *Weight) Shape() gt.Shape { return w.shape }

// Loaded reports whether the weight has a value.
func (w *Weight) Loaded() bool { return w.value != nil }

// Value returns the tensor, in the file's dtype; nil until it is loaded. That of a
// convolution of Randomize's is drawn anew by each call.
func (w *Weight) Value() *gt.Dense {
	if w.value == nil {
		return nil
	}
	return w.value()
}

// Elements returns the Value as kernels take it, without a copy. It panics when the
// weight is not loaded.
func (w *Weight) Elements() kernels.Elements {
	w.mustHaveValue()
	if w.keep && !w.reordered() {
		return w.packed()
	}
	return tensor.Elements(w.value())
}

// Float32 returns the value as float32. A value of another dtype is converted once,
// and the result stays in memory, so call it for what is small: biases and the
// scales of norms. It panics when the weight is not loaded.
func (w *Weight) Float32() []float32 {
	w.mustHaveValue()
	return w.float32s()
}

// Conv returns the value of a convolution, [Cout, Cin, KH, KW], in the order that
// kernels take (kernels.ConvWeights) and in the file's dtype. It is made once, and
// stays in memory; a mapped file's pages that it was made from are released. It
// panics when the weight is not loaded or not of a convolution.
func (w *Weight) Conv() kernels.Elements {
	w.mustHaveValue()
	if w.keep {
		return w.packed()
	}
	return w.conv()
}

// Depthwise returns the value of a depthwise convolution, [C, 1, KH, KW], as float32 in
// the order that kernels take, [KH·KW, C]. It is made once, and stays in memory. It panics
// when the weight is not loaded or of another shape.
func (w *Weight) Depthwise() []float32 {
	w.mustHaveValue()
	return w.depthwise()
}

// Prepare computes Weight.Conv of all convolutions of a loaded model, which the first
// run would do otherwise, and take longer than the others. A weight that is not
// loaded is an error.
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

// Forget gives the memory that a model's weights take in this process back to the system, where they are a mapped file's
// or Randomize's: for models that are not used again for long, such as a text encoder once the prompts are encoded. The
// next use reads the file again, which the system still has as long as it has memory to spare, or draws again. What a model
// holds in another form (Weight.Float32, Weight.Conv) stays. It may be called while the model is used. A model that Params
// refuses is left alone.
func Forget(model any) {
	params, err := Params(model)
	if err != nil {
		return
	}
	for _, p := range params {
		if p.forget != nil {
			p.forget()
		}
	}
}

// KeepPacked has the weights of a model's linear layers and convolutions, and what
// BatchNorm.Fold makes of them, stay as they are packed for products, as float32 beside
// what is loaded, from the first product on. It comes before the model is used; loading it
// again changes nothing. Where feature maps are small that is a fifth of the time, with the
// same results; it is more memory than the weights take, so it is for small networks that
// look at many pictures. model is that of Params.
func KeepPacked(model any) error {
	params, err := Params(model)
	if err != nil {
		return fmt.Errorf("packing weights: %w", err)
	}
	for _, p := range params {
		s := p.shape
		p.keep = s.TotalSize() > 0 && (len(s) == 2 || len(s) == 4 && (s[1] > 1 || s[2]*s[3] == 1)) // no bias, norm or depthwise convolution
	}
	return nil
}

// reordered reports whether Conv is not just Elements.
func (w *Weight) reordered() bool {
	s := w.shape
	return len(s) == 4 && s[1] > 1 && s[2]*s[3] > 1
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
	w.depthwise = sync.OnceValue(w.depthwiseOrder)
	w.packed = sync.OnceValue(w.packedOrder)
}

func (w *Weight) convOrder() kernels.Elements {
	s := w.kernel("weight")
	reordered := kernels.ConvWeights(w.Elements(), s[0], s[1], s[2], s[3])
	if w.forget != nil {
		w.forget()
	}
	return reordered
}

// packedOrder is Conv's or Elements, to be kept packed.
func (w *Weight) packedOrder() kernels.Elements {
	plain := tensor.Elements(w.value())
	if w.reordered() {
		plain = w.conv()
	}
	n := w.shape[0]
	return plain.KeepPacked(n, w.shape.TotalSize()/n)
}

func (w *Weight) depthwiseOrder() []float32 {
	s := w.kernel("weight")
	if s[1] != 1 {
		panic(fmt.Sprintf("weight %s of shape %v is not that of a depthwise convolution, [channels, 1, height, width]", w.name, s))
	}
	values := make([]float32, s.TotalSize())
	w.Elements().Float32(values)
	reordered, _, _ := kernels.ConvWeights(kernels.Float32s(values), 1, s[0], s[2], s[3]).Numbers()
	return reordered
}

// kernel is the shape of a convolution's weight. It panics about what has another one.
func (w *Weight) kernel(of string) gt.Shape {
	if len(w.shape) != 4 {
		panic(fmt.Sprintf("%s %s of shape %v is not that of a convolution, [out, in, height, width]", of, w.name, w.shape))
	}
	return w.shape
}
