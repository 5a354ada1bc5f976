package main

import (
	"context"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/demo/judge"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// glimpse is what was measured of the model's own picture of a drawing, before the photograph comes back.
type glimpse struct {
	Subject string `json:"subject"`
	Defect  string `json:"defect"` // that was asked for
	Judge   string `json:"judge"`  // that the judge finds, empty where it finds none
	Normal  string `json:"normal"` // and in the drawing without a defect, after the autoencoder

	// The mask that comes with the picture, and its soft map, and the same of attention alone, against what the judge
	// finds, where it finds a defect.
	IoU            *float64 `json:"iou"`
	AUROC          *float64 `json:"auroc"`
	AttentionIoU   *float64 `json:"attention_iou"`
	AttentionAUROC *float64 `json:"attention_auroc"`

	// Kept is what the judge finds after the photograph has come back around the defect; nil where that was not asked for.
	Kept *string `json:"kept,omitempty"`
}

// found reports whether the judge finds the defect that was asked for.
func (g *glimpse) found() bool { return g.Judge == g.Defect }

// glimpse makes a picture of a drawing in a way, and measures it.
func (b *bench) glimpse(ctx context.Context, t trial.Trial, w way, keep bool) (*glimpse, error) {
	normal, defective := t.Normal(size), t.Defective(size)
	f := &glimpse{Subject: t.Subject.Name, Defect: t.Defect.Name}
	o := b.options
	o.Prompt, o.Detail, o.Normal, o.Words = defective.Caption, defective.Detail, normal.Caption, []string{t.Defect.Name}
	w.change(&o)
	g, err := anomalyany.New(ctx, b.Pipeline, size, size, o)
	if err != nil {
		return nil, err
	}
	photograph, err := g.Encode(ctx, trial.Picture(normal), nil)
	if err != nil {
		return nil, err
	}
	r, err := g.Run(ctx, photograph, t.Seed, nil)
	if err != nil {
		return nil, err
	}
	coded, err := photograph.Decoded(ctx)
	if err != nil {
		return nil, err
	}
	without, err := b.judge.Judge(ctx, coded)
	if err != nil {
		return nil, err
	}
	own, err := b.judge.Judge(ctx, r.Image)
	if err != nil {
		return nil, err
	}
	f.Normal, f.Judge = without.Defect, own.Defect
	a, err := g.Annotate(ctx, photograph, r)
	if err != nil {
		return nil, err
	}
	f.compare(r, a, own)
	if !keep {
		return f, nil
	}
	canvas, err := anomaly.NewCanvas(images.FromBytes(normal.Picture, size, size), nil, 0, 1)
	if err != nil {
		return nil, err
	}
	done, err := g.Finish(ctx, canvas, photograph, r, b.keeping, nil)
	if err != nil {
		return nil, err
	}
	v, err := b.judge.Judge(ctx, done.Made.Picture)
	f.Kept = &v.Defect
	return f, err
}

// compare holds masks and maps against what the judge finds.
func (g *glimpse) compare(r *anomalyany.Result, a *anomalyany.Annotation, v judge.Verdict) {
	if v.Defect == "" {
		return
	}
	g.IoU, g.AttentionIoU = number(metric.IoU(a.Mask, v.Mask)), number(metric.IoU(r.Mask, v.Mask))
	g.AUROC, g.AttentionAUROC = auroc(a.Soft, v.Mask), auroc(r.SoftMap, v.Mask)
}

// auroc is how well a map tells a mask's pixels from the others; nil of a mask that has none, or all.
func auroc(soft, mask []float32) *float64 {
	scores, defective := make([]float64, len(soft)), make([]bool, len(soft))
	for i, s := range soft {
		scores[i], defective[i] = float64(s), mask[i] == 1
	}
	v, err := metric.AUROC(scores, defective)
	if err != nil {
		return nil
	}
	return &v
}
