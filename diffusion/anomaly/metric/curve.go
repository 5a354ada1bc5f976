package metric

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
)

// curve is what is found at every threshold, the one description that all metrics are computed from.
type curve struct {
	normal, defective int               // how many there are, at least one each
	points            iter.Seq[reached] // one for each distinct score, from the highest to the lowest
}

// reached is what scores at least so much.
type reached struct {
	score             float64
	normal, defective int
	regions           float64 // the sum, over the regions of the masks, of the share of their pixels; of pixels alone
}

// curveOf is the curve of one score for each picture.
func curveOf(score []float64, defective []bool) (curve, error) {
	if len(score) != len(defective) {
		return curve{}, fmt.Errorf("%d scores of %d pictures, want one for each", len(score), len(defective))
	}
	type picture struct {
		score     float64
		defective bool
	}
	var c curve
	all := make([]picture, len(score))
	for i, s := range score {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return curve{}, fmt.Errorf("score %d of %d is %v, want finite numbers", i+1, len(score), s)
		}
		all[i] = picture{s, defective[i]}
		if defective[i] {
			c.defective++
		} else {
			c.normal++
		}
	}
	slices.SortFunc(all, func(a, b picture) int { return cmp.Compare(b.score, a.score) })
	c.points = func(yield func(reached) bool) {
		var at reached
		for i, p := range all {
			if p.defective {
				at.defective++
			} else {
				at.normal++
			}
			at.score = p.score
			if (i+1 == len(all) || all[i+1].score != p.score) && !yield(at) {
				return
			}
		}
	}
	return c, checkClasses(c.normal, c.defective, "pictures")
}
