package generate

import (
	"context"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// sdasModel makes pictures of a normal one, which is encoded when the first of them is.
type sdasModel struct {
	*SDAS
	normal *image.RGBA
	latent diffusion.Latent
}

// pictures are that of a strength and, where there is to be one, that of the same noises without a strength.
func (m *sdasModel) pictures(ctx context.Context, strength float64, seed uint64) (strong, control *image.RGBA, err error) {
	if m.latent.Dense == nil {
		if m.latent, err = m.pipeline.EncodeImage(ctx, images.ForModel(m.normal)); err != nil {
			return nil, nil, err
		}
	}
	schedule := m.schedule
	start := m.drawNoises(&schedule, tensor.NewRand(seed))
	schedule.strength = strength
	if strong, err = m.picture(ctx, schedule, start); err != nil || !m.options.Control {
		return strong, nil, err
	}
	schedule.strength = 0
	control, err = m.picture(ctx, schedule, start)
	return strong, control, err
}

// drawNoises returns the noise of the start, and gives the schedule those of the steps behind it.
func (m *sdasModel) drawNoises(a *ancestral, r *tensor.Rand) (start diffusion.Latent) {
	n := len(m.latent.Floats())
	start = m.latent.With(r.Randn(n))
	a.noises = make([][]float32, m.options.Steps)
	for i := m.options.first(); i < m.options.Steps-1; i++ {
		a.noises[i] = r.Randn(n)
	}
	return start
}

// picture takes the steps from the noised normal picture on.
func (m *sdasModel) picture(ctx context.Context, schedule ancestral, noise diffusion.Latent) (*image.RGBA, error) {
	s := diffusion.Sampler{Model: m.denoiser, Scheduler: schedule, Guidance: m.guidance}
	first := m.options.first()
	z, err := s.Start(noise), error(nil)
	if first > 0 {
		z, err = s.StartFrom(m.latent, noise, first)
	}
	if err != nil {
		return nil, err
	}
	if z, err = s.Run(ctx, z, first); err != nil {
		return nil, fmt.Errorf("generate: SDAS: %w", err)
	}
	picture, err := m.pipeline.Decode(ctx, z)
	if err != nil {
		return nil, err
	}
	return images.FromModel(picture)
}
