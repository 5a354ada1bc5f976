package main

import (
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
)

// remark is what a score says of a picture, in words.
type remark struct {
	Term string // what is judged
	Text string
	Kind string // of the text: good, bad, or nothing
}

// measured are the scores of a picture, nil where it has none: an earlier version
// did not take it, or there was no CLIP.
type measured struct {
	area, focus        float64
	outside, ssim      *float64 // share of the pixels outside the mask that changed; likeness of the whole outside
	inside             *float64 // share of the mask's pixels that changed
	part, sees         *float64 // CLIP's: by how much the part outside is less like one, and the defect in the mask more like the one asked for
	margin, gain, sure *float64 // CLIP's of the whole picture; the annotation's confidence
}

// measuredOf are the scores that a picture has.
func measuredOf(s anomalyany.Scores) measured {
	m := measured{area: s.Area, focus: s.Focus, inside: s.Inside, part: s.Part, sees: s.Sees}
	if s.Outside != nil {
		m.outside, m.ssim = &s.Outside.Share, &s.Outside.SSIM
	}
	if s.Confidence > 0 {
		m.sure = &s.Confidence
	}
	if s.CLIP != nil {
		margin, gain := s.CLIP.Margin(), s.CLIP.Gain()
		m.margin, m.gain = &margin, &gain
	}
	return m
}

// remarks are those about a picture, in the order of the questions: is the part
// still the part, where is the change, is the defect seen.
func (e entry) remarks() []remark {
	return measuredOf(e.Scores).remarks(orDefault(e.Anomaly, "the defect"))
}

// The shares of pixels outside the mask up to which a part is as it was, and up
// to which it can be recognised.
const (
	sameOutside  = 0.05
	alikeOutside = 0.15
)

// lessOfThePart is the change of CLIP's cosine with the normal prompt from which on the part is not what it was.
const lessOfThePart = -0.1

func (m measured) remarks(defect string) (all []remark) {
	say := func(term, kind, text string, args ...any) {
		all = append(all, remark{term, fmt.Sprintf(text, args...), kind})
	}
	if m.outside != nil {
		likeness := ""
		if m.ssim != nil {
			likeness = fmt.Sprintf(", SSIM %.2f", *m.ssim)
		}
		switch share := *m.outside; {
		case share <= sameOutside:
			say("part", "good", "as in the photograph: %s changed outside the mask%s", inPercent(share), likeness)
		case share <= alikeOutside:
			say("part", "", "a little changed: %s outside the mask%s", inPercent(share), likeness)
		default:
			say("part", "bad", "no longer the same: %s changed outside the mask%s", inPercent(share), likeness)
		}
	}
	if m.part != nil {
		if *m.part >= lessOfThePart {
			say("part", "good", "CLIP sees it outside the mask as in the photograph (%+.3f)", *m.part)
		} else {
			say("part", "bad", "CLIP sees less of it outside the mask than in the photograph (%+.3f)", *m.part)
		}
	}
	if m.inside != nil {
		kind := "good"
		if *m.inside < 0.5 {
			kind = "bad"
		}
		say("change", kind, "in %s of the mask, which covers %s of the picture", inPercent(*m.inside), inPercent(m.area))
	} else {
		say("change", "", "the mask covers %s of the picture", inPercent(m.area))
	}
	switch {
	case m.sees != nil && *m.sees > 0:
		say("defect", "good", "CLIP sees “%s” in the mask rather than another defect (%+.3f)", defect, *m.sees)
	case m.sees != nil:
		say("defect", "bad", "CLIP sees another defect in the mask rather than “%s” (%+.3f)", defect, *m.sees)
	}
	if m.margin != nil {
		switch {
		case *m.margin >= 0 && *m.gain > 0:
			say("defect", "good", "the picture is more like the prompt than like a normal part (%+.3f; gained %+.3f)", *m.margin, *m.gain)
		case *m.margin >= 0:
			say("defect", "bad", "the picture is no more like the prompt than the photograph is (gained %+.3f)", *m.gain)
		default:
			say("defect", "bad", "the picture is more like a normal part than like the prompt (%+.3f)", *m.margin)
		}
	}
	say("attention", "", "%s on the mask (%.2f of 1)", degree(m.focus, "not focused", "weakly focused", "focused"), m.focus)
	if m.sure != nil {
		say("mask", "", "%s (%.2f of 1)", degree(*m.sure, "unsure", "fairly sure", "sure"), *m.sure)
	}
	return all
}

// degree is a word for a number of 0 to 1.
func degree(v float64, low, middle, high string) string {
	switch {
	case v < 0.15:
		return low
	case v < 0.4:
		return middle
	}
	return high
}

// inPercent is a share with as many digits as say something.
func inPercent(share float64) string {
	if share = 100 * share; share < 10 {
		return fmt.Sprintf("%.1f %%", share)
	}
	return fmt.Sprintf("%.0f %%", share)
}
