package metric

import (
	"math"
	"testing"

	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// TestSpread has pictures that differ where one mask or the other is, and elsewhere, which does not count.
func TestSpread(t *testing.T) {
	picture := func(red ...byte) *gt.Dense {
		var rgb []byte
		for _, v := range red {
			rgb = append(rgb, v, 0, 0)
		}
		return images.ForModel(images.FromBytes(rgb, 2, 2))
	}
	first, second, none := []float32{1, 0, 0, 0}, []float32{0, 0.5, 0, 0}, make([]float32, 4)
	a, b, c := picture(255, 0, 0, 0), picture(0, 255, 255, 0), picture(0, 0, 0, 255)
	same(t, "one picture", Spread([]*gt.Dense{a}, [][]float32{first}), math.NaN())
	same(t, "none", Spread(nil, nil), math.NaN())
	same(t, "a picture without a mask", Spread([]*gt.Dense{a, b}, [][]float32{first}), math.NaN())
	same(t, "equal ones", Spread([]*gt.Dense{a, a}, [][]float32{first, second}), 0)
	far := math.Sqrt(4. / 3) // a whole colour of three
	same(t, "two", Spread([]*gt.Dense{a, b}, [][]float32{first, second}), far)
	same(t, "two within one mask", Spread([]*gt.Dense{a, c}, [][]float32{first, second}), far*math.Sqrt(0.5))
	same(t, "three, of which two have no mask", Spread([]*gt.Dense{a, b, c}, [][]float32{first, none, none}), (far+far)/2)
	same(t, "masks of other sizes", Spread([]*gt.Dense{a, b}, [][]float32{first, second[:3]}), math.NaN())
	same(t, "no pictures", Spread([]*gt.Dense{nil, nil}, [][]float32{first, second}), math.NaN())
}

func TestFeatureSpread(t *testing.T) {
	// 0.8097826844551079 is what NumPy computes.
	got, err := FeatureSpread(features(5, 11, 0))
	if err != nil || math.Abs(got-0.8097826844551079) > 1e-12 {
		t.Errorf("%v, %v, want 0.8097826844551079", got, err)
	}
	if got, err := FeatureSpread([][]float32{{1, 2}, {1, 2}, {1, 2}}); got != 0 || err != nil {
		t.Errorf("equal ones: %v, %v", got, err)
	}
	if _, err := FeatureSpread(features(1, 2, 0)); err == nil {
		t.Error("one picture: no error")
	}
}
