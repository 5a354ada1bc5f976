package kernels

import (
	"fmt"
	"math"
	"testing"
)

// signal is the input that the golden resizes below were made from.
func signal(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32((i*i*7)%11)/4 - 1
	}
	return x
}

// TestResizeMatchesTorch compares with torch.nn.functional.interpolate(align_corners=False) of torch 2.15 in double
// precision.
func TestResizeMatchesTorch(t *testing.T) {
	tests := []struct {
		taps Taps
		want []float64
	}{
		{BicubicTaps(5, 3, false), []float64{-0.4351852, 0.5, 0}},
		{BicubicTaps(5, 3, true), []float64{-0.2807692, 0.777907, 0.1307692}},
		{BicubicTaps(3, 7, false), []float64{-1.191327, -0.7849854, 0.04154519, 0.75, 0.8287172, 0.553207, 0.4726676}},
		{BicubicTaps(3, 7, true), []float64{-1.168269, -0.8331025, -0.004155125, 0.75, 0.7562327, 0.5380886, 0.4759615}},
		{BicubicTaps(8, 4, false), []float64{-0.1015625, 0.8671875, 0.359375, 0.5}},
		{BicubicTaps(8, 4, true), []float64{-0.08682008, 0.6361004, 0.6998069, 0.6527197}},
		{BicubicTaps(4, 8, false), []float64{-1.18457, -0.5947266, 0.3798828, 0.8603516, 0.5654297, 0.5869141, 0.8779297, 1.052734}},
		{BicubicTaps(4, 8, true), []float64{-1.154412, -0.6624088, 0.379771, 0.8105469, 0.5566406, 0.5935115, 0.899635, 1.044118}},
		{BicubicTaps(16, 5, false), []float64{0.8324375, -0.107375, 0.109375, -0.692875, 1.048437}},
		{BicubicTaps(16, 5, true), []float64{0.2091751, 0.7264621, 0.6287225, 0.1991533, 0.4069932}},
		{BicubicTaps(7, 7, false), []float64{-1, 0.75, 0.5, 1, -0.5, 1.5, 1.5}},
		{BicubicTaps(7, 7, true), []float64{-1, 0.75, 0.5, 1, -0.5, 1.5, 1.5}},
		{BicubicTaps(10, 3, false), []float64{0.8573495, 0.359375, 0.7934028}},
		{BicubicTaps(10, 3, true), []float64{0.2223321, 0.7378378, 0.5837795}},
		{BicubicTaps(2, 5, false), []float64{-1.192938, -0.8565, -0.125, 0.6065, 0.9429375}},
		{BicubicTaps(2, 5, true), []float64{-1.173349, -0.8852871, -0.125, 0.6352871, 0.9233491}},
		{BicubicTaps(1, 3, true), []float64{-1, -1, -1}},
		{BicubicTaps(9, 1, false), []float64{-0.5}},
		{BicubicTaps(9, 1, true), []float64{0.5170114}},
		{BilinearTaps(5, 3), []float64{-0.4166667, 0.5, 0}},
		{BilinearTaps(3, 7), []float64{-1, -0.75, 0, 0.75, 0.6428571, 0.5357143, 0.5}},
		{BilinearTaps(8, 4), []float64{-0.125, 0.75, 0.5, 0.5}},
		{BilinearTaps(4, 8), []float64{-1, -0.5625, 0.3125, 0.6875, 0.5625, 0.625, 0.875, 1}},
		{BilinearTaps(10, 3), []float64{0.7083333, 0.5, 0.75}},
		{BilinearTaps(1, 3), []float64{-1, -1, -1}},
		{BilinearAntialiasTaps(5, 3), []float64{-0.25, 0.6666667, 0.1428571}},
		{BilinearAntialiasTaps(3, 7), []float64{-1, -0.75, 0, 0.75, 0.6428571, 0.5357143, 0.5}},
		{BilinearAntialiasTaps(8, 4), []float64{-0.03571429, 0.59375, 0.6875, 0.6428571}},
		{BilinearAntialiasTaps(16, 5), []float64{0.2774725, 0.6519608, 0.6200981, 0.2058824, 0.4258242}},
		{BilinearAntialiasTaps(9, 1), []float64{0.5081967}},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprintf("%d:%d→%d", i, tt.taps.In, tt.taps.Out), func(t *testing.T) {
			got := make([]float32, tt.taps.Out)
			Resample(got, signal(tt.taps.In), 1, 1, tt.taps.In, 1, identityTaps(1), tt.taps)
			for j, w := range tt.want {
				if math.Abs(float64(got[j])-w) > 1e-6 {
					t.Fatalf("got %v, want %v", got, tt.want)
				}
			}
		})
	}
}

// TestResizeOfPicturesMatchesTorch compares far from the origin, where torch's single-precision coordinates count.
func TestResizeOfPicturesMatchesTorch(t *testing.T) {
	for name, tt := range map[string]struct {
		taps Taps
		want [4]float64 // at positions 200, 207, 215, 222
	}{
		"bicubic, antialias": {BicubicTaps(512, 224, true), [4]float64{0.622702, 0.1473046, 0.5147656, 0.5814235}},
		"bicubic":            {BicubicTaps(512, 224, false), [4]float64{-0.2683949, 0.3945881, 1.0397965, 0.5223951}},
		"bilinear":           {BilinearTaps(500, 333), [4]float64{0.1734161, 0.9076233, -0.3528442, 0.1238403}},
	} {
		got := make([]float32, tt.taps.Out)
		Resample(got, signal(tt.taps.In), 1, 1, tt.taps.In, 1, identityTaps(1), tt.taps)
		for i, at := range []int{200, 207, 215, 222} {
			if math.Abs(float64(got[at])-tt.want[i]) > 2e-6 {
				t.Errorf("%s: position %d is %g, want %g", name, at, got[at], tt.want[i])
			}
		}
	}
}

// identityTaps changes nothing.
func identityTaps(n int) Taps {
	return GaussianTaps(n, 1, func(float64) float64 { return 1 })
}

func TestGaussianTapsMirrorTheEdges(t *testing.T) {
	taps := GaussianTaps(4, 5, func(d float64) float64 { return map[float64]float64{0: 4, 1: 2, 2: 1}[math.Abs(d)] })
	want := [][]float32{{0.4, 0.4, 0.2}, {0.2, 0.5, 0.2, 0.1}, {0.1, 0.2, 0.5, 0.2}, {0.2, 0.4, 0.4}}
	for i := range want {
		for j, w := range want[i] {
			if math.Abs(float64(taps.Weight[i][j]-w)) > 1e-7 {
				t.Fatalf("weights of position %d are %v, want %v", i, taps.Weight[i], want[i])
			}
		}
	}
	if taps.Start[3] != 1 || taps.Count[3] != 3 {
		t.Errorf("the last position reads %d from %d, want 3 from 1", taps.Count[3], taps.Start[3])
	}
}
