package main

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// firstStep is the index of the first of a scheduler's steps that runs: the
// last ⌊strength·steps⌋ do, as in diffusers.
func (j *job) firstStep(of int) int {
	count := int(float64(j.flags.Steps) * j.flags.strength())
	if count == 0 {
		return of
	}
	return j.flags.Steps - count
}

// sample takes the noise of a seed, or the picture with some of it, to a clean
// latent.
func (j *job) sample(ctx context.Context, seed uint64, report *show.Progress) (diffusion.Latent, error) {
	g := j.flags.generator(seed)
	s, err := j.scheduler(g)
	if err != nil {
		return diffusion.Latent{}, err
	}
	sampler := diffusion.Sampler{Model: j.step, Scheduler: s, Guidance: j.guidance}
	count := len(s.Timesteps())
	first := j.firstStep(count)
	z, err := j.begin(&sampler, g, first)
	if err != nil {
		return z, err
	}
	j.preview.Begin()
	for m, err := range sampler.Steps(ctx, &z, first) {
		if err == nil {
			if m.I > first {
				report.Step(1, "")
			}
			err = j.preview.Next(ctx, m)
		}
		if err != nil {
			return z, fmt.Errorf("step %d of %d: %w", m.I-first+1, count-first, err)
		}
	}
	if first < count {
		report.Step(1, "")
	}
	return z, j.preview.Next(ctx, nil)
}

// begin draws the noise and makes the latent that step first starts from. The
// picture stays outside the mask, if there is one.
func (j *job) begin(s *diffusion.Sampler, g generator, first int) (diffusion.Latent, error) {
	p := j.pipeline
	c, h, w := p.VAE.Config.LatentChannels, j.height/p.Factor(), j.width/p.Factor()
	noise := diffusion.NewLatent(g.Randn(c*h*w), c, h, w)
	if j.kept != nil {
		s.Keep(j.start, noise, j.kept)
	}
	if j.picture == nil || j.flags.strength() == 1 {
		return s.Start(noise), nil
	}
	return s.StartFrom(j.start, noise, first)
}
