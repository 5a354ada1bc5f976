package judge

import (
	"context"

	gt "gorgonia.org/tensor"
)

// Verdict is what the judge says about a picture.
type Verdict struct {
	Defect string    // which defect it has, by the classes that are most likely within Mask; "" where it has none
	Mask   []float32 // 1 where pixels are defective and 0 elsewhere, row by row, also in a picture that has no defect
	Sure   int       // how many pixels are so beyond doubt, which decides whether the picture has one
}

// Verdict finds the defect of a picture, if there is one.
func (j *Judge) Verdict(s *Segmentation) Verdict {
	v := Verdict{Mask: make([]float32, s.Height*s.Width)}
	votes := make([]float64, len(j.Defects))
	for i, good := range s.Probability[0] {
		if 1-good >= j.Sure {
			v.Sure++
		}
		if 1-good < j.Threshold {
			continue
		}
		v.Mask[i] = 1
		for k := range votes {
			votes[k] += float64(s.Probability[k+1][i])
		}
	}
	if v.Sure == 0 || float64(v.Sure) < j.LeastArea*float64(len(v.Mask)) {
		return v
	}
	best := 0
	for k, n := range votes {
		if n > votes[best] {
			best = k
		}
	}
	v.Defect = j.Defects[best]
	return v
}

// Judge is Segment and Verdict in one.
func (j *Judge) Judge(ctx context.Context, picture *gt.Dense) (Verdict, error) {
	s, err := j.Segment(ctx, picture)
	if err != nil {
		return Verdict{}, err
	}
	return j.Verdict(s), nil
}
