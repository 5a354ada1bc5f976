package metric

import (
	"math"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// same fails unless two numbers agree to 1e-6, or are both infinite or none.
func same(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(got == want || math.Abs(got-want) <= 1e-6 || math.IsNaN(got) && math.IsNaN(want)) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestPictures(t *testing.T) {
	picture := func(rgb ...byte) *gt.Dense { return images.ForModel(images.FromBytes(rgb, 2, 2)) }
	black := picture(make([]byte, 12)...)
	same(t, "black", float64(tensor.Float32s(black)[0]), -1)
	red := picture(255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	first := []float32{1, 0, 0, 0}
	same(t, "RMSE", RMSE(black, red, nil), math.Sqrt(4.0/12))
	same(t, "RMSE within", RMSE(black, red, first), math.Sqrt(4.0/3))
	same(t, "PSNR", PSNR(black, red, nil), 10*math.Log10(12))
	same(t, "PSNR of nothing", PSNR(black, red, make([]float32, 4)), math.NaN())
	same(t, "PSNR of equal pictures", PSNR(red, red, nil), math.Inf(1))
	far := tensor.FromFloat32s([]float32{-3, 0.5, 2}, 1, 3, 1, 1)
	for i, want := range []float64{-1, 0.5, 1} {
		same(t, "clamped", float64(tensor.Float32s(Clamped(far))[i]), want)
	}
}

// TestNothingInCommon has what cannot be compared.
func TestNothingInCommon(t *testing.T) {
	a, wide := tensor.FromFloat32s(make([]float32, 6), 1, 3, 1, 2), tensor.FromFloat32s(make([]float32, 6), 1, 3, 2, 1)
	same(t, "PSNR of other sizes", PSNR(a, wide, nil), math.NaN())
	same(t, "PSNR within another size", PSNR(a, a, make([]float32, 3)), math.NaN())
	same(t, "RMSE of nothing", RMSE(a, nil, nil), math.NaN())
	same(t, "IoU of other sizes", IoU(make([]float32, 3), []float32{1, 1}), math.NaN())
	if Clamped(nil) != nil || Dilated(make([]float32, 6), 2, 2, 1) != nil || Dilated(make([]float32, 4), 2, 2, -1) != nil {
		t.Error("something of nothing")
	}
}

func TestMasks(t *testing.T) {
	a, b := []float32{1, 1, 0, 0}, []float32{0, 1, 1, 0}
	same(t, "IoU", IoU(a, b), 1.0/3)
	same(t, "IoU of nothing", IoU(make([]float32, 4), make([]float32, 4)), math.NaN())
	m := make([]float32, 5*6)
	m[1*6+4] = 1
	if all := Dilated([]float32{0, 1, 0}, 1, 3, math.MaxInt); !slices.Equal(all, []float32{1, 1, 1}) {
		t.Errorf("grown as far as can be: %v", all)
	}
	grown := Dilated(m, 5, 6, 2)
	for y := range 5 {
		for x := range 6 {
			want := 0.0
			if y <= 3 && x >= 2 {
				want = 1
			}
			same(t, "dilated", float64(grown[y*6+x]), want)
		}
	}
}
