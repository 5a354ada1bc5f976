package kerneltest

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// windows are the kernels that look at each channel on its own.
func windows(f Functions) []check {
	return append(depthwise(f), pools(f)...)
}

func depthwise(f Functions) []check {
	uneven := kernels.Padding{Top: 0, Left: 2, Bottom: 1, Right: 3}
	var checks []check
	for _, s := range []kernels.ConvShape{
		{B: 1, H: 1, W: 1, Cin: 1, KH: 1, KW: 1, Stride: 1},
		{B: 2, H: 9, W: 11, Cin: 32, KH: 3, KW: 3, Stride: 1, Pad: kernels.Pad(1), Act: kernels.ReLU6},
		{B: 1, H: 8, W: 12, Cin: 21, KH: 3, KW: 3, Stride: 2, Pad: kernels.Padding{Bottom: 1, Right: 1}, Act: kernels.ReLU6}, // as TensorFlow pads
		{B: 1, H: 7, W: 13, Cin: 37, KH: 5, KW: 5, Stride: 1, Pad: kernels.Pad(2), Act: kernels.ReLU},
		{B: 2, H: 10, W: 9, Cin: 50, KH: 5, KW: 5, Stride: 2, Pad: kernels.Padding{Top: 1, Left: 2, Bottom: 2, Right: 2}},
		{B: 1, H: 2, W: 3, Cin: 7, KH: 5, KW: 5, Stride: 1, Pad: kernels.Pad(2), Act: kernels.SiLU}, // wider than the picture
		{B: 1, H: 5, W: 18, Cin: 129, KH: 4, KW: 2, Stride: 1, Pad: uneven},
		{B: 1, H: 6, W: 7, Cin: 16, KH: 2, KW: 6, Stride: 3, Pad: uneven, Act: kernels.ReLU6},
	} {
		s.Cout = s.Cin
		h, w := s.Out()
		n := s.B * h * w * s.Cin
		convolve := func(in [][]float64) []float64 {
			out := make([]float64, n)
			eachWindow(s.B, h, w, s.Cin, func(o, b, y, x, c int) {
				eachPixel(s.KH, s.KW, y*s.Stride-s.Pad.Top, x*s.Stride-s.Pad.Left, s.H, s.W, func(tap, iy, ix int) {
					out[o] += in[0][((b*s.H+iy)*s.W+ix)*s.Cin+c] * in[1][tap*s.Cin+c]
				})
				if len(in) > 2 {
					out[o] += in[2][c]
				}
				out[o] = activated(s.Act, out[o])
			})
			return out
		}
		x, weights := Normal(1, s.B*s.H*s.W*s.Cin), Normal(2, s.KH*s.KW*s.Cin)
		checks = append(checks,
			check{name: fmt.Sprintf("Depthwise/%v", s), kernel: f.Depthwise, in: [][]float32{x, weights, Normal(3, s.Cin)}, out: n,
				forward:   func(out []float32, in [][]float32) { f.Depthwise(out, in[0], in[1], in[2], s) },
				reference: convolve},
			check{name: fmt.Sprintf("Depthwise/%v plain", s), kernel: f.Depthwise, in: [][]float32{x, weights}, out: n,
				forward:   func(out []float32, in [][]float32) { f.Depthwise(out, in[0], in[1], nil, s) },
				reference: convolve})
	}
	return checks
}

func pools(f Functions) []check {
	uneven := kernels.Padding{Top: 0, Left: 2, Bottom: 1, Right: 1}
	var checks []check
	for _, s := range []kernels.PoolShape{
		{B: 1, H: 1, W: 1, C: 1, KH: 1, KW: 1, Stride: 1},
		{B: 2, H: 11, W: 14, C: 19, KH: 3, KW: 3, Stride: 2, Pad: kernels.Pad(1)},
		{B: 1, H: 10, W: 7, C: 33, KH: 3, KW: 3, Stride: 2},
		{B: 1, H: 9, W: 9, C: 16, KH: 3, KW: 3, Stride: 1, Pad: kernels.Pad(1)},
		{B: 1, H: 5, W: 8, C: 40, KH: 2, KW: 3, Stride: 3, Pad: uneven},
		{B: 1, H: 1, W: 2, C: 5, KH: 3, KW: 3, Stride: 2, Pad: kernels.Pad(1)},
	} {
		for _, s.Ceil = range []bool{false, true} {
			for _, s.CountPadding = range []bool{false, true} {
				checks = append(checks, poolsOf(f, s)...)
			}
		}
	}
	return checks
}

func poolsOf(f Functions, s kernels.PoolShape) []check {
	h, w := s.Out()
	n := s.B * h * w * s.C
	pool := func(first float64, join func(a, b float64) float64, end func(x float64, within, padded int) float64) func([][]float64) []float64 {
		return func(in [][]float64) []float64 {
			out := make([]float64, n)
			eachWindow(s.B, h, w, s.C, func(o, b, y, x, c int) {
				top, left := y*s.Stride-s.Pad.Top, x*s.Stride-s.Pad.Left
				value, within, padded := first, 0, 0
				eachPixel(s.KH, s.KW, top, left, s.H, s.W, func(_, iy, ix int) {
					value = join(value, in[0][((b*s.H+iy)*s.W+ix)*s.C+c])
					within++
				})
				eachPixel(s.KH, s.KW, top+s.Pad.Top, left+s.Pad.Left, s.H+s.Pad.Top+s.Pad.Bottom, s.W+s.Pad.Left+s.Pad.Right,
					func(int, int, int) { padded++ })
				out[o] = end(value, within, padded)
			})
			return out
		}
	}
	x := [][]float32{Normal(1, s.B*s.H*s.W*s.C)}
	return []check{
		{name: fmt.Sprintf("MaxPool/%v", s), kernel: f.MaxPool, in: x, out: n,
			forward:   func(out []float32, in [][]float32) { f.MaxPool(out, in[0], s) },
			reference: pool(math.Inf(-1), math.Max, func(x float64, _, _ int) float64 { return x })},
		{name: fmt.Sprintf("AveragePool/%v", s), kernel: f.AveragePool, in: x, out: n,
			forward: func(out []float32, in [][]float32) { f.AveragePool(out, in[0], s) },
			reference: pool(0, func(a, b float64) float64 { return a + b }, func(x float64, within, padded int) float64 {
				if s.CountPadding {
					return x / float64(padded)
				}
				return x / float64(within)
			})},
	}
}

// eachWindow calls f for every number o of a result [b, h, w, channels].
func eachWindow(b, h, w, channels int, f func(o, b, y, x, c int)) {
	for o := range b * h * w * channels {
		f(o, o/(h*w*channels), o/(w*channels)%h, o/channels%w, o%channels)
	}
}

// eachPixel calls f for the taps of a window at (top, left) that lie within a picture of h×w.
func eachPixel(kh, kw, top, left, h, w int, f func(tap, y, x int)) {
	for tap := range kh * kw {
		if y, x := top+tap/kw, left+tap%kw; y >= 0 && y < h && x >= 0 && x < w {
			f(tap, y, x)
		}
	}
}
