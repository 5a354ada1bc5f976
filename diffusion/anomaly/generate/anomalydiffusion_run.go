package generate

import (
	"context"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// anomalyDiffusionRun makes pictures of a normal one, which is encoded when the first of them is.
type anomalyDiffusionRun struct {
	*AnomalyDiffusion
	normal *image.RGBA
	latent diffusion.Latent
}

// picture is the model's, with the learned word for a defect where the mask is, whose cells of the latent are 1 in inside.
func (r *anomalyDiffusionRun) picture(ctx context.Context, mask *image.Gray, inside []float32, seed uint64) (*image.RGBA, error) {
	if r.latent.Dense == nil {
		var err error
		if r.latent, err = r.pipeline.EncodeImage(ctx, images.ForModel(r.normal)); err != nil {
			return nil, err
		}
	}
	word := r.learned.embedding(greyShares(mask), r.size.Y, r.size.X)
	prompt, err := r.pipeline.EncodeWith(ctx, r.prompt, word)
	if err != nil {
		return nil, err
	}
	z, err := r.denoise(ctx, diffusion.Guidance{Prompt: prompt, Negative: r.negative, Scale: float32(r.options.Guidance)}, inside, tensor.NewRand(seed))
	if err != nil {
		return nil, fmt.Errorf("generate: AnomalyDiffusion: %w", err)
	}
	picture, err := r.pipeline.Decode(ctx, z)
	if err != nil {
		return nil, err
	}
	return images.FromModel(picture)
}

// denoise takes all steps from noise alone. Before each the photograph's latent, with new noise, takes the latent's place
// outside the mask.
func (r *anomalyDiffusionRun) denoise(ctx context.Context, guidance diffusion.Guidance, inside []float32, noise *tensor.Rand) (diffusion.Latent, error) {
	n := len(r.latent.Floats())
	schedule := r.schedule
	schedule.noises = make([][]float32, r.options.Steps)
	weights := make([]float32, len(inside))
	s := diffusion.Sampler{Model: r.model, Scheduler: schedule, Guidance: guidance}
	if r.adaptive != nil {
		s.Model = r.adaptive.with(weights)
	}
	z := s.Start(r.latent.With(noise.Randn(n)))
	var before *diffusion.Moment
	for m, err := range s.Steps(ctx, &z, 0) {
		if err != nil {
			return diffusion.Latent{}, err
		}
		where := inside
		if r.adaptive != nil {
			h, w := r.latentSize()
			where = widened(inside, h, w, reach(r.options.widest(), m.T, min(h, w)))
			if err := r.weigh(weights, z, before, where); err != nil {
				return diffusion.Latent{}, err
			}
		}
		photograph, err := schedule.AddNoise(r.latent, r.latent.With(noise.Randn(n)), m.T)
		if err != nil {
			return diffusion.Latent{}, err
		}
		z = outside(z, photograph, where)
		schedule.noises[m.I] = noise.Randn(n)
		before = m
	}
	return z, nil
}

// weigh sets the weights for a step from the latent as it is before the photograph comes into it: as released from the
// noisy one, else from the clean one that the step before has predicted, of which the first step has none.
func (r *anomalyDiffusionRun) weigh(weights []float32, z diffusion.Latent, before *diffusion.Moment, mask []float32) (err error) {
	if r.options.Preset != Released {
		if before == nil {
			for i := range weights {
				weights[i] = 1
			}
			return nil
		}
		if z, err = before.Clean(); err != nil {
			return err
		}
	}
	copy(weights, adaptiveWeights(z, r.latent, mask, r.options.Low, r.options.High))
	return nil
}

// outside is a latent that has another in its place where the mask is 0.
func outside(z, other diffusion.Latent, mask []float32) diffusion.Latent {
	out := z.Copy()
	v := out.Floats()
	for i, o := range other.Floats() {
		if m := mask[i%len(mask)]; m != 1 {
			v[i] = m*v[i] + (1-m)*o
		}
	}
	return out
}

// pasteAround is a copy of the normal picture that has the generated one where the mask is: over so many pixels around it,
// within a place, nil for everywhere, the two are mixed.
func pasteAround(normal, generated *image.RGBA, mask, place *image.Gray, margin float64) *image.RGBA {
	size := mask.Rect.Size()
	out := images.Cut(normal, normal.Rect)
	inside := make([]float32, len(mask.Pix))
	for i, v := range mask.Pix {
		if v != 0 {
			inside[i] = 1
		}
	}
	distance, err := images.Distances(inside, size.Y, size.X)
	if err != nil {
		return out // not reached: the sizes are the picture's
	}
	for i, d := range distance {
		weight := float32(1 - float64(d)/(margin+1))
		if !(weight > 0) || place != nil && place.Pix[i] == 0 {
			continue
		}
		to, from := out.Pix[i/size.X*out.Stride+4*(i%size.X):], generated.Pix[i/size.X*generated.Stride+4*(i%size.X):]
		for k := range 3 {
			to[k] = level(between(to[k], from[k], weight), false)
		}
	}
	return out
}
