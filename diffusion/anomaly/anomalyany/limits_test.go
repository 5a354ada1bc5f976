package anomalyany

import (
	"math"
	"strings"
	"testing"
)

// TestFailures finds each reason to fail, and none.
func TestFailures(t *testing.T) {
	limits := Limits{MinFocus: 0.15, MinArea: 0.002, MaxArea: 0.5, MaxOutside: 0.05, MinInside: 0.2, MinPart: -0.1, MinSees: 0.01}
	good := Scores{Area: 0.05, Focus: value(0.4), Outside: &Change{Share: 0.05}, Inside: value(0.2), Part: value(-0.1), Sees: value(0.01), CLIP: &CLIPScores{Prompt: 0.25, Normal: 0.22, PhotographPrompt: 0.21, PhotographNormal: 0.24}}
	for name, c := range map[string]struct {
		change func(s *Scores)
		says   []string // the limit, and why
	}{
		"good":             {func(*Scores) {}, nil},
		"at the limits":    {func(s *Scores) { s.Focus, s.Area, s.CLIP.Normal = value(0.15), 0.5, 0.25 }, nil},
		"no CLIP":          {func(s *Scores) { s.CLIP, s.Part, s.Sees = nil, nil, nil }, nil},
		"no reference":     {func(s *Scores) { s.Outside, s.Inside, s.Part = nil, nil, nil }, nil},
		"another part":     {func(s *Scores) { s.Outside.Share = 0.123 }, []string{"MaxOutside: the part is not the part any more: 12.3 % of the pixels outside the defect changed, at most 5 %"}},
		"no change":        {func(s *Scores) { s.Inside = value(0.1) }, []string{"MinInside: hardly anything changed: 10.0 % of the mask's pixels, want 20 %"}},
		"no part":          {func(s *Scores) { s.Part = value(-0.2) }, []string{"MinPart: CLIP sees less of the part outside the defect: its cosine differs by -0.200, want -0.1"}},
		"another defect":   {func(s *Scores) { s.Sees = value(-0.02) }, []string{"MinSees: CLIP sees another defect rather than the one that was asked for: by -0.020, want 0.01"}},
		"flat map":         {func(s *Scores) { s.Focus = value(0.149) }, []string{"MinFocus: attention not focused: 0.149, want 0.15"}},
		"small mask":       {func(s *Scores) { s.Area = 0.0019 }, []string{"MinArea: mask too small: 0.19 %, want 0.2 %"}},
		"large mask":       {func(s *Scores) { s.Area = 0.501 }, []string{"MaxArea: mask too large: 50.1 %, at most 50 %"}},
		"normal":           {func(s *Scores) { s.CLIP.Normal = 0.26 }, []string{"MinMargin: CLIP prefers the normal prompt: cosine 0.250 with the prompt, 0.260"}},
		"like photograph":  {func(s *Scores) { s.CLIP.PhotographNormal = 0.18 }, []string{"MinGain: CLIP sees no more of the defect than in the photograph: gain 0.0000"}},
		"several problems": {func(s *Scores) { s.Area, s.Focus = 0, value(0) }, []string{"MinFocus: attention not focused", "MinArea: mask too small"}},
	} {
		s, clip, outside := good, *good.CLIP, *good.Outside
		s.CLIP, s.Outside = &clip, &outside
		c.change(&s)
		why := limits.Check(s)
		if len(why) != len(c.says) {
			t.Errorf("%s: %q, want %d reasons", name, why, len(c.says))
			continue
		}
		for i, part := range c.says {
			if got := why[i].Limit + ": " + why[i].Reason; !strings.HasPrefix(got, part) {
				t.Errorf("%s: %q, want %q", name, got, part)
			}
		}
	}
}

// TestNoScore: what is not a number passes no limit.
func TestNoScore(t *testing.T) {
	nan := math.NaN()
	got := DefaultLimits().Check(Scores{
		Area: nan, Focus: &nan, Outside: &Change{Share: nan}, Inside: &nan, Part: &nan, Sees: &nan, CLIP: &CLIPScores{Prompt: nan},
	})
	if len(got) != 8 {
		t.Errorf("%q, want eight failures", got)
	}
}
