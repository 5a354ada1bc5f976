package main

import (
	"context"
	"image"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// product is what becomes of a run: the picture that is saved, where its defect is, and what is said of it.
type product struct {
	sample anomaly.Sample
	soft   anomaly.Map
	scores anomalyany.Scores
	own    *image.RGBA   // the picture as the model made it, nil unless it is to be saved, too
	how    func(*record) // writes into its record how it was made
}

// finish has a run's picture be what is saved, and scores it.
func (j *job) finish(ctx context.Context, g *anomalyany.Generator, r *anomalyany.Result, bar *part) (*product, error) {
	finish := j.asItIs
	if j.spec.KeepPart {
		finish = j.keepPart
	}
	p, made, err := finish(ctx, g, r, bar)
	if err != nil {
		return nil, err
	}
	if p.scores, err = j.score(ctx, made); err != nil {
		return nil, err
	}
	stray, err := anomaly.Stray(j.canvas.Photograph(), p.sample)
	p.scores.Stray = &stray
	return p, err
}

// asItIs leaves the picture as the model made it.
func (j *job) asItIs(ctx context.Context, g *anomalyany.Generator, r *anomalyany.Result, _ *part) (*product, anomalyany.Made, error) {
	made := anomalyany.Made{Result: r}
	var err error
	if made.Annotation, err = g.Annotate(ctx, j.encoded, r); err != nil {
		return nil, made, err
	}
	p := &product{}
	if p.sample, p.soft, err = made.Annotation.Compose(j.canvas, r.Image); err != nil {
		return nil, made, err
	}
	_, made.May = j.canvas.Input()
	made.Reference, err = j.encoded.Decoded(ctx)
	return p, made, err
}

// keepPart brings the photograph back around the defect.
func (j *job) keepPart(ctx context.Context, g *anomalyany.Generator, r *anomalyany.Result, bar *part) (*product, anomalyany.Made, error) {
	canvas := *j.canvas
	canvas.Paste = j.spec.Paste // in a window, too
	f, err := g.Finish(ctx, &canvas, j.encoded, r, j.spec.keeping(), bar.kept)
	bar.end()
	if err != nil {
		return nil, anomalyany.Made{}, err
	}
	p := &product{sample: f.Sample, soft: f.Soft}
	if j.spec.Both {
		own, _, err := f.Made.Annotation.Compose(j.canvas, r.Image)
		if err != nil {
			return nil, f.Made, err
		}
		p.own = own.Picture
	}
	return p, f.Made, nil
}

// score judges a picture.
func (j *job) score(ctx context.Context, made anomalyany.Made) (anomalyany.Scores, error) {
	if j.scorer == nil {
		photograph, _ := j.canvas.Input()
		var err error
		if j.scorer, err = anomalyany.NewScorer(ctx, j.model.Pipeline, images.ForModel(photograph), j.wording()); err != nil {
			return anomalyany.Scores{}, err
		}
	}
	return j.scorer.Score(ctx, made)
}

// usual are defects that a picture may be taken for where the model does not say what it knows.
var usual = []string{"crack", "scratch", "hole", "stain", "dent", "missing piece"}

// wording is the texts that pictures are compared with.
func (j *job) wording() anomalyany.Wording {
	w := anomalyany.Wording{Prompt: j.options.Prompt, Normal: j.normalPrompt()}
	others := j.model.vocabulary.Anomalies
	if len(others) == 0 {
		others = usual
	}
	for _, other := range others {
		if !j.asksFor(other) {
			w.Others = append(w.Others, w.Normal+" with a "+other+" on it")
		}
	}
	return w
}

// asksFor reports whether a defect is the one that is asked for, in other words or in the same.
func (j *job) asksFor(defect string) bool {
	for _, word := range j.spec.Anomaly {
		if strings.Contains(strings.ToLower(word), defect) || strings.Contains(defect, strings.ToLower(word)) {
			return true
		}
	}
	return false
}

// normalPrompt is what a normal part is compared with.
func (j *job) normalPrompt() string {
	if j.spec.Object == "" && j.spec.Normal == "" {
		return "a photo"
	}
	return j.options.Normal
}
