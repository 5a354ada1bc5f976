package metric

// AveragePrecision returns Σ (R_n − R_{n−1})·P_n over the distinct scores from the highest to the lowest, with
// recall R_n and precision P_n of what scores at least so much, as scikit-learn's average_precision_score. The area
// under trapezoids between these points, which anomalib calls AUPR, is another number, and a flattering one: of equal
// scores it has more than half, where AveragePrecision has the share of defective pictures.
//
// There is one finite score for each picture, and at least one picture of each kind, or the error is ErrOneClass.
func AveragePrecision(score []float64, defective []bool) (float64, error) {
	c, err := curveOf(score, defective)
	if err != nil {
		return 0, err
	}
	return c.averagePrecision(), nil
}

func (c curve) averagePrecision() float64 {
	sum, last := 0.0, 0
	for p := range c.points {
		sum += float64(p.defective-last) * p.precision()
		last = p.defective
	}
	return sum / float64(c.defective)
}

// precision is the share of what is reached that is defective.
func (p reached) precision() float64 { return float64(p.defective) / float64(p.defective+p.normal) }
