package main

import (
	"context"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// newPreview is what shows pictures under way in a folder, nil where none are wanted. The small model, whose latents have
// colours of their own, decodes them itself.
func newPreview(ctx context.Context, spec Spec, m *model, d *folder) (*show.Preview, error) {
	if spec.Every == 0 {
		return nil, nil
	}
	decode := m.DecodePreview
	if spec.usesEmbedded() {
		decode = m.Decode
	}
	return show.NewPreview(ctx, spec.Every, d.Path(show.PreviewName), "anomalyany", decode)
}

// previewing returns an observer of a picture's steps that also shows them.
func (j *job) previewing(ctx context.Context, observe anomalyany.Observer) anomalyany.Observer {
	p := j.worker.preview
	p.Begin()
	return func(s anomalyany.Step) error {
		if err := observe(s); err != nil {
			return err
		}
		return p.Taken(ctx, s.Clean)
	}
}
