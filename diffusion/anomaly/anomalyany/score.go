package anomalyany

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Scores are what a generated picture is judged by.
type Scores struct {
	Area  float64     `json:"area"`           // share of the picture that the mask covers
	Focus float64     `json:"focus"`          // mean of the soft map inside the mask, less that outside
	CLIP  *CLIPScores `json:"clip,omitempty"` // nil without CLIP
}

// CLIPScores are CLIP's cosines of a picture and of the photograph with the
// prompt and with the prompt of a normal part.
type CLIPScores struct {
	Prompt           float64 `json:"prompt"`
	Normal           float64 `json:"normal"`
	PhotographPrompt float64 `json:"photograph_prompt"`
	PhotographNormal float64 `json:"photograph_normal"`
}

// Margin is by how much CLIP sees more of the prompt than of a normal part.
func (c CLIPScores) Margin() float64 { return c.Prompt - c.Normal }

// Gain is how much of the margin the photograph did not have.
func (c CLIPScores) Gain() float64 { return c.Margin() - (c.PhotographPrompt - c.PhotographNormal) }

// Limits are what scores are to keep. Set them by looking at pictures that failed.
type Limits struct {
	MinFocus         float64 // -1 lets all pass
	MinArea, MaxArea float64 // 0 and 1 do
	MinMargin        float64 // of CLIPScores.Margin; -2 does
	MinGain          float64 // which CLIPScores.Gain is to exceed; -4 does
}

// DefaultLimits are mild: they refuse pictures of which little is to be expected.
func DefaultLimits() Limits { return Limits{MinFocus: 0.15, MinArea: 0.002, MaxArea: 0.5} }

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

// focus is the soft map's mean inside the mask, less that of the rest that may
// change: 0 for a map that is the same everywhere, 1 for one that is 1 inside and
// 0 outside. A mask of nothing or of everything has no focus.
func focus(soft, mask, may []float32) float64 {
	var sum, n [2]float64
	for i, v := range soft {
		if may != nil && may[i] < 0.5 {
			continue
		}
		inside := 0
		if mask[i] >= 0.5 {
			inside = 1
		}
		sum[inside] += float64(v)
		n[inside]++
	}
	if n[0] == 0 || n[1] == 0 {
		return 0
	}
	return sum[1]/n[1] - sum[0]/n[0]
}

// Scorer scores the pictures that are made of one photograph and prompt.
type Scorer struct {
	pipeline       *diffusion.Pipeline
	prompt, normal *gt.Dense  // CLIP's embeddings
	photograph     CLIPScores // its cosines
}

// NewScorer has CLIP see the photograph, [1, 3, H, W] in [-1, 1], and read the
// prompt and that of a normal part. A pipeline may be without CLIP; then so are the
// scores.
func NewScorer(ctx context.Context, p *diffusion.Pipeline, photograph *gt.Dense, prompt, normal string) (s *Scorer, err error) {
	if p == nil {
		return nil, badArgument(errors.New("there is no pipeline: diffusion.Open opens one"))
	}
	s = &Scorer{pipeline: p}
	if p.CLIP == nil {
		return s, nil
	}
	if s.prompt, err = p.CLIPText(ctx, prompt); err != nil {
		return nil, err
	}
	if s.normal, err = p.CLIPText(ctx, normal); err != nil {
		return nil, err
	}
	c, err := s.cosines(ctx, photograph)
	if err != nil {
		return nil, err
	}
	s.photograph = CLIPScores{PhotographPrompt: c.Prompt, PhotographNormal: c.Normal}
	return s, nil
}

// Score judges a result, of a run that might change the photograph where the mask
// is 1, H·W numbers; nil for everywhere.
func (s *Scorer) Score(ctx context.Context, r *Result, mask []float32) (Scores, error) {
	switch {
	case s == nil || s.pipeline == nil:
		return Scores{}, badArgument(errors.New("there is no scorer: NewScorer makes one"))
	case r == nil || r.Image == nil:
		return Scores{}, badArgument(errors.New("there is no result: Generator.Run makes one"))
	case len(r.SoftMap) == 0 || len(r.Mask) != len(r.SoftMap) || mask != nil && len(mask) != len(r.SoftMap):
		return Scores{}, badArgument(fmt.Errorf("a soft map of %d numbers, a mask of %d and one of %d for where the picture might change: want as many", len(r.SoftMap), len(r.Mask), len(mask)))
	}
	scores := Scores{Area: share(r.Mask), Focus: focus(r.SoftMap, r.Mask, mask)}
	if s.pipeline.CLIP == nil {
		return scores, nil
	}
	values := slices.Clone(tensor.Float32s(r.Image))
	clamp(values, -1, 1)
	c, err := s.cosines(ctx, tensor.FromFloat32s(values, r.Image.Shape()...))
	if err != nil {
		return scores, err
	}
	c.PhotographPrompt, c.PhotographNormal = s.photograph.PhotographPrompt, s.photograph.PhotographNormal
	scores.CLIP = &c
	return scores, nil
}

// cosines are those of a picture.
func (s *Scorer) cosines(ctx context.Context, picture *gt.Dense) (CLIPScores, error) {
	e, err := s.pipeline.CLIPImage(ctx, picture)
	if err != nil {
		return CLIPScores{}, err
	}
	return CLIPScores{Prompt: diffusion.Cosine(e, s.prompt), Normal: diffusion.Cosine(e, s.normal)}, nil
}

// share is how much of a picture a mask covers.
func share(mask []float32) float64 {
	sum := 0.0
	for _, v := range mask {
		sum += float64(v)
	}
	return sum / float64(len(mask))
}
