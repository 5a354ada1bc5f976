package metric

import (
	"math"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Clamped returns a picture with its values limited to [-1, 1], as RMSE and PSNR take it; nil of nil.
func Clamped(picture *gt.Dense) *gt.Dense {
	values := tensor.Float32s(picture)
	if values == nil {
		return nil
	}
	clamped := make([]float32, len(values))
	for i, v := range values {
		clamped[i] = max(-1, min(v, 1))
	}
	return tensor.FromFloat32s(clamped, picture.Shape().Clone()...)
}

// RMSE returns the root of the mean squared difference of two pictures [1, 3, H, W], over the pixels where within,
// H·W numbers, is not 0 (nil for all). It is NaN where it is 0 everywhere, and of what cannot be compared.
func RMSE(a, b *gt.Dense, within []float32) float64 {
	x, y := tensor.Float32s(a), tensor.Float32s(b)
	if len(x) == 0 || len(y) == 0 || !a.Shape().Eq(b.Shape()) || a.Dims() != 4 || a.Shape()[0] != 1 || a.Shape()[1] != 3 {
		return math.NaN()
	}
	plane := len(x) / 3
	if within != nil && len(within) != plane {
		return math.NaN()
	}
	sum, n := 0.0, 0
	for i, v := range x {
		if within != nil && within[i%plane] == 0 {
			continue
		}
		d := float64(v - y[i])
		sum += d * d
		n++
	}
	return math.Sqrt(sum / float64(n))
}

// PSNR returns the peak signal-to-noise ratio, in dB, of two pictures [1, 3, H, W] in [-1, 1], over the pixels where
// within is not 0 (nil for all): +Inf for equal pictures, and NaN where RMSE is.
func PSNR(a, b *gt.Dense, within []float32) float64 {
	return -20 * math.Log10(RMSE(a, b, within)/2)
}
