package measure

import (
	"math"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	same := got == want || math.Abs(got-want) <= 1e-6 || math.IsNaN(got) && math.IsNaN(want)
	if !same {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// TestAUROC compares with the count of pairs that are in order, which is what
// the area is.
func TestAUROC(t *testing.T) {
	scores := []float32{0.1, 0.4, 0.35, 0.8, 0.4, 0.9, 0.1, 0.4}
	truth := []bool{false, false, true, true, true, false, false, true}
	pairs, ordered := 0.0, 0.0
	for i, a := range scores {
		for j, b := range scores {
			if !truth[i] || truth[j] {
				continue
			}
			pairs++
			switch {
			case a > b:
				ordered++
			case a == b:
				ordered += 0.5
			}
		}
	}
	near(t, "AUROC", AUROC(scores, truth), ordered/pairs)
	near(t, "of a perfect order", AUROC([]float32{1, 2, 3}, []bool{false, true, true}), 1)
	near(t, "of the opposite", AUROC([]float32{1, 2, 3}, []bool{true, true, false}), 0)
	near(t, "of equal scores", AUROC([]float32{2, 2, 2}, []bool{true, false, true}), 0.5)
	near(t, "of one class", AUROC([]float32{1, 2}, []bool{true, true}), math.NaN())
}

func TestPictures(t *testing.T) {
	picture := func(rgb ...byte) *gt.Dense { return images.ForModel(images.FromBytes(rgb, 2, 2)) }
	black := picture(make([]byte, 12)...)
	near(t, "black", float64(tensor.Float32s(black)[0]), -1)
	red := picture(255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	first := []float32{1, 0, 0, 0}
	near(t, "RMSE", RMSE(black, red, nil), math.Sqrt(4.0/12))
	near(t, "RMSE within", RMSE(black, red, first), math.Sqrt(4.0/3))
	near(t, "PSNR", PSNR(black, red, nil), 10*math.Log10(12))
	near(t, "PSNR of nothing", PSNR(black, red, make([]float32, 4)), math.NaN())
	near(t, "PSNR of equal pictures", PSNR(red, red, nil), math.Inf(1))
	far := tensor.FromFloat32s([]float32{-3, 0.5, 2}, 1, 3, 1, 1)
	for i, want := range []float64{-1, 0.5, 1} {
		near(t, "clamped", float64(tensor.Float32s(Clamped(far))[i]), want)
	}
}

func TestMasks(t *testing.T) {
	a, b := []float32{1, 1, 0, 0}, []float32{0, 1, 1, 0}
	near(t, "IoU", IoU(a, b), 1.0/3)
	near(t, "IoU of nothing", IoU(make([]float32, 4), make([]float32, 4)), math.NaN())
	m := make([]float32, 5*6)
	m[1*6+4] = 1
	grown := Dilated(m, 5, 6, 2)
	for y := range 5 {
		for x := range 6 {
			want := 0.0
			if y <= 3 && x >= 2 {
				want = 1
			}
			near(t, "dilated", float64(grown[y*6+x]), want)
		}
	}
}
