package kernels

import (
	"fmt"
	"math"
	"testing"
)

// TestPoolsMatchTorch compares with torch.nn.functional.max_pool2d and avg_pool2d of torch 2.15 in double precision, on
// a picture of 4×7: with ceil_mode, whose last windows reach past the padding or would begin in it, and an average
// that counts the padding, but nothing past it, or does not.
func TestPoolsMatchTorch(t *testing.T) {
	x := signal(4 * 7)
	for _, c := range []struct {
		s                        PoolShape
		h, w                     int
		largest, padded, without []float64
	}{
		{PoolShape{KH: 3, KW: 3, Stride: 2, Pad: Pad(1)}, 2, 4,
			[]float64{1, 1, 1.5, 1.5, 1, 1.5, 1.5, 1.5},
			[]float64{0.0277778, 0.5, 0.2777778, 0.4722222, 0.0833333, 0.5555556, 0.3888889, 0.4166667},
			[]float64{0.0625, 0.75, 0.4166667, 1.0625, 0.125, 0.5555556, 0.3888889, 0.625}},
		{PoolShape{KH: 3, KW: 3, Stride: 2, Pad: Pad(1), Ceil: true}, 3, 4,
			[]float64{1, 1, 1.5, 1.5, 1, 1.5, 1.5, 1.5, 0.75, 0.75, 1, 1.5},
			[]float64{0.0277778, 0.5, 0.2777778, 0.4722222, 0.0833333, 0.5555556, 0.3888889, 0.4166667, -0.0416667, 0.0416667, 0.1666667, 0.1666667},
			[]float64{0.0625, 0.75, 0.4166667, 1.0625, 0.125, 0.5555556, 0.3888889, 0.625, -0.125, 0.0833333, 0.3333333, 0.5}},
		{PoolShape{KH: 3, KW: 2, Stride: 2, Pad: Padding{Top: 1, Bottom: 1}, Ceil: true}, 3, 4,
			[]float64{1, 1, 1.5, 1.5, 1, 1.5, 1, 1.5, 0.75, 0.75, 1, 1.5},
			[]float64{0.0416667, 0.4583333, 0.125, 0.6666667, 0.125, 0.9166667, 0.125, 0.8333333, -0.0625, 0.3125, 0.125, 0.75},
			[]float64{0.0625, 0.6875, 0.1875, 1, 0.125, 0.9166667, 0.125, 0.8333333, -0.125, 0.625, 0.25, 1.5}},
		{PoolShape{KH: 3, KW: 3, Stride: 3, Pad: Pad(1), Ceil: true}, 2, 3,
			[]float64{1, 1, 1.5, 1, 1.5, 1.5},
			[]float64{0.0277778, 0.1388889, 0.4722222, 0.0277778, 0.5277778, 0.2777778},
			[]float64{0.0625, 0.2083333, 1.0625, 0.0625, 0.7916667, 0.625}},
	} {
		s := c.s
		s.B, s.H, s.W, s.C = 1, 4, 7, 1
		if h, w := s.Out(); h != c.h || w != c.w {
			t.Errorf("%+v: a result of %d×%d, want %d×%d", s, h, w, c.h, c.w)
			continue
		}
		got := make([]float32, c.h*c.w)
		check := func(what string, want []float64) {
			for i, g := range got {
				if math.Abs(float64(g)-want[i]) > 1e-6 {
					t.Errorf("%+v: %s is %v, want %v", s, what, got, want)
					return
				}
			}
		}
		MaxPool(got, x, s)
		check("the maximum", c.largest)
		AveragePool(got, x, s)
		check("the mean", c.without)
		s.CountPadding = true
		AveragePool(got, x, s)
		check("the mean with padding", c.padded)
	}
}

// TestMaxPoolOfNaN: a NaN is the largest number of its windows, as in torch, and of no others.
func TestMaxPoolOfNaN(t *testing.T) {
	x := make([]float32, 6*40)
	x[2*40+7] = float32(math.NaN())
	out := make([]float32, 3*40)
	everyWay(t, "NaN", func(t *testing.T) []float32 {
		MaxPool(out, x, PoolShape{B: 1, H: 1, W: 6, C: 40, KH: 1, KW: 2, Stride: 2})
		for i, v := range out {
			if isNaN := v != v; isNaN != (i == 40+7) {
				t.Errorf("number %d is %v", i, v)
			}
		}
		return nil
	})
}

func TestPoolsRefuseImpossibleShapes(t *testing.T) {
	x := make([]float32, 4)
	for name, s := range map[string]PoolShape{
		"no stride":                    {B: 1, H: 2, W: 2, C: 1, KH: 1, KW: 1},
		"a window larger than all":     {B: 1, H: 2, W: 2, C: 1, KH: 3, KW: 1, Stride: 1},
		"padding as wide as a window":  {B: 1, H: 2, W: 2, C: 1, KH: 2, KW: 2, Stride: 2, Pad: Pad(2)},
		"a result of another length":   {B: 1, H: 2, W: 2, C: 1, KH: 2, KW: 2, Stride: 2},
		"no picture":                   {B: 1, H: 0, W: 2, C: 2, KH: 1, KW: 1, Stride: 1, Pad: Padding{Top: 1}},
		"less padding than none":       {B: 1, H: 2, W: 2, C: 1, KH: 1, KW: 1, Stride: 1, Pad: Padding{Left: -1, Right: 1}},
		"no width of a window to take": {B: 1, H: 2, W: 2, C: 1, KH: 1, Stride: 1},
	} {
		wantPanic(t, fmt.Sprintf("%s, maximum", name), func() { MaxPool(x, x, s) })
		wantPanic(t, fmt.Sprintf("%s, mean", name), func() { AveragePool(x, x, s) })
	}
}

func TestDepthwiseRefusesImpossibleShapes(t *testing.T) {
	x := make([]float32, 4)
	one := ConvShape{B: 1, H: 2, W: 2, Cin: 1, Cout: 1, KH: 1, KW: 1, Stride: 1}
	wantPanic(t, "weights", func() { Depthwise(x, x, x, nil, one) })
	one.Act = ReLU6 + 1
	wantPanic(t, "activation", func() { Depthwise(x, x, x[:1], nil, one) })
	wantPanic(t, "channels", func() {
		Depthwise(x, x, x[:1], nil, ConvShape{B: 1, H: 2, W: 2, Cin: 1, Cout: 2, KH: 1, KW: 1, Stride: 1})
	})
}
