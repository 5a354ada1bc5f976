package kerneltest

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

func convolutions(f Functions) []check {
	var checks []check
	for _, s := range []kernels.ConvShape{
		{B: 1, H: 1, W: 1, Cin: 1, Cout: 1, Kernel: 1, Stride: 1},
		{B: 2, H: 3, W: 5, Cin: 4, Cout: 7, Kernel: 1, Stride: 1},
		{B: 1, H: 2, W: 1, Cin: 3, Cout: 2, Kernel: 3, Stride: 1, PadBefore: 1, PadAfter: 1},
		{B: 2, H: 5, W: 4, Cin: 3, Cout: 5, Kernel: 3, Stride: 1, PadBefore: 1, PadAfter: 1},
		{B: 1, H: 5, W: 6, Cin: 17, Cout: 33, Kernel: 3, Stride: 1, PadBefore: 1, PadAfter: 1},
		{B: 1, H: 8, W: 8, Cin: 16, Cout: 4, Kernel: 3, Stride: 1, PadBefore: 1, PadAfter: 1},
		{B: 2, H: 6, W: 7, Cin: 5, Cout: 6, Kernel: 3, Stride: 2, PadBefore: 1, PadAfter: 1}, // UNet's downsampling
		{B: 1, H: 6, W: 8, Cin: 4, Cout: 9, Kernel: 3, Stride: 2, PadBefore: 0, PadAfter: 1}, // the VAE's
		{B: 1, H: 8, W: 12, Cin: 3, Cout: 20, Kernel: 4, Stride: 4},                          // patches
		{B: 1, H: 7, W: 7, Cin: 2, Cout: 3, Kernel: 3, Stride: 1},                            // no padding
	} {
		for _, form := range formats {
			checks = append(checks, convs(f, form, s)...)
		}
	}
	return checks
}

// convs checks a convolution with bias and residual, and without. Its weights are in the order of a checkpoint.
func convs(f Functions, form format, s kernels.ConvShape) []check {
	w, values := form.weights(s.Cout * s.Cin * s.Kernel * s.Kernel)
	h, width := s.Out()
	n := s.B * h * width * s.Cout
	x := Normal(1, s.B*s.H*s.W*s.Cin)
	convolve := func(in [][]float64) []float64 {
		out := make([]float64, n)
		eachTap(s, func(o, i, k int) { out[o] += in[0][i] * in[1][k] })
		return out
	}
	order := func() kernels.Elements { return kernels.ConvWeights(w, s.Cout, s.Cin, s.Kernel) }
	return []check{
		{name: fmt.Sprintf("Conv/%s/%v", form.name, s), kernel: f.Conv,
			in: [][]float32{x, values, Normal(2, s.Cout), Normal(3, n)}, out: n, inPlace: []int{3},
			forward: func(out []float32, in [][]float32) { f.Conv(out, in[0], order(), in[2], in[3], s) },
			reference: func(in [][]float64) []float64 {
				out := convolve(in)
				for i := range out {
					out[i] += in[2][i%s.Cout] + in[3][i]
				}
				return out
			},
			gradients: []gradient{{of: 0, kernel: f.ConvGrad,
				run: func(dx, dy []float32, in [][]float32) { f.ConvGrad(dx, dy, order(), s) },
				reference: func(in [][]float64, dy []float64) []float64 {
					dx := make([]float64, len(in[0]))
					eachTap(s, func(o, i, k int) { dx[i] += dy[o] * in[1][k] })
					return dx
				}}}},
		{name: fmt.Sprintf("Conv/%s/%v plain", form.name, s), kernel: f.Conv, in: [][]float32{x, values}, out: n,
			forward:   func(out []float32, in [][]float32) { f.Conv(out, in[0], order(), nil, nil, s) },
			reference: convolve},
	}
}

// eachTap calls f for every product in a convolution with the positions of its result, its input and its weight.
func eachTap(s kernels.ConvShape, f func(out, in, weight int)) {
	h, w := s.Out()
	for o := range s.B * h * w * s.Cout {
		b, y, x, co := o/(h*w*s.Cout), o/(w*s.Cout)%h, o/s.Cout%w, o%s.Cout
		for t := range s.Kernel * s.Kernel {
			iy, ix := y*s.Stride-s.PadBefore+t/s.Kernel, x*s.Stride-s.PadBefore+t%s.Kernel
			if iy < 0 || iy >= s.H || ix < 0 || ix >= s.W {
				continue
			}
			for c := range s.Cin {
				f(o, ((b*s.H+iy)*s.W+ix)*s.Cin+c, (co*s.Cin+c)*s.Kernel*s.Kernel+t)
			}
		}
	}
}
