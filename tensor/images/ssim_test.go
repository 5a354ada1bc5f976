package images

import (
	"image"
	"math"
	"testing"
)

// TestSSIM has the numbers of scikit-image 0.26, structural_similarity with data_range 1, gaussian_weights, sigma
// 1.5, use_sample_covariance False, full, of the luminance of two patterns.
func TestSSIM(t *testing.T) {
	a, b := image.NewRGBA(image.Rect(0, 0, 24, 20)), image.NewRGBA(image.Rect(3, 4, 27, 24))
	for i := range 24 * 20 {
		x, y := i%24, i/24
		copy(a.Pix[4*i:], []uint8{uint8(10 * x), uint8(12 * y), uint8(7 * (x + y)), 255})
		copy(b.Pix[4*i:], []uint8{uint8(10*x + x*y%17), uint8(12*y + 20), uint8(5*x + 9*y), 255})
	}
	got, err := SSIM(a, b)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[image.Point]float64{{0, 0}: 0.731867, {12, 10}: 0.988987, {20, 3}: 0.990132, {23, 19}: 0.832709, {5, 15}: 0.988054} {
		if v := float64(got[at.Y*24+at.X]); math.Abs(v-want) > 1e-4 {
			t.Errorf("at %v: %.6f, want %.6f", at, v, want)
		}
	}
	same, err := SSIM(a, a)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range same {
		if math.Abs(float64(v)-1) > 1e-6 {
			t.Fatalf("a picture and itself: %g at %d", v, i)
		}
	}
	if _, err := SSIM(a, image.NewRGBA(image.Rect(0, 0, 20, 24))); err == nil {
		t.Error("pictures of two sizes: no error")
	}
	if _, err := SSIM(nil, a); err == nil {
		t.Error("no picture: no error")
	}
}
