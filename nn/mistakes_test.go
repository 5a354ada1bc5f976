package nn

import (
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Every builder says what is wrong with a shape, and what it got.
func TestShapeMistakes(t *testing.T) {
	type layers struct {
		Linear   Linear
		Conv     Conv2D
		Group    GroupNorm
		Odd      GroupNorm
		Layer    LayerNorm
		Position Embedding
		Depth    Depthwise2D
	}
	l := loaded(t, layers{
		NewLinear(5, 7), NewConv2D(3, 4, 3, 1), NewGroupNorm(6, 3, 1e-5), NewGroupNorm(6, 4, 1e-5), NewLayerNorm(5, 1e-5), NewEmbedding(4, 5), NewDepthwise2D(3, 5, 1),
	})
	small, flat, wrong := l.Conv, l.Depth, Conv2D{Weight: l.Linear.Weight, Stride: 1}
	flat.Pad = kernels.Padding{}
	halves := kernels.PoolShape{KH: 2, KW: 2, Stride: 2}
	small.Pad = kernels.Padding{}
	for _, c := range []struct {
		shape gt.Shape
		f     func(x *G.Node) *G.Node
		want  string
	}{
		{gt.Shape{2, 4}, l.Linear.Forward, "linear linear.weight: input of 4 channels (shape (2, 4)), want 5"},
		{gt.Shape{}, l.Linear.Forward, "linear linear.weight: shape (), want at least one axis"},
		{gt.Shape{2, 5}, func(x *G.Node) *G.Node { return l.Linear.ForwardAdd(x, x) }, "linear linear.weight: shapes (2, 5) and (2, 7) differ"},
		{gt.Shape{1, 9, 3}, func(x *G.Node) *G.Node { return l.Conv.Forward(FeatureMap{x, 2, 4}).X }, "convolution conv.weight: input (1, 9, 3), want (1, 8, 3) for a feature map of 2×4"},
		{gt.Shape{1, 4, 3}, func(x *G.Node) *G.Node { return small.Forward(FeatureMap{x, 2, 2}).X }, "convolution conv.weight: the kernel does not fit the padded input: 3×3 on 2×2"},
		{gt.Shape{1, 4, 3}, func(x *G.Node) *G.Node { return l.Conv.ForwardAdd(FeatureMap{x, 2, 2}, x).X }, "convolution conv.weight: shapes (1, 4, 3) and (1, 4, 4) differ"},
		{gt.Shape{1, 4, 3}, func(x *G.Node) *G.Node { return wrong.Forward(FeatureMap{x, 2, 2}).X }, "convolution linear.weight of shape (7, 5) is not that of a convolution"},
		{gt.Shape{1, 4, 4}, func(x *G.Node) *G.Node { return l.Depth.Forward(FeatureMap{x, 2, 2}).X }, "depthwise convolution depth.weight: input (1, 4, 4), want 3 channels for a feature map of 2×2"},
		{gt.Shape{1, 4, 3}, func(x *G.Node) *G.Node { return flat.Forward(FeatureMap{x, 2, 2}).X }, "depthwise convolution depth.weight: the kernel does not fit"},
		{gt.Shape{1, 4, 3}, func(x *G.Node) *G.Node { return MaxPool(FeatureMap{x, 3, 2}, halves).X }, "max pool: input (1, 4, 3), want 3 channels for a feature map of 3×2"},
		{gt.Shape{4, 3}, func(x *G.Node) *G.Node { return AveragePool(FeatureMap{x, 2, 2}, halves).X }, "average pool: shape (4, 3), want [batch, positions, channels]"},
		{gt.Shape{1, 4, 3}, func(x *G.Node) *G.Node { return MaxPool(FeatureMap{x, 2, 2}, kernels.PoolShape{KH: 1, KW: 1}).X }, "max pool: a kernel of 1×1, stride 0"},
		{gt.Shape{1, 4, 5}, func(x *G.Node) *G.Node { return l.Group.Forward(FeatureMap{x, 2, 2}).X }, "group norm group.weight: 5 channels, want 6 in 3 groups"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return l.Odd.Forward(FeatureMap{x, 2, 2}).X }, "group norm odd.weight: 6 channels, want 6 in 4 groups"},
		{gt.Shape{4, 6}, func(x *G.Node) *G.Node { return l.Group.Forward(FeatureMap{x, 2, 2}).X }, "shape (4, 6), want [batch, positions, channels]"},
		{gt.Shape{4, 6}, l.Layer.Forward, "layer norm layer.weight: 6 channels, want 5"},
		{gt.Shape{4, 6}, func(x *G.Node) *G.Node { return UnitVectors(x, []float32{1}, 0) }, "unit vectors: 1 factors for 6 channels"},
		{gt.Shape{1, 5, 5}, l.Position.AddPositions, "input (1, 5, 5) does not fit a table of (4, 5)"},
		{gt.Shape{3, 5}, GEGLU, "geglu: odd number of channels in (3, 5)"},
		{gt.Shape{3, 2}, func(x *G.Node) *G.Node { return AffineChannels(x, []float32{1}, []float32{1, 2}) }, "affine: 1 factors and 2 offsets for 2 channels"},
		{gt.Shape{3}, func(x *G.Node) *G.Node { return MulConstant(x, []float32{1}) }, "multiply: 1 constants for shape (3)"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return Attention(x, x, x, 4, false) }, "attention of 4 heads: queries (1, 4, 6) do not fit keys (1, 4, 6)"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return AttentionMix(Reshape(x, 1, 2, 4, 3), x) }, "probabilities (1, 2, 4, 3) do not fit values (1, 4, 6)"},
		{gt.Shape{1}, func(x *G.Node) *G.Node { return TimestepEmbedding(x, 5, true, 0) }, "timestep embedding of 5 channels, want an even number"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return SlicePositions(x, 2, 5) }, "slice of positions 2:5 of shape (1, 4, 6)"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return GatherPositions(x, [][]int{{0, 4}}) }, "gather positions: 4 of shape (1, 4, 6), want 0 to 3"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return GatherPositions(x, [][]int{{0}, {1, 2}}) }, "gather positions: list 1 has 2, the first one 1"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return GatherPositions(x, nil) }, "there are none to gather"},
		{gt.Shape{3}, func(x *G.Node) *G.Node { return AddConstant(x, []float32{1}) }, "add: 1 constants for shape (3)"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return Entries(x, 0, 1) }, "batch entry 1 of shape (1, 4, 6)"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return AttentionTokenProbs(x, x, 2, false, 4) }, "token 4, want 0 to 3"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return AttentionTokenProbs(x, x, 2, false) }, "no tokens"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return SliceChannels(x, 3, 3) }, "slice 3:3 of shape (1, 4, 6)"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return MeanAxis(x, 3) }, "mean over axis 3 of shape (1, 4, 6)"},
		{gt.Shape{4}, func(x *G.Node) *G.Node { return MeanAxis(x, 0) }, "mean over axis 0 of shape (4)"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node {
			return Resample(x, 2, 3, kernels.BilinearTaps(2, 4), kernels.BilinearTaps(3, 6))
		}, "resample: filter of 2×3 for a feature map of 2×3 with 4 positions"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return Reshape(x, 5, 5) }, "reshape: [5 5] has not as many elements as (1, 4, 6)"},
		{gt.Shape{1, 4, 6}, ChannelsLast, "channels last: shape (1, 4, 6), want [batch, channels, height, width]"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return ChannelsFirst(x, 2, 3) }, "channels first: 4 positions are not 2×3"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return Upsample(x, 2, 3, 2) }, "upsample: 4 positions are not 2×3"},
		{gt.Shape{1, 4, 6}, func(x *G.Node) *G.Node { return Concat(x, Reshape(x, 1, 6, 4)) }, "concat: part 1 has shape (1, 6, 4), want (1, 4) before the channels"},
		{gt.Shape{1}, func(*G.Node) *G.Node { return Concat() }, "concat of nothing"},
		{gt.Shape{1}, func(*G.Node) *G.Node { return Largest() }, "No Graph"},
		{gt.Shape{1}, func(x *G.Node) *G.Node { return Largest(nil) }, "largest: input 0 is nil"},
	} {
		_, err := Compile(func(b *Build) []*G.Node { return G.Nodes{c.f(b.Input("x", c.shape...))} })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// gorgonia's own machines run these operations too, but for the ones that need
// what only a Program keeps.
func TestOnGorgoniasMachine(t *testing.T) {
	b := NewBuild()
	q := b.Input("q", 1, 4, 6)
	k := b.Input("k", 1, 4, 6)
	attention := Attention(q, k, k, 2, false)
	dk := pick(b.Grad(Mean(attention), q)[0], 1, gt.Shape{1, 4, 6})
	x := dense(normal(1, 24), gt.Shape{1, 4, 6})
	if _, err := attention.Op().Do(x, x, x); err != nil {
		t.Error(err)
	}
	if _, err := dk.Op().Do(x); err == nil || !strings.Contains(err.Error(), "only in a compiled Program") {
		t.Errorf("error %v", err)
	}
	if _, err := attention.Op().Do(x, x, G.NewF64(1)); err == nil || !strings.Contains(err.Error(), "input 2: a value of type") {
		t.Errorf("error %v", err)
	}
	if _, err := attention.Op().Do(x, x, vector1(1)); err == nil {
		t.Error("a value of another size is no error")
	}
}
