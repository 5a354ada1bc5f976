package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	drawings "github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/show"
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

// factory generates pictures with the small model.
type factory struct {
	set      *drawnSet
	defaults anomalyany.Defaults

	mu   sync.Mutex
	made map[wish]anomaly.Sample
}

// generateAll makes what all lessons wish for, once each, side by side. What no try was good enough for is missing.
func generateAll(ctx context.Context, s *drawnSet) (map[wish]anomaly.Sample, error) {
	d, err := anomalyany.ReadDefaults(tensor.InFS(demo.FS()))
	if err != nil {
		return nil, err
	}
	d.Options.Steps, d.Options.Refine = demoSteps, demoRefine
	f := &factory{set: s, defaults: d, made: map[wish]anomaly.Sample{}}
	all := s.wishes()
	bar := show.NewProgress(ctx, os.Stderr, float64(len(all)))
	bar.Tenths = true
	bar.Begin("generating: ", "%d of %d pictures, ", len(all))
	defer bar.End()
	open := func(ctx context.Context) (*diffusion.Pipeline, error) { return demo.Open(ctx) }
	err = drawings.Share(ctx, 0, len(all), open, func(ctx context.Context, m *diffusion.Pipeline, i int) error {
		w := all[i]
		if err := f.make(ctx, m, w); err != nil {
			return fmt.Errorf("%s with %s: %w", s.parts[w.part].Name, s.defects[w.defect].Name, err)
		}
		bar.Step(1, "")
		return nil
	})
	s.Wanted, s.Passed = len(all), len(f.made)
	return f.made, err
}

// make makes a wish, unless no try is good enough.
func (f *factory) make(ctx context.Context, m *diffusion.Pipeline, w wish) error {
	part, defect := f.set.parts[w.part].Name, f.set.defects[w.defect].Name
	o := f.defaults.Options
	o.Prompt, o.Normal, o.Words = world.Caption(part, defect), world.Caption(part, ""), []string{defect}
	g, err := anomalyany.New(ctx, m, demoSize, demoSize, o)
	if err != nil {
		return err
	}
	normal := f.set.parts[w.part].train(w.drawing, nil)
	t := &try{Generator: g, normal: normal, input: images.ForModel(normal.Picture)}
	if t.photograph, err = g.Encode(ctx, t.input, nil); err != nil {
		return err
	}
	words := anomalyany.Wording{Prompt: o.Prompt, Normal: o.Normal}
	for _, other := range world.Defects() {
		if other.Name != defect {
			words.Others = append(words.Others, world.Caption(part, other.Name))
		}
	}
	if t.scorer, err = anomalyany.NewScorer(ctx, m, t.input, words); err != nil {
		return err
	}
	for i := range demoTries {
		sample, scores, err := t.make(ctx, uint64(i))
		if err != nil {
			return err
		}
		sample.Defect = defect
		if f.count(w, sample, len(f.defaults.Limits.Check(scores)) == 0) {
			break
		}
	}
	return nil
}

// count counts a try, and keeps its picture if that is good enough.
func (f *factory) count(w wish, s anomaly.Sample, good bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.set.Tries++; good {
		f.made[w] = s
	}
	return good
}

// try is how a picture of a drawing is made.
type try struct {
	*anomalyany.Generator
	normal     anomaly.Sample
	input      *gt.Dense // the drawing, for the model
	photograph *anomalyany.Photograph
	scorer     *anomalyany.Scorer
}

// make makes the picture of a seed, with the drawing around the defect.
func (t *try) make(ctx context.Context, seed uint64) (s anomaly.Sample, scores anomalyany.Scores, err error) {
	run, err := t.Run(ctx, t.photograph, seed, nil)
	if err != nil {
		return s, scores, err
	}
	found, err := t.Annotate(ctx, t.photograph, run)
	if err != nil {
		return s, scores, err
	}
	keeping := anomalyany.DefaultKeeping()
	picture, err := t.Keep(ctx, t.photograph, run, found, keeping, nil)
	if err != nil {
		return s, scores, err
	}
	canvas, err := anomaly.NewCanvas(t.normal.Picture, nil, 0, 1)
	if err != nil {
		return s, scores, err
	}
	canvas.Keep = &keeping.Keep
	if s, _, err = found.Compose(canvas, picture); err != nil {
		return s, scores, err
	}
	scores, err = t.scorer.Score(ctx, anomalyany.Made{Result: run, Annotation: found, Picture: images.ForModel(s.Picture), Reference: t.input})
	return s, scores, err
}
