package nn

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Resample returns x [B, h·w, C] after a separable linear filter: rows along the
// height, cols along the width. Its gradient is the transposed filter's.
func Resample(x *G.Node, h, w int, rows, cols kernels.Taps) *G.Node {
	b, n, c := dims3("resample", x)
	if n != h*w || rows.In != h || cols.In != w {
		panic(fmt.Sprintf("resample: filter of %d×%d for a feature map of %d×%d with %d positions", rows.In, cols.In, h, w, n))
	}
	return apply(&op{
		name: fmt.Sprintf("resample to %d×%d", rows.Out, cols.Out), shape: gt.Shape{b, rows.Out * cols.Out, c},
		run: func(on *kernels.Functions, out, in [][]float32) { on.Resample(out[0], in[0], b, h, w, c, rows, cols) },
		grad: func(_ G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{Resample(dout, rows.Out, cols.Out, rows.Transpose(), cols.Transpose())}
		},
	}, x)
}

// BicubicResize resizes x [B, h·w, C] to height×width as
// torch.nn.functional.interpolate(mode="bicubic", align_corners=False) does,
// with or without its antialias.
func BicubicResize(x *G.Node, h, w, height, width int, antialias bool) *G.Node {
	return Resample(x, h, w, kernels.BicubicTaps(h, height, antialias), kernels.BicubicTaps(w, width, antialias))
}

// Gaussian is the shape of a smoothing kernel: its value at distance d from the
// centre, before normalisation.
type Gaussian func(d float64) float64

// StandardGaussian returns exp(-d²/(2σ²)).
func StandardGaussian(sigma float64) Gaussian {
	return func(d float64) float64 { return math.Exp(-d * d / (2 * sigma * sigma)) }
}

// GaussianSmooth returns x [B, h·w, C] convolved with a normalised kernel of
// size×size; x is reflected at its borders, without repeating the edge.
func GaussianSmooth(x *G.Node, h, w, size int, g Gaussian) *G.Node {
	return Resample(x, h, w, kernels.GaussianTaps(h, size, g), kernels.GaussianTaps(w, size, g))
}
