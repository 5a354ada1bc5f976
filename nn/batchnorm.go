package nn

import (
	"fmt"
	"math"
	"strings"
	"sync"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/tensor"
)

// BatchNorm is what a network learnt of each channel behind a convolution, as PyTorch stores it: γ, β, the mean and the
// variance (Ioffe and Szegedy, arXiv 1502.03167). At inference it is a scale and a shift, which Fold gives to the
// convolution, so that no graph has an operation for it.
type BatchNorm struct {
	Weight, Bias, RunningMean, RunningVar *Weight // γ, β, m and v, each [channels]

	Epsilon float64

	once                     sync.Once
	foldedWeight, foldedBias *Weight
}

// NewBatchNorm returns an unloaded norm. PyTorch's own epsilon is 1e-5, TensorFlow's 1e-3.
func NewBatchNorm(channels int, epsilon float64) *BatchNorm {
	return &BatchNorm{
		Weight: NewWeight(channels), Bias: NewWeight(channels),
		RunningMean: NewWeight(channels), RunningVar: NewWeight(channels), Epsilon: epsilon,
	}
}

// isVariance reports whether a weight of this path is a norm's RunningVar.
func isVariance(path string) bool {
	return path == "running_var" || strings.HasSuffix(path, ".running_var")
}

// Fold returns the weight [channels, ...] and the bias of a convolution or linear layer with the norm behind it in them:
//
//	s = γ/√(v + ε),  s·weight,  β + s·(bias - m)
//
// computed in float64 and rounded to float32. bias is nil where the layer has none. The numbers are computed when they
// are used first. A norm belongs to one layer: Fold returns the same weights again, whatever it is given, so it comes
// after loading. It panics where the channels are others.
func (n *BatchNorm) Fold(weight, bias *Weight) (*Weight, *Weight) {
	channels := n.Weight.shape.TotalSize()
	if len(weight.shape) == 0 || weight.shape[0] != channels || bias != nil && bias.shape.TotalSize() != channels {
		panic(fmt.Sprintf("a batch norm of %d channels is not that of the weight %s of shape %v", channels, weight.name, weight.shape))
	}
	n.once.Do(func() {
		n.foldedWeight = computed(weight, func() *gt.Dense { return n.scaled(weight) })
		n.foldedBias = computed(n.Bias, func() *gt.Dense { return n.shifted(bias) })
	})
	return n.foldedWeight, n.foldedBias
}

// computed is a weight in the place of another. What is kept in the order of Weight.Conv is not kept twice.
func computed(of *Weight, value func() *gt.Dense) *Weight {
	w := NewWeight(of.shape...)
	if !w.reordered() {
		value = sync.OnceValue(value)
	}
	w.bindTo(of.name, value)
	w.keep = of.keep
	return w
}

// scale is γ/√(v + ε) of each channel.
func (n *BatchNorm) scale() []float64 {
	s := make([]float64, n.Weight.shape.TotalSize())
	for c, gamma := range n.Weight.Float32() {
		s[c] = float64(gamma) / math.Sqrt(float64(n.RunningVar.Float32()[c])+n.Epsilon)
	}
	return s
}

func (n *BatchNorm) scaled(weight *Weight) *gt.Dense {
	v := make([]float32, weight.shape.TotalSize())
	weight.Elements().Float32(v)
	if weight.forget != nil {
		weight.forget()
	}
	size := len(v) / weight.shape[0] // of a channel
	for c, s := range n.scale() {
		row := v[c*size:][:size]
		for i := range row {
			row[i] = float32(s * float64(row[i]))
		}
	}
	return tensor.FromFloat32s(v, weight.shape...)
}

func (n *BatchNorm) shifted(bias *Weight) *gt.Dense {
	v := make([]float32, n.Bias.shape.TotalSize())
	for c, s := range n.scale() {
		d := -float64(n.RunningMean.Float32()[c])
		if bias != nil {
			d += float64(bias.Float32()[c])
		}
		v[c] = float32(float64(n.Bias.Float32()[c]) + s*d)
	}
	return tensor.FromFloat32s(v, len(v))
}
