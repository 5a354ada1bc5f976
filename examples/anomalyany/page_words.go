package main

import (
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
)

// remark is what scores say of a picture about one question.
type remark struct {
	Term string
	Said []said
}

// said is what one score says, in words.
type said struct {
	Text string
	Kind string // good, bad, or nothing
}

// remarks are those about a picture, in the order of the questions: is the part
// still the part, where is the change, is the defect seen. Scores that it does not
// have, since an earlier version did not take them or there was no CLIP, say
// nothing.
func (e entry) remarks() []remark {
	w := words{Scores: e.Scores, defect: orDefault(e.Anomaly, "the defect"), failed: map[string]bool{}}
	for _, why := range e.Failed {
		w.failed[limitOf(why)] = true
	}
	w.aboutPart()
	w.aboutChange()
	w.aboutDefect()
	w.aboutMask()
	return w.found
}

// words are found for scores.
type words struct {
	anomalyany.Scores
	defect string
	failed map[string]bool // the flags whose limits the picture missed
	found  []remark
}

func (w *words) say(term, kind, text string, args ...any) {
	if n := len(w.found); n == 0 || w.found[n-1].Term != term {
		w.found = append(w.found, remark{Term: term})
	}
	r := &w.found[len(w.found)-1]
	r.Said = append(r.Said, said{fmt.Sprintf(text, args...), kind})
}

// goodUnless is the kind of what is good if it did not miss the run's limits.
func (w *words) goodUnless(flags ...string) string {
	for _, flag := range flags {
		if w.failed[flag] {
			return ""
		}
	}
	return "good"
}

// badIf is the kind of what is bad only if it missed the run's limit.
func (w *words) badIf(flag string) string {
	if w.failed[flag] {
		return "bad"
	}
	return ""
}

// The shares of pixels outside the defect up to which a part is as it was, and up
// to which it is much like it.
const (
	sameOutside  = 0.05
	alikeOutside = 0.15
)

func (w *words) aboutPart() {
	if o := w.Outside; o != nil {
		share := inPercent(o.Share)
		switch {
		case w.failed["--max-outside"] || o.Share > alikeOutside:
			w.say("part", "bad", "no longer the same: %s changed outside the defect, SSIM %.2f", share, o.SSIM)
		case o.Share > sameOutside:
			w.say("part", "", "a little changed: %s outside the defect, SSIM %.2f", share, o.SSIM)
		default:
			w.say("part", "good", "as in the photograph: %s changed outside the defect, SSIM %.2f", share, o.SSIM)
		}
	}
	switch {
	case w.Part == nil:
	case *w.Part >= 0:
		w.say("part", w.goodUnless("--min-part"), "CLIP sees no less of it, outside the defect, than in the photograph (%+.3f)", *w.Part)
	default:
		w.say("part", w.badIf("--min-part"), "CLIP sees less of it, outside the defect, than in the photograph (%+.3f)", *w.Part)
	}
}

// halfInside is the share of a mask's pixels from which on it is about what changed.
const halfInside = 0.5

func (w *words) aboutChange() {
	switch area := inPercent(w.Area); {
	case w.Inside == nil:
		w.say("change", "", "the mask covers %s of the picture", area)
	case *w.Inside >= halfInside:
		w.say("change", w.goodUnless("--min-inside"), "in %s of the mask, which covers %s of the picture", inPercent(*w.Inside), area)
	default:
		w.say("change", w.badIf("--min-inside"), "only in %s of the mask, which covers %s of the picture", inPercent(*w.Inside), area)
	}
}

func (w *words) aboutDefect() {
	switch {
	case w.Sees == nil:
	case *w.Sees > 0:
		w.say("defect", w.goodUnless("--min-sees"), "CLIP sees “%s” there rather than another defect (%+.3f)", w.defect, *w.Sees)
	default:
		w.say("defect", "bad", "CLIP sees another defect there rather than “%s” (%+.3f)", w.defect, *w.Sees)
	}
	if w.CLIP == nil {
		return
	}
	switch margin, gain := w.CLIP.Margin(), w.CLIP.Gain(); {
	case margin < 0:
		w.say("defect", "bad", "the picture is more like a normal part than like the prompt (%+.3f)", margin)
	case gain > 0:
		w.say("defect", w.goodUnless("--min-clip", "--min-gain"), "the picture is more like the prompt than like a normal part (%+.3f; gained %+.3f)", margin, gain)
	default:
		w.say("defect", "bad", "the picture is no more like the prompt than the photograph is (gained %+.3f)", gain)
	}
}

func (w *words) aboutMask() {
	if f := w.Focus; f != nil {
		w.say("attention", w.badIf("--min-focus"), "%s on the mask (%.2f of 1)", degree(*f, 0.15, 0.4, "not focused", "weakly focused", "focused"), *f)
	}
	if c := w.Confidence; c != nil {
		w.say("mask", w.badIf("--min-confidence"), "%s (%.2f of 1)", degree(*c, 0.3, 0.6, "unsure", "fairly sure", "sure"), *c)
	}
	if w.Stray != nil {
		w.say("mask", "", "%s of all pixels that changed lie outside it", inPercent(*w.Stray))
	}
}

// degree is a word for a number: one below the first bound, below the second, or
// from there on.
func degree(v, first, second float64, low, middle, high string) string {
	switch {
	case v < first:
		return low
	case v < second:
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
