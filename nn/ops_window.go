package nn

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// depthwise is the convolution of each channel of m. It runs on the host.
func depthwise(m FeatureMap, w, bias *Weight, s kernels.ConvShape) FeatureMap {
	name := "depthwise convolution " + w.Name()
	if err := s.Valid(); err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
	m.mustBe(name, s.Cin)
	h, wd := s.Out()
	return FeatureMap{H: h, W: wd, X: apply(&op{
		name: name, shape: gt.Shape{s.B, h * wd, s.Cin}, flops: product(s.B*h*wd, s.Cin, s.KH*s.KW),
		host: func(out, in [][]float32) {
			var b []float32
			if bias != nil {
				b = bias.Float32()
			}
			kernels.Depthwise(out[0], in[0], w.Depthwise(), b, s)
		},
		grad: noGradient(name),
	}, m.X)}
}

// MaxPool returns the largest number of each window of each channel of m, as
// torch.nn.MaxPool2d does. s is the pool, its B, H, W and C those of m. It has no
// gradient.
func MaxPool(m FeatureMap, s kernels.PoolShape) FeatureMap {
	return pool("max pool", m, s, kernels.MaxPool)
}

// AveragePool returns the mean of each window of each channel of m, as
// torch.nn.AvgPool2d does. s is the pool, its B, H, W and C those of m. It has no
// gradient.
func AveragePool(m FeatureMap, s kernels.PoolShape) FeatureMap {
	return pool("average pool", m, s, kernels.AveragePool)
}

// GlobalMean returns the mean over all positions of m, [B, C].
func GlobalMean(m FeatureMap) *G.Node { return MeanAxis(m.X, 1) }

// pool runs on the host.
func pool(name string, m FeatureMap, s kernels.PoolShape, kernel func(out, x []float32, s kernels.PoolShape)) FeatureMap {
	s.B, _, s.C = dims3(name, m.X)
	s.H, s.W = m.H, m.W
	m.mustBe(name, s.C)
	if err := s.Valid(); err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
	h, wd := s.Out()
	return FeatureMap{H: h, W: wd, X: apply(&op{
		name: name, shape: gt.Shape{s.B, h * wd, s.C},
		host: func(out, in [][]float32) { kernel(out[0], in[0], s) },
		grad: noGradient(name),
	}, m.X)}
}

// noGradient is the gradient of an operation that is for inference.
func noGradient(name string) func(G.Nodes, *G.Node, *G.Node) G.Nodes {
	return func(G.Nodes, *G.Node, *G.Node) G.Nodes { panic(name + " has no gradient") }
}

// mustBe panics unless m has so many channels and a position for each of its pixels.
func (m FeatureMap) mustBe(what string, channels int) {
	if b, n, c := dims3(what, m.X); n != m.H*m.W || c != channels {
		panic(fmt.Sprintf("%s: input (%d, %d, %d), want %d channels for a feature map of %d×%d", what, b, n, c, channels, m.H, m.W))
	}
}
