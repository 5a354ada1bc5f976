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

// finish annotates a run, brings the photograph back around the defect, and scores what comes of it.
func (j *job) finish(ctx context.Context, g *anomalyany.Generator, r *anomalyany.Result, bar *part) (*product, error) {
	a, err := g.Annotate(ctx, j.encoded, r)
	if err != nil {
		return nil, err
	}
	p := &product{}
	if !j.spec.KeepPart || j.spec.Both {
		if p.sample, p.soft, err = a.Compose(j.canvas, r.Image); err != nil {
			return nil, err
		}
	}
	made := anomalyany.Made{Result: r, Annotation: a}
	_, made.May = j.canvas.Input()
	if j.spec.KeepPart {
		err = j.keepPart(ctx, g, p, &made, bar)
	} else {
		made.Reference, err = j.encoded.Decoded(ctx)
	}
	if err == nil {
		p.scores, err = j.score(ctx, made)
	}
	if err != nil {
		return nil, err
	}
	stray, err := anomaly.Stray(j.canvas.Photograph(), p.sample)
	p.scores.Stray = &stray
	return p, err
}

// keepPart brings the photograph back around the defect.
func (j *job) keepPart(ctx context.Context, g *anomalyany.Generator, p *product, made *anomalyany.Made, bar *part) error {
	if j.spec.Both {
		p.own = p.sample.Picture
	}
	k := j.spec.keeping()
	picture, err := g.Keep(ctx, j.encoded, made.Result, made.Annotation, k, bar.kept)
	bar.end()
	if err != nil {
		return err
	}
	canvas := *j.canvas
	canvas.Keep, canvas.Paste = &k.Keep, j.spec.Paste
	if p.sample, p.soft, err = made.Annotation.Compose(&canvas, picture); err != nil {
		return err
	}
	seen, err := canvas.Seen(p.sample.Picture)
	if err != nil {
		return err
	}
	photograph, _ := canvas.Input()
	made.Picture, made.Reference = images.ForModel(seen), images.ForModel(photograph)
	made.Margin = min(1000, max(anomalyany.OutsideMargin, k.Margin)*max(1, canvas.Scale())) // as far as it may be, in a window
	return nil
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
