package nn

import (
	"fmt"
	"sync"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/tensor"
)

// LayerScale is a learned factor for each channel of what a layer adds to its input (Touvron et al., arXiv 2103.17239).
// Fold gives it to the linear layer before it, so that no graph has an operation for it.
type LayerScale struct {
	Lambda1 *Weight // [channels], transformers' name

	once   sync.Once
	folded Linear
}

// NewLayerScale returns an unloaded one.
func NewLayerScale(channels int) *LayerScale { return &LayerScale{Lambda1: NewWeight(channels)} }

// Fold returns a linear layer with the factors of its outputs in its weight and bias. The numbers are computed when they
// are used first. A scale belongs to one layer: Fold returns the same weights again, whatever it is given. It panics where
// the channels are others.
func (s *LayerScale) Fold(l Linear) Linear {
	channels := s.Lambda1.shape.TotalSize()
	if len(l.Weight.shape) != 2 || l.Weight.shape[0] != channels || l.Bias == nil {
		panic(fmt.Sprintf("a layer scale of %d channels is not that of the weight %s of shape %v", channels, l.Weight.name, l.Weight.shape))
	}
	s.once.Do(func() {
		s.folded = Linear{
			Weight: computed(l.Weight, func() *gt.Dense { return s.times(l.Weight) }),
			Bias:   computed(l.Bias, func() *gt.Dense { return s.times(l.Bias) }),
		}
	})
	return s.folded
}

// times is a weight whose rows are multiplied by the factors.
func (s *LayerScale) times(w *Weight) *gt.Dense {
	v := make([]float32, w.shape.TotalSize())
	w.Elements().Float32(v)
	if w.forget != nil {
		w.forget()
	}
	factors := s.Lambda1.Float32()
	size := len(v) / len(factors)
	for c, f := range factors {
		row := v[c*size:][:size]
		for i := range row {
			row[i] *= f
		}
	}
	return tensor.FromFloat32s(v, w.shape...)
}
