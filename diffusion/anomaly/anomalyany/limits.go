package anomalyany

import "fmt"

// Limits are what scores are to keep. Set them by looking at pictures that failed. A score that is missing keeps all.
type Limits struct {
	MinFocus         float64 // -1 lets all pass
	MinArea, MaxArea float64 // 0 and 1 do
	MaxOutside       float64 // of Change.Share; 1 does
	MinInside        float64 // 0 does
	MinPart          float64 // -2 does
	MinSees          float64 // -2 does
	MinMargin        float64 // of CLIPScores.Margin; -2 does
	MinGain          float64 // which CLIPScores.Gain is to exceed; -4 does
}

// DefaultLimits are mild: they refuse pictures of which little is to be expected.
func DefaultLimits() Limits {
	return Limits{MinFocus: 0.15, MinArea: 0.002, MaxArea: 0.5, MaxOutside: 1, MinPart: -2, MinSees: -2}
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
	if !(s.Focus >= l.MinFocus) {
		fail("MinFocus", "attention not focused: %.3f, want %g", s.Focus, l.MinFocus)
	}
	switch {
	case !(s.Area >= l.MinArea):
		fail("MinArea", "mask too small: %.2f %%, want %.4g %%", 100*s.Area, 100*l.MinArea)
	case !(s.Area <= l.MaxArea):
		fail("MaxArea", "mask too large: %.1f %%, at most %.4g %%", 100*s.Area, 100*l.MaxArea)
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
