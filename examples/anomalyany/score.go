package main

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/measure"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// scores are what a generated picture is judged by.
type scores struct {
	Area  float64     `json:"area"`  // share of what the model saw that the mask covers
	Focus float64     `json:"focus"` // mean of the soft map inside the mask, less that outside
	CLIP  *clipScores `json:"clip,omitempty"`
}

// clipScores are CLIP's cosines of a picture and of the photograph with the
// prompt and with the prompt of a normal part.
type clipScores struct {
	Prompt           float64 `json:"prompt"`
	Normal           float64 `json:"normal"`
	PhotographPrompt float64 `json:"photograph_prompt"`
	PhotographNormal float64 `json:"photograph_normal"`
}

// Margin is by how much CLIP sees more of the prompt than of a normal part.
func (c *clipScores) Margin() float64 { return c.Prompt - c.Normal }

// Gain is how much of the margin the photograph did not have.
func (c *clipScores) Gain() float64 { return c.Margin() - (c.PhotographPrompt - c.PhotographNormal) }

// judge says why a picture failed; nothing if it did not.
func (s scores) judge(l Series) []string {
	var why []string
	if s.Focus < l.MinFocus {
		why = append(why, fmt.Sprintf("attention not focused: %.3f, want %g (--min-focus)", s.Focus, l.MinFocus))
	}
	switch area := 100 * s.Area; {
	case area < l.MinArea:
		why = append(why, fmt.Sprintf("mask too small: %.2f %%, want %g %% (--min-area)", area, l.MinArea))
	case area > l.MaxArea:
		why = append(why, fmt.Sprintf("mask too large: %.1f %%, at most %g %% (--max-area)", area, l.MaxArea))
	}
	if s.CLIP == nil {
		return why
	}
	if m := s.CLIP.Margin(); m < l.MinClip {
		why = append(why, fmt.Sprintf("CLIP prefers the normal prompt: cosine %.3f with the prompt, %.3f with the normal one (--min-clip %g)",
			s.CLIP.Prompt, s.CLIP.Normal, l.MinClip))
	}
	if g := s.CLIP.Gain(); g <= l.MinGain {
		why = append(why, fmt.Sprintf("CLIP sees no more of the defect than in the photograph: gain %.4f (--min-gain %g)", g, l.MinGain))
	}
	return why
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

// judging knows what all pictures of a job are compared with.
type judging struct {
	prompt, normal *gt.Dense   // CLIP's embeddings
	photograph     *clipScores // its cosines
}

// score judges what the model made, before it is put into the photograph.
func (j *job) score(ctx context.Context, r *anomalyany.Result) (scores, error) {
	s := scores{Area: share(r.Mask), Focus: focus(r.SoftMap, r.Mask, j.options.Mask)}
	if j.model.CLIP == nil {
		return s, nil
	}
	if j.judging == nil {
		if err := j.prepareJudging(ctx); err != nil {
			return s, err
		}
	}
	var err error
	s.CLIP, err = j.cosines(ctx, measure.Clamped(r.Image), j.judging)
	return s, err
}

func (j *job) prepareJudging(ctx context.Context) (err error) {
	var to judging
	if to.prompt, err = j.model.CLIPText(ctx, j.options.Prompt); err != nil {
		return err
	}
	if to.normal, err = j.model.CLIPText(ctx, j.normalPrompt()); err != nil {
		return err
	}
	to.photograph = &clipScores{}
	picture, _ := j.canvas.Input()
	if to.photograph, err = j.cosines(ctx, images.ForModel(picture), &to); err != nil {
		return err
	}
	j.judging = &to
	return nil
}

// normalPrompt is what a normal part is compared with.
func (j *job) normalPrompt() string {
	if j.flags.Object == "" && j.flags.Normal == "" {
		return "a photo"
	}
	return j.options.Normal
}

func (j *job) cosines(ctx context.Context, picture *gt.Dense, to *judging) (*clipScores, error) {
	e, err := j.model.CLIPImage(ctx, picture)
	if err != nil {
		return nil, err
	}
	return &clipScores{
		Prompt: diffusion.Cosine(e, to.prompt), Normal: diffusion.Cosine(e, to.normal),
		PhotographPrompt: to.photograph.Prompt, PhotographNormal: to.photograph.Normal,
	}, nil
}
