// Package measure is how the programs measure pictures and maps: against the
// truth that drawings come with, and against one another.
package measure

import (
	"fmt"
	"math"
	"sort"

	"github.com/sdgraph/sdgraph/tensor"
	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"
	gt "gorgonia.org/tensor"
)

// Clamped is a picture with its values limited to [-1, 1].
func Clamped(picture *gt.Dense) *gt.Dense {
	c := picture.Clone().(*gt.Dense)
	v := tensor.Float32s(c)
	for i, x := range v {
		v[i] = max(-1, min(x, 1))
	}
	return c
}

// AUROC is the area under the curve of true over false positives, as the
// threshold on the scores moves: 1 where every score of a true element is above
// every other, 0.5 where they tell nothing. Equal scores count half. It is NaN
// where all elements are true or none is.
func AUROC(scores []float32, truth []bool) float64 {
	if len(scores) != len(truth) {
		panic(fmt.Sprintf("measure: %d scores for %d elements", len(scores), len(truth)))
	}
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(a, b int) bool { return scores[order[a]] < scores[order[b]] })
	y, classes, positive := make([]float64, len(scores)), make([]bool, len(scores)), 0
	for to, from := range order {
		y[to], classes[to] = float64(scores[from]), truth[from]
		if truth[from] {
			positive++
		}
	}
	if positive == 0 || positive == len(scores) {
		return math.NaN()
	}
	tpr, fpr, _ := stat.ROC(nil, y, classes, nil)
	return integrate.Trapezoidal(fpr, tpr)
}

// squares is the sum of the squared differences of two pictures [1, 3, H, W] over
// the pixels where within is not 0 (nil for all), and of how many numbers it is
// the sum.
func squares(a, b *gt.Dense, within []float32) (sum float64, n int) {
	x, y := tensor.Float32s(a), tensor.Float32s(b)
	plane := len(x) / 3
	for i, v := range x {
		if within != nil && within[i%plane] == 0 {
			continue
		}
		d := float64(v - y[i])
		sum += d * d
		n++
	}
	return sum, n
}

// RMSE is the root of the mean squared difference of two pictures [1, 3, H, W],
// over the pixels where within, H·W numbers, is not 0 (nil for all): NaN where
// it is 0 everywhere.
func RMSE(a, b *gt.Dense, within []float32) float64 {
	sum, n := squares(a, b, within)
	return math.Sqrt(sum / float64(n))
}

// PSNR is the peak signal-to-noise ratio of two pictures [1, 3, H, W] in [-1, 1],
// in dB, over the pixels where within is not 0 (nil for all): NaN where it is 0
// everywhere, +Inf for equal pictures.
func PSNR(a, b *gt.Dense, within []float32) float64 {
	return -20 * math.Log10(RMSE(a, b, within)/2)
}

// IoU is the intersection over the union of two masks, where they are not 0. Two
// empty masks have none: NaN.
func IoU(a, b []float32) float64 {
	both, either := 0, 0
	for i, v := range a {
		if v != 0 && b[i] != 0 {
			both++
		}
		if v != 0 || b[i] != 0 {
			either++
		}
	}
	return float64(both) / float64(either)
}

// Dilated is a mask [h, w] grown by r pixels each way: 1 where one of the
// (2r+1)² pixels around is not 0.
func Dilated(mask []float32, h, w, r int) []float32 {
	along := func(m []float32, lines, length, line, step int) []float32 {
		out := make([]float32, len(m))
		for l := range lines {
			for i := range length {
				for k := max(0, i-r); k <= min(length-1, i+r); k++ {
					if m[l*line+k*step] != 0 {
						out[l*line+i*step] = 1
						break
					}
				}
			}
		}
		return out
	}
	return along(along(mask, h, w, w, 1), w, h, 1, w)
}
