package metric

// F1 is how well one threshold tells defective from normal: a picture, or pixel, is called defective where its score
// is at least Threshold.
type F1 struct {
	Value             float64 // the harmonic mean of precision and recall
	Threshold         float64 // one of the scores
	Precision, Recall float64
}

// F1Max returns the best F1 of all thresholds, the distinct scores. Of thresholds that are equally good it is the
// lowest, as the first maximum along scikit-learn's precision_recall_curve. The threshold is chosen with the truth
// known: it shows what scores are capable of, not what a user would get.
//
// There is one finite score for each picture, and at least one picture of each kind, or the error is ErrOneClass.
func F1Max(score []float64, defective []bool) (F1, error) {
	c, err := curveOf(score, defective)
	if err != nil {
		return F1{}, err
	}
	return c.f1Max(), nil
}

func (c curve) f1Max() F1 {
	var best F1
	for p := range c.points {
		value := 2 * float64(p.defective) / float64(p.defective+p.normal+c.defective)
		if value >= best.Value {
			best = F1{value, p.score, p.precision(), float64(p.defective) / float64(c.defective)}
		}
	}
	return best
}
