package nn

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
)

// FeatureMap is an activation [B, H·W, C] whose positions are a grid of H×W, row
// by row.
type FeatureMap struct {
	X    *G.Node
	H, W int
}

// With returns the feature map of x, another activation at the positions of m.
func (m FeatureMap) With(x *G.Node) FeatureMap { return FeatureMap{x, m.H, m.W} }

// Linear is a matrix [out, in] and an optional bias, applied to the last axis.
type Linear struct{ Weight, Bias *Weight }

// NewLinear returns an unloaded layer with a bias.
func NewLinear(in, out int) Linear {
	return Linear{Weight: NewWeight(out, in), Bias: NewWeight(out)}
}

// NewLinearNoBias returns an unloaded layer without a bias.
func NewLinearNoBias(in, out int) Linear { return Linear{Weight: NewWeight(out, in)} }

// Forward returns x·wᵀ + bias.
func (l Linear) Forward(x *G.Node) *G.Node { return linear(x, l.Weight, l.Bias, nil) }

// ForwardAdd returns x·wᵀ + bias + residual, in one pass.
func (l Linear) ForwardAdd(x, residual *G.Node) *G.Node {
	return linear(x, l.Weight, l.Bias, residual)
}

// Conv2D is a convolution, weight [out, in, height, width] of the kernel.
type Conv2D struct {
	Weight, Bias *Weight

	Stride int
	Pad    kernels.Padding    // zeros around the feature map
	Act    kernels.Activation // of the result, with what was added to it
}

// NewConv2D returns an unloaded convolution of a square kernel of size k with a bias,
// padded so that stride 1 keeps the size.
func NewConv2D(in, out, k, stride int) Conv2D {
	return Conv2D{Weight: NewWeight(out, in, k, k), Bias: NewWeight(out), Stride: stride, Pad: kernels.Pad(k / 2)}
}

// Forward convolves m.
func (l Conv2D) Forward(m FeatureMap) FeatureMap { return l.forward(m, nil) }

// ForwardAdd convolves m and adds residual, which has the output's shape, in
// one pass.
func (l Conv2D) ForwardAdd(m FeatureMap, residual *G.Node) FeatureMap { return l.forward(m, residual) }

func (l Conv2D) forward(m FeatureMap, residual *G.Node) FeatureMap {
	w := l.Weight.kernel("convolution")
	if w[2] == 1 && w[3] == 1 && l.Stride == 1 && l.Pad == (kernels.Padding{}) && l.Act == kernels.NoActivation {
		return m.With(linear(m.X, l.Weight, l.Bias, residual))
	}
	s := kernels.ConvShape{
		B: m.X.Shape()[0], H: m.H, W: m.W, Cin: w[1], Cout: w[0], KH: w[2], KW: w[3], Stride: l.Stride, Pad: l.Pad, Act: l.Act,
	}
	if err := s.Valid(); err != nil {
		panic(fmt.Sprintf("convolution %s: %v", l.Weight.Name(), err))
	}
	h, wd := s.Out()
	return FeatureMap{conv(m.X, l.Weight, l.Bias, residual, s), h, wd}
}

// Depthwise2D is a convolution of each channel on its own, weight [channels, 1, height,
// width] of the kernel. It has no gradient.
type Depthwise2D struct {
	Weight, Bias *Weight

	Stride int
	Pad    kernels.Padding // zeros around the feature map
	Act    kernels.Activation
}

// NewDepthwise2D returns an unloaded convolution of a square kernel of size k with a
// bias, padded so that stride 1 keeps the size.
func NewDepthwise2D(channels, k, stride int) Depthwise2D {
	return Depthwise2D{Weight: NewWeight(channels, 1, k, k), Bias: NewWeight(channels), Stride: stride, Pad: kernels.Pad(k / 2)}
}

// Forward convolves m.
func (l Depthwise2D) Forward(m FeatureMap) FeatureMap {
	w := l.Weight.kernel("depthwise convolution")
	return depthwise(m, l.Weight, l.Bias, kernels.ConvShape{
		B: m.X.Shape()[0], H: m.H, W: m.W, Cin: w[0], Cout: w[0], KH: w[2], KW: w[3], Stride: l.Stride, Pad: l.Pad, Act: l.Act,
	})
}

// GroupNorm has a scale and shift for each channel.
type GroupNorm struct {
	Weight, Bias *Weight

	Groups  int
	Epsilon float32
}

// NewGroupNorm returns an unloaded norm.
func NewGroupNorm(channels, groups int, epsilon float32) GroupNorm {
	return GroupNorm{Weight: NewWeight(channels), Bias: NewWeight(channels), Groups: groups, Epsilon: epsilon}
}

// Forward normalises m.
func (l GroupNorm) Forward(m FeatureMap) FeatureMap {
	return m.With(groupNorm(m.X, l.Weight, l.Bias, l.Groups, l.Epsilon, kernels.NoActivation))
}

// ForwardSiLU normalises m and applies SiLU, in one pass.
func (l GroupNorm) ForwardSiLU(m FeatureMap) FeatureMap {
	return m.With(groupNorm(m.X, l.Weight, l.Bias, l.Groups, l.Epsilon, kernels.SiLU))
}

// LayerNorm has a scale and shift for each channel.
type LayerNorm struct {
	Weight, Bias *Weight

	Epsilon float32
}

// NewLayerNorm returns an unloaded norm.
func NewLayerNorm(channels int, epsilon float32) LayerNorm {
	return LayerNorm{Weight: NewWeight(channels), Bias: NewWeight(channels), Epsilon: epsilon}
}

// Forward normalises the last axis of x.
func (l LayerNorm) Forward(x *G.Node) *G.Node { return layerNorm(x, l.Weight, l.Bias, l.Epsilon) }

// Embedding is a table [vocabulary or positions, channels].
type Embedding struct{ Weight *Weight }

// NewEmbedding returns an unloaded table.
func NewEmbedding(rows, channels int) Embedding { return Embedding{NewWeight(rows, channels)} }

// Lookup returns the rows of ids [B, T], whole numbers stored as float32: [B, T, C].
func (l Embedding) Lookup(ids *G.Node) *G.Node { return embedding(ids, l.Weight) }

// AddPositions adds the first rows of the table to the positions of x.
func (l Embedding) AddPositions(x *G.Node) *G.Node { return addPositions(x, l.Weight) }

// PrependToken puts a learned token, [C], or several, [..., k, C], before the positions of x [B, N, C].
func PrependToken(token *Weight, x *G.Node) *G.Node { return prependTokens(x, token) }

// Act returns the activation function that configurations of transformers call name:
// quick_gelu, gelu, or silu, which is also called swish.
func Act(name string) (func(*G.Node) *G.Node, error) {
	switch name {
	case "quick_gelu":
		return QuickGELU, nil
	case "gelu":
		return GELU, nil
	case "silu", "swish":
		return SiLU, nil
	}
	return nil, fmt.Errorf("activation %.60q is not known; known are quick_gelu, gelu and silu%.0w", name, ErrUnsupported)
}
