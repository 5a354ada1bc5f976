package detect

import (
	"errors"
	"image"
	"math"
	"testing"
)

// TestWeights: squared distances are multiplied with √p, in both readings, so that what one calls twice as far the other
// does, too; and a weight tells of the Probe alone.
func TestWeights(t *testing.T) {
	vectors := features{1, 1, 2, 2, []float32{3, 0, 0, 5}}
	bank := newMemoryBank([]float32{0, 0}, 2)
	weights := []float32{1, 0.5}
	for _, c := range []struct {
		reading Reading
		want    [2]float64
	}{{Official, [2]float64{9, 25 * 0.25}}, {Anomalib, [2]float64{3, 2.5}}} {
		score, numbers := PatchCoreOptions{Reading: c.reading, Neighbours: 1}.judge(bank, vectors, weights)
		if score != c.want[0] || float64(numbers[0]) != c.want[0] || float64(numbers[1]) != c.want[1] {
			t.Errorf("%v: score %g of %v, want %v", c.reading, score, numbers, c.want)
		}
	}
	fit := &fittedProbe{logistic: &logistic{weights: []float32{2}, bias: -1}}
	layer := features{1, 1, 1, 1, []float32{9}} // 1 as the mean of 3×3
	p := 1 / (1 + math.Exp(-1))
	if got := fit.trust([]features{layer}, 2, 3); len(got) != 6 || math.Abs(float64(got[5])-math.Pow(p, 0.25)) > 1e-6 {
		t.Errorf("weights %v, want %g", got, math.Pow(p, 0.25))
	}
}

// TestWeightedByTheProbe: what looks like a defect that was learned from keeps its score, and a normal part's gets less.
func TestWeightedByTheProbe(t *testing.T) {
	for name, d := range fitted(t, 3) {
		both, ok := d.(*Weighted)
		if !ok {
			continue
		}
		kept := func(picture *image.RGBA) float64 {
			weighted, err1 := both.Detect(t.Context(), picture)
			alone, err2 := both.normal.Detect(t.Context(), picture)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			return weighted.Score / alone.Score
		}
		known, good := kept(spotted(64, 64, 7, image.Rect(22, 20, 42, 40)).Picture), kept(part(64, 64, 7))
		if !(known > 0.95 && known <= 1 && good < 0.8) {
			t.Errorf("%s: a known defect keeps %.2f of its score, a normal part %.2f", name, known, good)
		}
	}
}
