package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// byGenerator makes a job's pictures with another generator than AnomalyAny.
type byGenerator struct {
	*job
	g anomaly.Generator // of pictures of the canvas's input
}

// make makes and judges a picture. Its mask is drawn first, where it has one of its own, and the generator goes on with
// the same draws.
func (m *byGenerator) make(ctx context.Context, seed uint64, _ *part) (*outcome, error) {
	started := time.Now()
	of, d := *m.job, m.draws(seed)
	if err := of.placeWith(ctx, d, seed); err != nil {
		return nil, err
	}
	in, err := of.generatorInput(ctx, seed)
	if err != nil {
		return nil, err
	}
	r, err := m.g.Generate(ctx, in, d)
	if m.differ() && errors.Is(err, generate.ErrArgument) { // this picture's own place is not one for the generator
		return nil, fmt.Errorf("%w: %w", anomaly.ErrNothingChanged, err)
	}
	if err != nil {
		return nil, err
	}
	p, err := of.compose(r)
	if err != nil {
		return nil, err
	}
	if how, ok := r.Provenance.(generate.Provenance); ok {
		of.made = how.Notes
	}
	p.how = func(rec *record) { rec.Generated = r.Provenance }
	return &outcome{&of, seed, p, time.Since(started)}, nil
}

// placeWith has a picture's job see the mask of its own, where it has one.
func (j *job) placeWith(ctx context.Context, d anomaly.Draws, seed uint64) error {
	if !j.differ() {
		return nil
	}
	_, mask, err := j.maskFor(ctx, d, seed)
	if err != nil {
		return err
	}
	if j.place, err = placeOf(mask); err != nil {
		return err
	}
	j.canvas, err = j.showing(mask)
	return err
}

// generatorInput is what the generator is given.
func (j *job) generatorInput(ctx context.Context, seed uint64) (in anomaly.Input, err error) {
	picture, may := j.canvas.Input()
	in.Normal = picture
	if may != nil {
		if in.Place, err = images.FromMap(may, picture.Rect.Dy(), picture.Rect.Dx()); err != nil {
			return in, err
		}
	}
	other, err := j.readOther(ctx, seed)
	if other != nil {
		in.Others = []*image.RGBA{other}
	}
	return in, err
}

// checkInput refuses what the generator cannot work on, and options that it does not take, before the long work. Places
// that pictures have of their own are seen when it is their turn.
func (j *job) checkInput(ctx context.Context) error {
	picture, may := j.canvas.Input()
	in := anomaly.Input{Normal: picture}
	if may != nil && !j.differ() {
		var err error
		if in.Place, err = images.FromMap(may, picture.Rect.Dy(), picture.Rect.Dx()); err != nil {
			return err
		}
	}
	if err := in.Validate(); err != nil {
		return fmt.Errorf("%s: %w", orDefault(j.spec.Image, "the drawn picture"), err)
	}
	if j.spec.Generator == learns {
		if _, err := j.spec.readLearned(); err != nil {
			return err
		}
	}
	if j.spec.Generator == grafts {
		if _, err := j.readReference(ctx, picture.Rect.Size()); err != nil {
			return err
		}
	}
	if j.spec.needsModel() { // making it takes long
		return nil
	}
	_, err := j.newGenerator(ctx, picture.Rect.Size())
	return err
}

// compose puts the generator's picture into the photograph, and scores it by what has changed: there are no words for a
// model to look for.
func (j *job) compose(r anomaly.Result) (*product, error) {
	if r.Picture == nil || r.Mask == nil {
		return nil, errors.New("the generator gave no picture with a mask")
	}
	mask := anomaly.Map{Values: make([]float32, len(r.Mask.Pix)), Width: r.Mask.Rect.Dx(), Height: r.Mask.Rect.Dy()}
	for i, v := range r.Mask.Pix {
		mask.Values[i] = float32(v) / 255
	}
	canvas := *j.canvas
	canvas.Paste = false // outside its place the generator has changed nothing
	p := &product{}
	var err error
	if p.sample, p.soft, err = canvas.Compose(r.Picture, mask, r.Soft); err != nil {
		return nil, err
	}
	p.scores, err = anomalyany.Compare(canvas.Photograph(), p.sample, 0)
	return p, err
}

// about says nothing: pictures are made at once.
func (m *byGenerator) about(*cli.Compute) []string { return nil }
