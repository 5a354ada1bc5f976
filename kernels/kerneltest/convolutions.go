package kerneltest

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

func convolutions(f Functions) []check {
	uneven := kernels.Padding{Top: 0, Left: 2, Bottom: 1, Right: 3}
	var checks []check
	for _, s := range []kernels.ConvShape{
		{B: 1, H: 1, W: 1, Cin: 1, Cout: 1, KH: 1, KW: 1, Stride: 1},
		{B: 2, H: 3, W: 5, Cin: 4, Cout: 7, KH: 1, KW: 1, Stride: 1, Act: kernels.ReLU},
		{B: 2, H: 3, W: 4, Cin: 4, Cout: 70, KH: 1, KW: 1, Stride: 1, Act: kernels.ReLU6},
		{B: 2, H: 5, W: 6, Cin: 9, Cout: 36, KH: 1, KW: 1, Stride: 2, Act: kernels.ReLU},
		{B: 1, H: 2, W: 1, Cin: 3, Cout: 2, KH: 3, KW: 3, Stride: 1, Pad: kernels.Pad(1)},
		{B: 2, H: 5, W: 4, Cin: 3, Cout: 5, KH: 3, KW: 3, Stride: 1, Pad: kernels.Pad(1), Act: kernels.SiLU},
		{B: 1, H: 5, W: 6, Cin: 17, Cout: 33, KH: 3, KW: 3, Stride: 1, Pad: kernels.Pad(1)},
		{B: 1, H: 8, W: 8, Cin: 16, Cout: 4, KH: 3, KW: 3, Stride: 1, Pad: kernels.Pad(1)},
		{B: 1, H: 13, W: 14, Cin: 32, Cout: 32, KH: 3, KW: 3, Stride: 1, Pad: kernels.Pad(1), Act: kernels.ReLU},                      // Winograd's
		{B: 2, H: 14, W: 12, Cin: 32, Cout: 32, KH: 3, KW: 3, Stride: 1, Act: kernels.ReLU},                                           // Winograd's, without padding
		{B: 2, H: 6, W: 7, Cin: 5, Cout: 6, KH: 3, KW: 3, Stride: 2, Pad: kernels.Pad(1)},                                             // UNet's downsampling
		{B: 1, H: 6, W: 8, Cin: 4, Cout: 9, KH: 3, KW: 3, Stride: 2, Pad: kernels.Padding{Bottom: 1, Right: 1}},                       // the VAE's
		{B: 2, H: 9, W: 10, Cin: 3, Cout: 32, KH: 3, KW: 3, Stride: 2, Pad: kernels.Padding{Bottom: 1, Right: 1}, Act: kernels.ReLU6}, // EfficientNet's first
		{B: 1, H: 8, W: 12, Cin: 3, Cout: 20, KH: 4, KW: 4, Stride: 4},                                                                // patches
		{B: 1, H: 7, W: 7, Cin: 2, Cout: 3, KH: 3, KW: 3, Stride: 1},                                                                  // no padding
		{B: 1, H: 11, W: 10, Cin: 3, Cout: 16, KH: 7, KW: 7, Stride: 2, Pad: kernels.Pad(3), Act: kernels.ReLU},                       // ResNet's first
		{B: 1, H: 4, W: 9, Cin: 5, Cout: 18, KH: 1, KW: 7, Stride: 1, Pad: kernels.Padding{Left: 3, Right: 3}},                        // Inception's
		{B: 2, H: 5, W: 3, Cin: 6, Cout: 7, KH: 4, KW: 2, Stride: 1, Pad: uneven, Act: kernels.ReLU6},
		{B: 2, H: 6, W: 5, Cin: 3, Cout: 5, KH: 2, KW: 5, Stride: 2, Pad: uneven},
	} {
		for _, form := range formats {
			checks = append(checks, convs(f, form, s)...)
		}
	}
	return checks
}

// convs checks a convolution with bias and residual, and without. Its weights are in the order of a checkpoint.
func convs(f Functions, form format, s kernels.ConvShape) []check {
	w, values := form.weights(s.Cout * s.Cin * s.KH * s.KW)
	h, width := s.Out()
	n := s.B * h * width * s.Cout
	x := Normal(1, s.B*s.H*s.W*s.Cin)
	convolve := func(in [][]float64) []float64 {
		out := make([]float64, n)
		eachTap(s, func(o, i, k int) { out[o] += in[0][i] * in[1][k] })
		return out
	}
	var adjoint any = f.ConvGrad
	if f.SquareGrad && s.KH != s.KW {
		adjoint = (func())(nil) // as if it were missing
	}
	order := func() kernels.Elements { return kernels.ConvWeights(w, s.Cout, s.Cin, s.KH, s.KW) }
	tolerance := 0.0
	if s.H > 12 && s.Cin == 32 {
		tolerance = 1e-5 // Winograd's
	}
	return []check{
		{name: fmt.Sprintf("Conv/%s/%v", form.name, s), kernel: f.Conv, tolerance: tolerance,
			in: [][]float32{x, values, Normal(2, s.Cout), Normal(3, n)}, out: n, inPlace: []int{3},
			forward: func(out []float32, in [][]float32) { f.Conv(out, in[0], order(), in[2], in[3], s) },
			reference: func(in [][]float64) []float64 {
				out := convolve(in)
				for i := range out {
					out[i] = activated(s.Act, out[i]+in[2][i%s.Cout]+in[3][i])
				}
				return out
			},
			gradients: []gradient{{of: 0, kernel: adjoint,
				run: func(dx, dy []float32, in [][]float32) { f.ConvGrad(dx, dy, order(), s) },
				reference: func(in [][]float64, dy []float64) []float64 {
					dx := make([]float64, len(in[0]))
					eachTap(s, func(o, i, k int) { dx[i] += dy[o] * in[1][k] })
					return dx
				}}}},
		{name: fmt.Sprintf("Conv/%s/%v plain", form.name, s), kernel: f.Conv, in: [][]float32{x, values}, out: n, tolerance: tolerance,
			forward: func(out []float32, in [][]float32) { f.Conv(out, in[0], order(), nil, nil, s) },
			reference: func(in [][]float64) []float64 {
				out := convolve(in)
				for i, v := range out {
					out[i] = activated(s.Act, v)
				}
				return out
			}},
	}
}

// activated is the fused activation of x.
func activated(act kernels.Activation, x float64) float64 {
	switch act {
	case kernels.SiLU:
		return x * sigmoid(x)
	case kernels.ReLU:
		return math.Max(x, 0)
	case kernels.ReLU6:
		return math.Min(math.Max(x, 0), 6)
	}
	return x
}

// eachTap calls f for every product in a convolution with the positions of its result, its input and its weight.
func eachTap(s kernels.ConvShape, f func(out, in, weight int)) {
	h, w := s.Out()
	for o := range s.B * h * w * s.Cout {
		b, y, x, co := o/(h*w*s.Cout), o/(w*s.Cout)%h, o/s.Cout%w, o%s.Cout
		for t := range s.KH * s.KW {
			iy, ix := y*s.Stride-s.Pad.Top+t/s.KW, x*s.Stride-s.Pad.Left+t%s.KW
			if iy < 0 || iy >= s.H || ix < 0 || ix >= s.W {
				continue
			}
			for c := range s.Cin {
				f(o, ((b*s.H+iy)*s.W+ix)*s.Cin+c, (co*s.Cin+c)*s.KH*s.KW+t)
			}
		}
	}
}
