package anomalyany

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// Keeping says how the photograph comes back around the defect of a run: first in the latent, so that the model draws
// what leads from the one to the other, then pixel by pixel (anomaly.Keep), since the autoencoder keeps none.
type Keeping struct {
	anomaly.Keep
	Blend float64 // share of the noise, 0 to 1, from which the defect is drawn again between the photograph's surroundings; 0 for pixels alone
}

// DefaultKeeping draws the second half again. With it a segmenter finds the defects of drawings of pairs that the small
// model has seen as often as in the pictures that are the model's alone (examples/demo/trust).
func DefaultKeeping() Keeping { return Keeping{Keep: anomaly.DefaultKeep(), Blend: 0.5} }

// Validate is an error if a number is out of its range.
func (k Keeping) Validate() error {
	if !(k.Blend >= 0 && k.Blend <= 1) {
		return fmt.Errorf("the share of the noise from which the defect is drawn again is %g, want 0 to 1", k.Blend)
	}
	return k.Keep.Validate()
}

// blendingSteps is how many steps Keep takes.
func (g *Generator) blendingSteps(k Keeping) int {
	return int(math.Round(k.Blend * float64(g.algorithm.blendingSteps)))
}

// Keep returns a run's picture with the photograph around the defect, [1, 3, H, W], the decoder's output: where the
// annotation's mask, grown by k.Margin, has no part of a cell of the latent, the latent is the photograph's; the rest is
// given noise, k.Blend of the schedule, and denoised between these surroundings with the guidance of the run's last
// step (blended latent diffusion, Avrahami, Fried, Lischinski, SIGGRAPH 2023). To have the photograph's own pixels
// around the defect, put it into an anomaly.Canvas with k.Keep. observe, which may be nil, is told of each step that
// was taken.
func (g *Generator) Keep(ctx context.Context, p *Photograph, r *Result, a *Annotation, k Keeping, observe func(step, of int)) (*gt.Dense, error) {
	if err := g.checkResult(p, r); err != nil {
		return nil, err
	}
	switch {
	case r.noise.Dense == nil:
		return nil, badArgument(errors.New("there is no result of this Generator: Run makes one"))
	case a == nil || len(a.Mask) != g.height*g.width:
		return nil, badArgument(errors.New("there is no annotation of this Generator: Annotate makes one"))
	}
	if err := k.Validate(); err != nil {
		return nil, badArgument(err)
	}
	steps := g.blendingSteps(k)
	if steps == 0 {
		return r.Image, nil
	}
	cells, err := g.touched(a.Mask, k.Margin)
	if err != nil {
		return nil, err
	}
	z, err := g.blend(ctx, p, r, cells, steps, observe)
	if err != nil {
		return nil, err
	}
	return g.pipeline.Decode(ctx, z)
}

// touched is 1 for the cells of the latent that a mask, grown by a margin, has a pixel of.
func (g *Generator) touched(mask []float32, margin float64) ([]float32, error) {
	grown, err := images.Grown(mask, g.height, g.width, margin)
	cells, f := make([]float32, g.h*g.w), g.pipeline.Factor()
	for i, v := range grown {
		if v > 0 {
			cells[i/g.width/f*g.w+i%g.width/f] = 1
		}
	}
	return cells, err
}

// blend takes the last steps again, with the photograph's latent outside the cells.
func (g *Generator) blend(ctx context.Context, p *Photograph, r *Result, cells []float32, steps int, observe func(step, of int)) (diffusion.Latent, error) {
	schedule, err := g.algorithm.blending(g.pipeline.Scheduler, g.algorithm.blendingSteps)
	if err != nil {
		return diffusion.Latent{}, err
	}
	s := diffusion.Sampler{Model: g.denoiser, Scheduler: schedule, Guidance: r.guidance}
	s.Keep(p.latent, r.noise, cells)
	z, photograph := r.Latent.Copy(), p.latent.Floats()
	for i := range z.Floats() {
		if cells[i%len(cells)] == 0 {
			z.Floats()[i] = photograph[i]
		}
	}
	first := len(schedule.Timesteps()) - steps
	if z, err = s.StartFrom(z, r.noise, first); err != nil {
		return z, err
	}
	for m, err := range s.Steps(ctx, &z, first) {
		if err != nil {
			return z, fmt.Errorf("keeping the photograph, step %d of %d: %w", m.I-first+1, steps, err)
		}
		if observe != nil {
			observe(m.I-first+1, steps)
		}
	}
	return z, nil
}

// KeepWork returns the floating-point operations of Keep's steps.
func (g *Generator) KeepWork(k Keeping) float64 {
	return float64(g.blendingSteps(k)) * float64(g.denoise)
}
