package main

import (
	"context"
	"image"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Fewer steps than the model's own: on drawings of other seeds the judge of examples/demo finds the defects that were asked
// for as often, in the same places. A picture is tried again until its scores keep the model's limits.
const (
	demoSteps  = 8
	demoRefine = 2
	demoTries  = 3
)

// smallModel makes AnomalyAny's pictures of drawn parts, with the model that comes with the program.
type smallModel struct {
	*diffusion.Pipeline
	anomalyany.Defaults
}

func openSmallModel(ctx context.Context) (*smallModel, error) {
	d, err := anomalyany.ReadDefaults(tensor.InFS(demo.FS()))
	if err != nil {
		return nil, err
	}
	d.Options.Steps, d.Options.Refine = demoSteps, demoRefine
	m, err := demo.Open(ctx)
	return &smallModel{m, d}, err
}

// asking are the options with which a defect is asked for.
func (m *smallModel) asking(part, defect string) anomalyany.Options {
	o := m.Options
	o.Prompt, o.Normal, o.Words = world.Caption(part, defect), world.Caption(part, ""), []string{defect}
	return o
}

// try makes ready for pictures of a defect on a normal picture of a part.
func (m *smallModel) try(ctx context.Context, part, defect string, normal *image.RGBA) (*try, error) {
	canvas, err := anomaly.NewCanvas(normal, nil, 0, 1)
	if err != nil {
		return nil, err
	}
	var others []string
	for _, other := range world.Defects() {
		if other.Name != defect {
			others = append(others, world.Caption(part, other.Name))
		}
	}
	t, err := newTry(ctx, m.Pipeline, m.asking(part, defect), canvas, others)
	if err != nil {
		return nil, err
	}
	t.defect, t.limits = defect, m.Limits
	return t, nil
}

// newTry makes ready for pictures of what a model is asked for on what it sees of a canvas. Others are sentences for other
// defects.
func newTry(ctx context.Context, p *diffusion.Pipeline, o anomalyany.Options, canvas *anomaly.Canvas, others []string) (*try, error) {
	normal, may := canvas.Input()
	g, err := anomalyany.New(ctx, p, normal.Rect.Dy(), normal.Rect.Dx(), o)
	if err != nil {
		return nil, err
	}
	t, input := &try{Generator: g, canvas: canvas}, images.ForModel(normal)
	if t.photograph, err = g.Encode(ctx, input, may); err != nil {
		return nil, err
	}
	t.scorer, err = anomalyany.NewScorer(ctx, p, input, anomalyany.Wording{Prompt: o.Prompt, Normal: o.Normal, Others: others})
	return t, err
}

// try is how a defect is made on a normal picture.
type try struct {
	*anomalyany.Generator
	defect     string
	limits     anomalyany.Limits
	canvas     *anomaly.Canvas        // of the normal picture
	photograph *anomalyany.Photograph // the same, encoded
	scorer     *anomalyany.Scorer
}

// make makes the picture of a seed, with the normal one around the defect, and says whether its scores keep the limits.
func (t *try) make(ctx context.Context, seed uint64) (made anomaly.Result, good bool, err error) {
	run, err := t.Run(ctx, t.photograph, seed, nil)
	if err != nil {
		return made, false, err
	}
	done, err := t.Finish(ctx, t.canvas, t.photograph, run, anomalyany.DefaultKeeping(), nil)
	if err != nil {
		return made, false, err
	}
	made.Sample, made.Soft = done.Sample, done.Soft
	made.Defect = t.defect
	scores, err := t.scorer.Score(ctx, done.Made)
	if err != nil {
		return made, false, err
	}
	made.Stray, err = anomaly.Stray(t.canvas.Photograph(), made.Sample)
	return made, len(t.limits.Check(scores)) == 0, err
}
