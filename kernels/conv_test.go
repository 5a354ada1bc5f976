package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/internal/winograd"
)

func randomMatrix(r *rand.Rand, rows, cols int, trans bool) Matrix {
	if trans {
		rows, cols = cols, rows
	}
	stride := cols + r.IntN(4)
	return Matrix{Data: random(r, rows*stride), Stride: stride, Trans: trans}
}

var convShapes = []ConvShape{
	{B: 1, H: 5, W: 7, Cin: 4, Cout: 33, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
	{B: 2, H: 8, W: 6, Cin: 40, Cout: 4, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
	{B: 2, H: 7, W: 8, Cin: 10, Cout: 12, KH: 3, KW: 3, Stride: 2, Pad: Pad(1)},
	{B: 1, H: 8, W: 8, Cin: 6, Cout: 7, KH: 3, KW: 3, Stride: 2, Pad: Padding{Bottom: 1, Right: 1}}, // VAE encoder
	{B: 1, H: 1, W: 1, Cin: 3, Cout: 5, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
	{B: 2, H: 3, W: 4, Cin: 9, Cout: 35, KH: 1, KW: 1, Stride: 1},
	{B: 2, H: 12, W: 8, Cin: 3, Cout: 8, KH: 4, KW: 4, Stride: 4}, // patch embedding
	{B: 1, H: 11, W: 9, Cin: 2, Cout: 3, KH: 2, KW: 2, Stride: 3}, // pixels that no tap reaches
	{B: 1, H: 6, W: 5, Cin: 3, Cout: 4, KH: 5, KW: 5, Stride: 2, Pad: Padding{Top: 2, Left: 2, Bottom: 3, Right: 3}},
	{B: 1, H: 4, W: 40, Cin: 50, Cout: 3, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
}

func TestConv(t *testing.T) {
	for _, s := range convShapes {
		for _, format := range formats {
			r := source("conv", s.H, s.W, s.Cin)
			h, w := s.Out()
			x, bias, residual := random(r, s.B*s.H*s.W*s.Cin), random(r, s.Cout), random(r, s.B*h*w*s.Cout)
			file, values := randomElements(r, format, s.Cout*s.Cin*s.KH*s.KW)
			plain, full := naiveConv(x, values, nil, nil, s), naiveConv(x, values, bias, residual, s)
			everyWay(t, shapeName(s)+format, func(t *testing.T) []float32 {
				weights := ConvWeights(file, s.Cout, s.Cin, s.KH, s.KW)
				out := nan(s.B * h * w * s.Cout)
				Float32.Conv(out, x, weights, nil, nil, s)
				compare(t, "plain", out, plain, 8)
				Float32.Conv(out, x, weights, bias, residual, s)
				compare(t, "bias and residual", out, full, 8)
				return out
			})
		}
	}
}

func TestConvGrad(t *testing.T) {
	for _, s := range convShapes {
		for _, format := range formats {
			r := source("conv grad", s.H, s.W, s.Cin)
			h, w := s.Out()
			dy := random(r, s.B*h*w*s.Cout)
			file, values := randomElements(r, format, s.Cout*s.Cin*s.KH*s.KW)
			want := naiveConvGrad(dy, values, s)
			everyWay(t, shapeName(s)+format, func(t *testing.T) []float32 {
				dx := nan(s.B * s.H * s.W * s.Cin)
				Float32.ConvGrad(dx, dy, ConvWeights(file, s.Cout, s.Cin, s.KH, s.KW), s)
				compare(t, "dx", dx, want, 8)
				return dx
			})
		}
	}
}

// TestWinograd compares it with the definition, on pictures that end within a tile, with any padding, on many tiles, on channels that need
// several blocks of weights, and with a limit that a transform of the wrong numbers would exceed a thousandfold.
func TestWinograd(t *testing.T) {
	for i, s := range []ConvShape{
		{B: 0, H: 12, W: 12, Cin: 32, Cout: 32, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
		{B: 1, H: 12, W: 12, Cin: 32, Cout: 32, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
		{B: 2, H: 13, W: 18, Cin: 32, Cout: 64, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
		{B: 1, H: 12, W: 79, Cin: 160, Cout: 32, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
		{B: 1, H: 57, W: 62, Cin: 32, Cout: 64, KH: 3, KW: 3, Stride: 1, Pad: Pad(1)},
		{B: 2, H: 15, W: 20, Cin: 32, Cout: 32, KH: 3, KW: 3, Stride: 1},
		{B: 1, H: 14, W: 13, Cin: 32, Cout: 32, KH: 3, KW: 3, Stride: 1, Pad: Pad(2)},
		{B: 1, H: 12, W: 14, Cin: 32, Cout: 32, KH: 3, KW: 3, Stride: 1, Pad: Padding{Top: 2, Right: 1}},
		{B: 1, H: 13, W: 41, Cin: 160, Cout: 32, KH: 3, KW: 3, Stride: 1, Pad: Padding{Bottom: 2, Left: 1, Right: 2}},
	} {
		ulps := 40.0
		if s.Pad != Pad(1) {
			ulps = 100 // units are of the terms of a sum, which are one in nine at a corner, and the error is of the whole tile
		}
		format := formats[i%len(formats)]
		r := source("winograd", s.H, s.W, s.Cin)
		x, bias, residual := random(r, s.B*s.H*s.W*s.Cin), random(r, s.Cout), random(r, results(s))
		file, values := randomElements(r, format, s.Cout*s.Cin*9)
		full, grad := naiveConv(x, values, bias, residual, s), naiveConvGrad(residual, values, s)
		everyWay(t, shapeName(s)+format, func(t *testing.T) []float32 {
			if !s.winograd(winograd.Weights{Cin: s.Cin, Cout: s.Cout}) {
				t.Fatal("this shape should be computed by Winograd's algorithm")
			}
			weights := ConvWeights(file, s.Cout, s.Cin, 3, 3)
			out, dx := append([]float32(nil), residual...), nan(len(x))
			Float32.Conv(out, x, weights, bias, out, s)
			compare(t, "in place", out, full, ulps)
			Float32.ConvGrad(dx, residual, weights, s)
			compare(t, "gradient", dx, grad, ulps)
			return append(out, dx...)
		})
	}
}

// results is how many numbers come out of a convolution.
func results(s ConvShape) int {
	h, w := s.Out()
	return s.B * h * w * s.Cout
}

func TestConvRefusesImpossibleShapes(t *testing.T) {
	x := make([]float32, 4)
	wantPanic(t, "kernel too large", func() {
		Float32.Conv(x, x, Float32s(x), nil, nil, ConvShape{B: 1, H: 2, W: 2, Cin: 1, Cout: 1, KH: 3, KW: 3, Stride: 1})
	})
	wantPanic(t, "no stride", func() {
		Float32.Conv(x, x, Float32s(x), nil, nil, ConvShape{B: 1, H: 2, W: 2, Cin: 1, Cout: 1, KH: 1, KW: 1})
	})
}

// convTerms calls f for every product that goes into a convolution, with the
// indices of the output, input and weight (in a checkpoint's order).
func convTerms(s ConvShape, f func(out, in, weight int)) {
	h, w := s.Out()
	for b := range s.B {
		for p := range h * w {
			for t := range s.KH * s.KW {
				y := p/w*s.Stride - s.Pad.Top + t/s.KW
				x := p%w*s.Stride - s.Pad.Left + t%s.KW
				if y < 0 || y >= s.H || x < 0 || x >= s.W {
					continue
				}
				for co := range s.Cout {
					for c := range s.Cin {
						f((b*h*w+p)*s.Cout+co, ((b*s.H+y)*s.W+x)*s.Cin+c, (co*s.Cin+c)*s.KH*s.KW+t)
					}
				}
			}
		}
	}
}

func naiveConv(x, w, bias, residual []float32, s ConvShape) []number {
	oh, ow := s.Out()
	out := make([]number, s.B*oh*ow*s.Cout)
	convTerms(s, func(o, i, k int) { out[o].add(float64(x[i]) * float64(w[k])) })
	for i := range out {
		if bias != nil {
			out[i].add(float64(bias[i%s.Cout]))
		}
		if residual != nil {
			out[i].add(float64(residual[i]))
		}
	}
	return out
}

func naiveConvGrad(dy, w []float32, s ConvShape) []number {
	dx := make([]number, s.B*s.H*s.W*s.Cin)
	convTerms(s, func(o, i, k int) { dx[i].add(float64(dy[o]) * float64(w[k])) })
	return dx
}
