package generate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
)

// newInvertible is DDIM without added noise, whose steps can be taken backwards: clean latents are not clipped, which
// nothing undoes.
func newInvertible(c diffusion.SchedulerConfig, steps int) (ancestral, error) {
	c.ClipSample = new(bool)
	a, err := newAncestral(c, steps)
	a.eta = 0
	return a, err
}

// back returns the latent before step i of the one behind it, with the model's output for that at the step's timestep
// (Song et al. 2021, the reverse of equation 12 with η = 0, which takes the noise to be what it was on the other side).
func (a ancestral) back(output, z diffusion.Latent, i int) (diffusion.Latent, error) {
	clean, err := a.Clean(output, z, i)
	if err != nil {
		return diffusion.Latent{}, err
	}
	pictureBefore, noiseBefore := math.Sqrt(a.alphas[i]), math.Sqrt(1-a.alphas[i])
	pictureAfter, noiseAfter := math.Sqrt(a.alphas[i+1]), math.Sqrt(1-a.alphas[i+1])
	x, before := z.Floats(), make([]float32, len(z.Floats()))
	for j, v := range clean.Floats() {
		noise := (float64(x[j]) - pictureBefore*float64(v)) / noiseBefore
		picture := (float64(x[j]) - noiseAfter*noise) / pictureAfter
		before[j] = float32(pictureBefore*picture + noiseBefore*noise)
	}
	return z.With(before), nil
}

// invert returns the latents from which a run comes to a picture's: that before each step, and last the picture's own.
func (a ancestral) invert(ctx context.Context, model diffusion.Model, picture diffusion.Latent, g diffusion.Guidance) ([]diffusion.Latent, error) {
	times := a.Timesteps()
	all := []diffusion.Latent{picture}
	z := picture
	for i := len(times) - 1; i >= 0; i-- {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		output, err := model.Denoise(ctx, z, times[i], g)
		if err != nil {
			return nil, fmt.Errorf("inversion, timestep %g: %w", times[i], err)
		}
		if z, err = a.back(output, z, i); err != nil {
			return nil, err
		}
		all = append(all, z)
	}
	slices.Reverse(all)
	return all, nil
}
