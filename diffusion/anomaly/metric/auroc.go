package metric

// AUROC returns the area under the curve of true over false positives, with a point for each distinct score: the
// chance that a defective picture scores higher than a normal one, where equal scores count half. It is 1 where every
// defective picture scores higher than every normal one, and 0.5 where scores tell nothing.
//
// There is one finite score for each picture, and at least one picture of each kind, or the error is ErrOneClass.
func AUROC(score []float64, defective []bool) (float64, error) {
	c, err := curveOf(score, defective)
	if err != nil {
		return 0, err
	}
	return c.auroc(), nil
}

func (c curve) auroc() float64 {
	area, last := 0.0, reached{}
	for p := range c.points {
		area += float64(p.normal-last.normal) * (float64(last.defective) + float64(p.defective)) / 2
		last = p
	}
	return area / float64(c.normal) / float64(c.defective)
}
