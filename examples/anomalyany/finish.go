package main

import (
	"context"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// product is what becomes of a run: the picture that is saved, where its defect is, and what is said of it.
type product struct {
	sample anomaly.Sample
	soft   anomaly.Map
	scores anomalyany.Scores
}

// finish annotates a run, puts what the model made into the photograph, and scores that.
func (j *job) finish(ctx context.Context, g *anomalyany.Generator, r *anomalyany.Result, bar *part) (*product, error) {
	a, err := g.Annotate(ctx, j.encoded, r)
	if err != nil {
		return nil, err
	}
	f := &product{}
	if f.sample, f.soft, err = j.compose(r.Image, a); err != nil {
		return nil, err
	}
	f.scores, err = j.score(ctx, r, a)
	return f, err
}

// compose puts a picture of the model's into the photograph.
func (j *job) compose(picture *gt.Dense, a *anomalyany.Annotation) (anomaly.Sample, anomaly.Map, error) {
	made, err := images.FromModel(picture)
	if err != nil {
		return anomaly.Sample{}, anomaly.Map{}, err
	}
	size := made.Bounds().Size()
	of := func(values []float32) anomaly.Map {
		return anomaly.Map{Values: values, Width: size.X, Height: size.Y}
	}
	return j.canvas.Compose(made, of(a.Mask), of(a.Soft))
}

// score judges what the model made.
func (j *job) score(ctx context.Context, r *anomalyany.Result, a *anomalyany.Annotation) (anomalyany.Scores, error) {
	picture, mask := j.canvas.Input()
	if j.scorer == nil {
		var err error
		words := anomalyany.Wording{Prompt: j.options.Prompt, Normal: j.normalPrompt()}
		if j.scorer, err = anomalyany.NewScorer(ctx, j.model.Pipeline, images.ForModel(picture), words); err != nil {
			return anomalyany.Scores{}, err
		}
	}
	decoded, err := j.encoded.Decoded(ctx)
	if err != nil {
		return anomalyany.Scores{}, err
	}
	return j.scorer.Score(ctx, anomalyany.Made{Result: r, Annotation: a, Reference: decoded, May: mask})
}

// normalPrompt is what a normal part is compared with.
func (j *job) normalPrompt() string {
	if j.spec.Object == "" && j.spec.Normal == "" {
		return "a photo"
	}
	return j.options.Normal
}
