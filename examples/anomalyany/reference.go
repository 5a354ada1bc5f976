package main

import (
	"context"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/prompts"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// newO2MAG is O2MAG; a shape or a mask that is given is where the defect will be.
func newO2MAG(ctx context.Context, j *job, size image.Point) (anomaly.Generator, error) {
	o := generate.DefaultO2MAG()
	o.Prompt, o.Defect = j.spec.told(), j.spec.Shows
	if j.spec.Object != "" {
		o.Normal = prompts.Articles(j.spec.Articles).Normal(j.spec.Object)
	}
	o.Steps, o.Guidance = j.spec.Steps, float64(j.spec.Guidance)
	o.Foreground = j.spec.foreground()
	if j.spec.Shape != "" || j.spec.Mask != "" && j.spec.Mask != autoMask {
		o.Masks.Kind = generate.PlaceMask
	}
	key := struct {
		generate.O2MAGOptions
		reference, mask string
	}{o, j.inputs["reference"], j.inputs["reference-mask"]}
	g, err := j.worker.keep(size, key, func() (any, error) {
		r, err := j.readReference(ctx, size)
		if err != nil {
			return nil, err
		}
		return generate.NewO2MAG(ctx, j.worker.model.Pipeline, size.Y, size.X, r, o)
	})
	if err != nil {
		return nil, err
	}
	return g.(*generate.O2MAG), nil
}

// readReference reads the photograph of the defect and its mask as the job's photograph is read, whose size it must have.
func (j *job) readReference(ctx context.Context, size image.Point) (r generate.O2MAGReference, err error) {
	for flag, path := range map[string]string{"reference": j.spec.Reference, "reference-mask": j.spec.ReferenceMask} {
		if hash, err := files.Hash(path); err != nil || hash != j.inputs[flag] {
			return r, fmt.Errorf("--%s: %s has changed since this run began", flag, path)
		}
	}
	of := j.spec
	of.Image, of.Mask, of.Paste = j.spec.Reference, j.spec.ReferenceMask, false
	c, _, err := readCanvas(ctx, of, j.model.Multiple())
	if err != nil {
		return r, fmt.Errorf("--reference: %w", err)
	}
	picture, mask := c.Input()
	if got := picture.Rect.Size(); got != size {
		return r, fmt.Errorf("--reference: %s has %d×%d pixels as it is used, and the photograph %d×%d: want pictures of one shape", j.spec.Reference, got.X, got.Y, size.X, size.Y)
	}
	r.Picture = picture
	r.Mask, err = images.FromMap(mask, size.Y, size.X)
	return r, err
}
