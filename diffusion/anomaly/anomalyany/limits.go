package anomalyany

import "fmt"

// Limits are what scores are to keep. Set them by looking at pictures that failed. A score that is missing keeps all.
type Limits struct {
	MinArea       float64 `json:"min_area"`       // 0 lets all pass
	MaxArea       float64 `json:"max_area"`       // 1 does
	MaxOutside    float64 `json:"max_outside"`    // of Change.Share; 1 does
	MinInside     float64 `json:"min_inside"`     // 0 does
	MinFocus      float64 `json:"min_focus"`      // -1 does
	MinConfidence float64 `json:"min_confidence"` // -1 does
	MinPart       float64 `json:"min_part"`       // -2 does
	MinSees       float64 `json:"min_sees"`       // -2 does
	MinMargin     float64 `json:"min_margin"`     // of CLIPScores.Margin; -2 does
	MinGain       float64 `json:"min_gain"`       // which CLIPScores.Gain is to exceed; -4 does
}

// DefaultLimits are mild but for what the part is to keep: of CLIP's cosines no numbers suit every CLIP, so that those
// of a model are its DefaultsFile's.
func DefaultLimits() Limits {
	return Limits{MinArea: 0.002, MaxArea: 0.5, MaxOutside: 0.05, MinInside: 0.2, MinFocus: 0.15, MinPart: -0.1, MinSees: -0.1}
}

// validate wants every limit in the range of its score.
func (l Limits) validate() error {
	for _, n := range []struct {
		name           string
		v, least, most float64
	}{
		{"min_area", l.MinArea, 0, 1}, {"max_area", l.MaxArea, 0, 1}, {"max_outside", l.MaxOutside, 0, 1}, {"min_inside", l.MinInside, 0, 1},
		{"min_focus", l.MinFocus, -1, 1}, {"min_confidence", l.MinConfidence, -1, 1}, {"min_part", l.MinPart, -2, 2}, {"min_sees", l.MinSees, -2, 2},
		{"min_margin", l.MinMargin, -2, 2}, {"min_gain", l.MinGain, -4, 4},
	} {
		if !(n.v >= n.least && n.v <= n.most) {
			return fmt.Errorf("%s is %g, want %g to %g", n.name, n.v, n.least, n.most)
		}
	}
	return nil
}

// Failure is a limit that scores do not keep.
type Failure struct {
	Limit  string // the field of Limits, such as "MinFocus"
	Reason string // such as "attention not focused: 0.081, want 0.15"
}

// Check says why a picture failed; nothing if it did not.
func (l Limits) Check(s Scores) []Failure {
	var all []Failure
	fail := func(limit, reason string, args ...any) {
		all = append(all, Failure{limit, fmt.Sprintf(reason, args...)})
	}
	if s.Focus != nil && !(*s.Focus >= l.MinFocus) {
		fail("MinFocus", "attention not focused: %.3f, want %g", *s.Focus, l.MinFocus)
	}
	switch {
	case !(s.Area >= l.MinArea):
		fail("MinArea", "mask too small: %.2f %%, want %.4g %%", 100*s.Area, 100*l.MinArea)
	case !(s.Area <= l.MaxArea):
		fail("MaxArea", "mask too large: %.1f %%, at most %.4g %%", 100*s.Area, 100*l.MaxArea)
	}
	if s.Confidence != nil && !(*s.Confidence >= l.MinConfidence) {
		fail("MinConfidence", "unsure where the defect is: %.3f, want %g", *s.Confidence, l.MinConfidence)
	}
	if s.Outside != nil && !(s.Outside.Share <= l.MaxOutside) {
		fail("MaxOutside", "the part is not the part any more: %.1f %% of the pixels outside the defect changed, at most %.4g %%", 100*s.Outside.Share, 100*l.MaxOutside)
	}
	if s.Inside != nil && !(*s.Inside >= l.MinInside) {
		fail("MinInside", "hardly anything changed: %.1f %% of the mask's pixels, want %.4g %%", 100**s.Inside, 100*l.MinInside)
	}
	if s.Part != nil && !(*s.Part >= l.MinPart) {
		fail("MinPart", "CLIP sees less of the part outside the defect: its cosine differs by %.3f, want %g", *s.Part, l.MinPart)
	}
	if s.Sees != nil && !(*s.Sees >= l.MinSees) {
		fail("MinSees", "CLIP sees another defect rather than the one that was asked for: by %.3f, want %g", *s.Sees, l.MinSees)
	}
	if s.CLIP == nil {
		return all
	}
	if !(s.CLIP.Margin() >= l.MinMargin) {
		fail("MinMargin", "CLIP prefers the normal prompt: cosine %.3f with the prompt, %.3f with the normal one, want a margin of %g",
			s.CLIP.Prompt, s.CLIP.Normal, l.MinMargin)
	}
	if g := s.CLIP.Gain(); !(g > l.MinGain) {
		fail("MinGain", "CLIP sees no more of the defect than in the photograph: gain %.4f, want more than %g", g, l.MinGain)
	}
	return all
}
