package main

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion"
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
func (j *job) sample(ctx context.Context, seed uint64, report *progress) (diffusion.Latent, error) {
	g := j.flags.generator(seed)
	s, err := j.scheduler(g)
	if err != nil {
		return diffusion.Latent{}, err
	}
	r := sampling{job: j, scheduler: s, times: s.Timesteps()}
	first := j.firstStep(len(r.times))
	if err := r.begin(g, first); err != nil {
		return r.z, err
	}
	for i := first; i < len(r.times); i++ {
		if err := r.step(ctx, i, i-first+1); err != nil {
			return r.z, fmt.Errorf("step %d of %d: %w", i-first+1, len(r.times)-first, err)
		}
		report.step(i - first)
	}
	return r.z, nil
}

// sampling is the variables of one picture on its way.
type sampling struct {
	*job
	scheduler diffusion.Scheduler
	times     []float64
	z         diffusion.Latent
	noise     []float32
}

// begin draws the noise and makes the latent that step first starts from.
func (r *sampling) begin(g generator, first int) error {
	p := r.pipeline
	c, h, w := p.VAE.Config.LatentChannels, r.height/p.Factor(), r.width/p.Factor()
	r.noise = g.Randn(c * h * w)
	if r.picture == nil || r.flags.strength() == 1 {
		z := make([]float32, len(r.noise))
		for i, v := range r.noise {
			z[i] = v * float32(r.scheduler.InitNoiseSigma())
		}
		r.z = diffusion.NewLatent(z, c, h, w)
		return nil
	}
	z, err := r.pictureAt(first)
	r.z = r.start.With(z)
	return err
}

// pictureAt is the picture to start from with the noise that the latent has
// before step i, without noise behind the last.
func (r *sampling) pictureAt(i int) ([]float32, error) {
	if i == len(r.times) {
		return r.start.Floats(), nil
	}
	return r.scheduler.AddNoise(r.start.Floats(), r.noise, r.times[i])
}

// step takes step i, the number-th that runs.
func (r *sampling) step(ctx context.Context, i, number int) error {
	in, err := r.scheduler.ScaleModelInput(r.z.Floats(), i)
	if err != nil {
		return err
	}
	out, err := r.job.step.Denoise(ctx, r.z.With(in), r.times[i], r.guidance)
	if err != nil {
		return err
	}
	if k := r.flags.Preview; k > 0 && number%k == 0 {
		if err := r.preview(out.Floats(), i); err != nil {
			return fmt.Errorf("preview: %w", err)
		}
	}
	z, err := r.scheduler.Step(out.Floats(), r.z.Floats(), i)
	if err != nil {
		return err
	}
	if r.kept != nil {
		outside, err := r.pictureAt(i + 1)
		if err != nil {
			return err
		}
		for n := range z {
			if r.kept[n%len(r.kept)] == 0 { // the mask counts for every channel
				z[n] = outside[n]
			}
		}
	}
	r.z = r.z.With(z)
	return nil
}
