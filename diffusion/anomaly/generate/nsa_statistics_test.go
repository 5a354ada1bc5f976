package generate

import (
	"image"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// TestNSAStatistics compares with quantiles of 1200 calls of the authors' code on gravel, by a two-sample chi-squared
// test: how large labels are, and how sure inside.
func TestNSAStatistics(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const calls, theirs = 240, 1200
	o, _ := NSAFor("carpet")
	o.Preset = Released
	g, err := NewNSA(o)
	if err != nil {
		t.Fatal(err)
	}
	in := anomaly.Input{Normal: nsaPicture(t, "gravel0"), Others: []*image.RGBA{nsaPicture(t, "gravel1")}}
	shares := []float64{0.05, 0.2, 0.25, 0.25, 0.2, 0.05} // of calls between quantiles at 5, 25, 50, 75 and 95 %
	area := []float64{0.014164733886718753, 0.04701995849609375, 0.083526611328125, 0.1233367919921875, 0.19120635986328122}
	inside := []float64{0.5865591553894709, 0.6984000405353044, 0.7462602760755827, 0.784473444981025, 0.8302589672740465}
	var areas, insides [6]float64
	for seed := range uint64(calls) {
		got, err := g.Generate(t.Context(), in, anomaly.NewDraws(seed))
		if err != nil {
			t.Fatal(err)
		}
		n, sum := 0.0, 0.0
		for _, v := range got.Soft.Values {
			if v > 0 {
				n, sum = n+1, sum+float64(v)
			}
		}
		areas[quantile(area, n/float64(len(got.Soft.Values)))]++
		insides[quantile(inside, sum/max(n, 1))]++
	}
	for name, counts := range map[string][6]float64{"area": areas, "mean inside": insides} {
		chi := 0.0
		for i, n := range counts {
			expected := shares[i] * theirs
			d := n*theirs/calls - expected
			chi += d * d * calls / theirs / (n + expected)
		}
		if chi > 20.5 { // five degrees of freedom, p = 0.001
			t.Errorf("%s: %v of %d calls between quantiles of shares %v: chi² %.1f", name, counts, calls, shares, chi)
		}
		t.Logf("%s: chi² %.1f of five degrees of freedom", name, chi)
	}
}

// quantile is how many of the limits lie below a number.
func quantile(limits []float64, v float64) (n int) {
	for _, limit := range limits {
		if v > limit {
			n++
		}
	}
	return n
}
