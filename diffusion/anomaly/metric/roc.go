package metric

import "math"

// Point is of a curve that is to be drawn. Both coordinates are in [0, 1].
type Point struct{ X, Y float64 }

// ROC returns the curve of true positives, Y, over false ones, X, from (0, 0) to (1, 1), for drawing: points that are
// closer than 1/1000 to the one before, in X and in Y, are left out. AUROC is the area under all of them.
//
// There is one finite score for each picture, and at least one picture of each kind, or the error is ErrOneClass.
func ROC(score []float64, defective []bool) ([]Point, error) {
	c, err := curveOf(score, defective)
	if err != nil {
		return nil, err
	}
	return c.roc(), nil
}

func (c curve) roc() []Point {
	return c.drawn(func(p reached) float64 { return float64(p.defective) / float64(c.defective) })
}

// pro is the curve of per-region overlap.
func (c curve) pro(regions int) []Point {
	return c.drawn(func(p reached) float64 { return min(p.regions/float64(regions), 1) })
}

// drawn is the curve of y over false positives, without points that nobody would see.
func (c curve) drawn(y func(reached) float64) []Point {
	const visible = 1e-3
	drawn := []Point{{}}
	for p := range c.points {
		at, last := Point{float64(p.normal) / float64(c.normal), y(p)}, drawn[len(drawn)-1]
		if max(math.Abs(at.X-last.X), math.Abs(at.Y-last.Y)) >= visible {
			drawn = append(drawn, at)
		}
	}
	if end := (Point{1, 1}); drawn[len(drawn)-1] != end {
		drawn = append(drawn, end)
	}
	return drawn
}
