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
	gt "gorgonia.org/tensor"
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
	o := m.asking(part, defect)
	g, err := anomalyany.New(ctx, m.Pipeline, demoSize, demoSize, o)
	if err != nil {
		return nil, err
	}
	t := &try{Generator: g, defect: defect, limits: m.Limits, normal: normal, input: images.ForModel(normal)}
	if t.photograph, err = g.Encode(ctx, t.input, nil); err != nil {
		return nil, err
	}
	words := anomalyany.Wording{Prompt: o.Prompt, Normal: o.Normal}
	for _, other := range world.Defects() {
		if other.Name != defect {
			words.Others = append(words.Others, world.Caption(part, other.Name))
		}
	}
	t.scorer, err = anomalyany.NewScorer(ctx, m.Pipeline, t.input, words)
	return t, err
}

// try is how a defect is made on a normal picture.
type try struct {
	*anomalyany.Generator
	defect     string
	limits     anomalyany.Limits
	normal     *image.RGBA
	input      *gt.Dense // the normal picture, for the model
	photograph *anomalyany.Photograph
	scorer     *anomalyany.Scorer
}

// make makes the picture of a seed, with the normal one around the defect, and says whether its scores keep the limits.
func (t *try) make(ctx context.Context, seed uint64) (made anomaly.Result, good bool, err error) {
	run, err := t.Run(ctx, t.photograph, seed, nil)
	if err != nil {
		return made, false, err
	}
	found, err := t.Annotate(ctx, t.photograph, run)
	if err != nil {
		return made, false, err
	}
	keeping := anomalyany.DefaultKeeping()
	picture, err := t.Keep(ctx, t.photograph, run, found, keeping, nil)
	if err != nil {
		return made, false, err
	}
	canvas, err := anomaly.NewCanvas(t.normal, nil, 0, 1)
	if err != nil {
		return made, false, err
	}
	canvas.Keep = &keeping.Keep
	if made.Sample, made.Soft, err = found.Compose(canvas, picture); err != nil {
		return made, false, err
	}
	made.Defect = t.defect
	scores, err := t.scorer.Score(ctx, anomalyany.Made{Result: run, Annotation: found, Picture: images.ForModel(made.Picture), Reference: t.input})
	if err != nil {
		return made, false, err
	}
	made.Stray, err = anomaly.Stray(t.normal, made.Sample)
	return made, len(t.limits.Check(scores)) == 0, err
}
