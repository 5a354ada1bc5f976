package nn

import (
	"fmt"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
)

// A depthwise convolution is one whose weights from a channel to others are zero.
func TestDepthwise(t *testing.T) {
	const channels, h, w = 3, 5, 4
	for _, dtype := range []gt.Dtype{gt.Float32, tensor.Float16} {
		l := Depthwise2D{Weight: NewWeight(channels, 1, 3, 2), Bias: NewWeight(channels), Stride: 2,
			Pad: kernels.Padding{Top: 1, Left: 1, Bottom: 2}, Act: kernels.ReLU6}
		if err := Randomize(&l, 1, dtype); err != nil {
			t.Fatal(err)
		}
		full := Conv2D{Weight: NewWeight(channels, channels, 3, 2), Bias: l.Bias, Stride: l.Stride, Pad: l.Pad, Act: l.Act}
		diagonal := make([]float32, channels*channels*6)
		for c := range channels {
			copy(diagonal[(c*channels+c)*6:][:6], l.Weight.Float32()[c*6:])
		}
		full.Weight.bind("full", tensor.FromFloat32s(diagonal, channels, channels, 3, 2))
		in := []*gt.Dense{dense(normal(1, 2*h*w*channels), gt.Shape{2, h * w, channels})}
		p := compile(t, withInputs(unary(func(x *G.Node) *G.Node { return sized(l.Forward(FeatureMap{x, h, w}), 3, 2) }), in, nil))
		checkClose(t, fmt.Sprint(dtype), runNumbers(t, p, byName(in))[0], convolved(numbers(t, in)[0], 2, h, w, 3, 2, full, nil), 2e-6)
	}
}

// Pools say how large their results are, and which shapes of kernels they take.
func TestPools(t *testing.T) {
	x := []*gt.Dense{dense([]float32{1, 2, 3, 4, 5, 6, 7, 8, -9}, gt.Shape{1, 9, 1})}
	last := kernels.PoolShape{KH: 2, KW: 2, Stride: 2, Ceil: true}
	for _, c := range []struct {
		name string
		pool func(m FeatureMap) FeatureMap
		h, w int
		want []float32
	}{
		{"max", func(m FeatureMap) FeatureMap { return MaxPool(m, last) }, 2, 2, []float32{5, 6, 8, -9}},
		{"average", func(m FeatureMap) FeatureMap { return AveragePool(m, last) }, 2, 2, []float32{3, 4.5, 7.5, -9}},
		{"average of pixels", func(m FeatureMap) FeatureMap {
			return AveragePool(m, kernels.PoolShape{KH: 3, KW: 3, Stride: 2, Pad: kernels.Pad(1)})
		}, 2, 2, []float32{3, 4, 6, 2.5}},
		{"average with padding", func(m FeatureMap) FeatureMap {
			return AveragePool(m, kernels.PoolShape{KH: 3, KW: 3, Stride: 2, Pad: kernels.Pad(1), CountPadding: true})
		}, 2, 2, []float32{12. / 9, 16. / 9, 24. / 9, 10. / 9}},
		{"global", func(m FeatureMap) FeatureMap { return FeatureMap{GlobalMean(m), 1, 1} }, 1, 1, []float32{3}},
	} {
		p := compile(t, withInputs(unary(func(x *G.Node) *G.Node { return sized(c.pool(FeatureMap{x, 3, 3}), c.h, c.w) }), x, nil))
		checkClose(t, c.name, runNumbers(t, p, byName(x))[0], c.want, 1e-6)
	}
}

// What has no gradient says so.
func TestWindowsHaveNoGradient(t *testing.T) {
	l := loaded(t, NewDepthwise2D(3, 3, 1))
	for want, f := range map[string]func(m FeatureMap) FeatureMap{
		"depthwise convolution weight has no gradient": l.Forward,
		"max pool has no gradient":                     func(m FeatureMap) FeatureMap { return MaxPool(m, kernels.PoolShape{KH: 2, KW: 2, Stride: 1}) },
		"unit vectors has no gradient":                 func(m FeatureMap) FeatureMap { return m.With(UnitVectors(m.X, []float32{1, 2, 3}, 0)) },
		"average pool has no gradient":                 func(m FeatureMap) FeatureMap { return AveragePool(m, kernels.PoolShape{KH: 2, KW: 2, Stride: 1}) },
	} {
		_, err := Compile(func(b *Build) []*G.Node {
			x := b.Input("x", 1, 4, 3)
			return b.Grad(Mean(f(FeatureMap{x, 2, 2}).X), x)
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
