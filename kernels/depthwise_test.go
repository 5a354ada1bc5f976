package kernels

import (
	"math"
	"testing"
)

// TestDepthwise cuts pictures into rows and into channels, and compares with the definition.
func TestDepthwise(t *testing.T) {
	for _, s := range []ConvShape{
		{B: 1, H: 40, W: 33, Cin: 24, KH: 3, KW: 3, Stride: 1, Pad: Pad(1), Act: ReLU6},
		{B: 2, H: 7, W: 7, Cin: 300, KH: 5, KW: 5, Stride: 1, Pad: Pad(2)},
		{B: 1, H: 15, W: 13, Cin: 200, KH: 5, KW: 3, Stride: 2, Pad: Padding{Top: 2, Left: 1, Bottom: 1, Right: 1}, Act: ReLU},
		{B: 9, H: 5, W: 6, Cin: 130, KH: 3, KW: 3, Stride: 1, Pad: Pad(1), Act: SiLU},
		{B: 0, H: 5, W: 6, Cin: 16, KH: 3, KW: 3, Stride: 1},
	} {
		s.Cout = s.Cin
		h, w := s.Out()
		r := source("depthwise", s.H, s.Cin)
		x, weights, bias := random(r, s.B*s.H*s.W*s.Cin), random(r, s.KH*s.KW*s.Cin), random(r, s.Cin)
		want := make([]number, s.B*h*w*s.Cin)
		one := s
		one.Cin, one.Cout = 1, 1
		convTerms(one, func(o, i, k int) {
			for c := range s.Cin {
				want[o*s.Cin+c].add(float64(x[i*s.Cin+c]) * float64(weights[k*s.Cin+c]))
			}
		})
		lo, hi := limitsOf(s.Act)
		for i := range want {
			want[i].add(float64(bias[i%s.Cin]))
			if want[i].value = math.Min(math.Max(want[i].value, lo), hi); s.Act == SiLU {
				want[i].value /= 1 + math.Exp(-want[i].value)
			}
		}
		everyWay(t, shapeName(s), func(t *testing.T) []float32 {
			out := nan(len(want))
			Depthwise(out, x, weights, bias, s)
			compare(t, "depthwise", out, want, 8)
			return out
		})
	}
}

// limitsOf are the least and the largest number that an activation leaves as it is, where it is one of limits.
func limitsOf(a Activation) (lo, hi float64) {
	switch a {
	case ReLU:
		return 0, math.Inf(1)
	case ReLU6:
		return 0, 6
	}
	return math.Inf(-1), math.Inf(1)
}
