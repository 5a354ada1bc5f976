package images

import (
	"errors"
	"fmt"
	"image"
)

// SSIM returns how alike two pictures of one size are around each pixel, row by row: 1 where they are the same, about
// 0 where they have nothing in common (structural similarity, Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 2004). It
// looks at Luminance, with a Gaussian of sigma 1.5 over 11×11 pixels, as scikit-image's structural_similarity does
// with gaussian_weights and without use_sample_covariance.
func SSIM(a, b *image.RGBA) ([]float32, error) {
	if err := errors.Join(Check(a), Check(b)); err != nil {
		return nil, err
	}
	size := a.Rect.Size()
	if got := b.Rect.Size(); got != size {
		return nil, fmt.Errorf("pictures of %d×%d and %d×%d pixels cannot be compared", size.X, size.Y, got.X, got.Y)
	}
	x, y := Luminance(a), Luminance(b)
	weights := bell(1.5, 5)
	mean := func(of func(i int) float32) []float32 {
		m := make([]float32, len(x))
		for i := range m {
			m[i] = of(i)
		}
		return smooth(m, size.Y, size.X, weights, mirrored)
	}
	mx, my := mean(func(i int) float32 { return x[i] }), mean(func(i int) float32 { return y[i] })
	xx, yy := mean(func(i int) float32 { return x[i] * x[i] }), mean(func(i int) float32 { return y[i] * y[i] })
	xy := mean(func(i int) float32 { return x[i] * y[i] })
	const c1, c2 = 0.01 * 0.01, 0.03 * 0.03
	out := make([]float32, len(x))
	for i := range out {
		squares := mx[i]*mx[i] + my[i]*my[i]
		variances := xx[i] + yy[i] - squares
		product := mx[i] * my[i]
		out[i] = (2*product + c1) * (2*(xy[i]-product) + c2) / ((squares + c1) * (variances + c2))
	}
	return out, nil
}
