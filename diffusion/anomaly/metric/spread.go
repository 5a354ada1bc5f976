package metric

import (
	"fmt"
	"math"

	gt "gorgonia.org/tensor"
)

// Spread returns how far the pictures lie apart that were made of one: the mean over all pairs of their RMSE inside the
// masks of either. Pictures are [1, 3, H, W] in [-1, 1], and each has a mask of H·W numbers, of which those that are not 0
// count. It is NaN where no pair can be compared, as of one picture.
func Spread(pictures []*gt.Dense, masks [][]float32) float64 {
	if len(pictures) != len(masks) {
		return math.NaN()
	}
	sum, n := 0.0, 0
	for i, a := range pictures {
		for j, b := range pictures[:i] {
			if d := RMSE(a, b, either(masks[i], masks[j])); !math.IsNaN(d) {
				sum += d
				n++
			}
		}
	}
	return sum / float64(n)
}

// either is where one of two masks is not 0; nothing of two that are not equally large, which no picture is compared in.
func either(a, b []float32) []float32 {
	if len(a) != len(b) {
		return []float32{}
	}
	out := make([]float32, len(a))
	for i, v := range a {
		if v != 0 || b[i] != 0 {
			out[i] = 1
		}
	}
	return out
}

// FeatureSpread returns how far pictures lie apart in features of a network: the mean over all pairs of the root mean
// squared difference. The features of all have one length and finite numbers, or it is an error; two pictures are needed.
func FeatureSpread(features [][]float32) (float64, error) {
	if len(features) < 2 {
		return 0, fmt.Errorf("how far do %d pictures lie apart? Want at least 2", len(features))
	}
	if err := checkFeatures("the set", features); err != nil {
		return 0, err
	}
	sum := 0.0
	for i, a := range features {
		for _, b := range features[:i] {
			squares := 0.0
			for c, v := range a {
				d := float64(v) - float64(b[c])
				squares += d * d
			}
			sum += math.Sqrt(squares / float64(len(a)))
		}
	}
	n := float64(len(features))
	return sum / (n * (n - 1) / 2), nil
}
