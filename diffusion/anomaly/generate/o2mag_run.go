package generate

import (
	"context"
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// o2magRun is the model of one run: it predicts the target's noise, in a batch with the latents that lead to the normal
// picture and to the reference.
type o2magRun struct {
	*O2MAG
	latents []diffusion.Latent // of the normal picture
	masks   [phases]map[string]*gt.Dense
}

// run makes the latent of the normal picture with the reference's defect inside a mask [H, W] of ones and zeros. After
// each step the normal picture's latent of that very step takes the target's place outside the mask; so where the mask is
// empty, the result is the normal picture's latent.
func (g *O2MAG) run(ctx context.Context, normal []diffusion.Latent, mask []float32) (diffusion.Latent, error) {
	r := &o2magRun{O2MAG: g, latents: normal}
	for phase, graph := range g.graphs {
		if graph != nil {
			r.masks[phase] = graph.maskInputs(func(h, w int) bends { return g.bends(mask, h, w) })
		}
	}
	shape := normal[0].Shape()
	s := diffusion.Sampler{
		Model: r, Scheduler: g.schedule,
		Guidance: diffusion.Guidance{Prompt: g.defect, Negative: g.empty, Scale: float32(g.options.Guidance)},
		Outside: &diffusion.Outside{
			Mask:  mostOf(mask, g.size, shape[2], shape[3]),
			Level: func(i int) (diffusion.Latent, error) { return normal[i+1], nil },
		},
	}
	return s.Run(ctx, normal[0].Copy(), 0)
}

// bends are the masks at the size of a site.
func (g *O2MAG) bends(mask []float32, h, w int) bends {
	outside := cornersOf(mask, g.size, h, w)
	for i, v := range outside {
		outside[i] = 1 - v
	}
	return bends{target: mostOf(mask, g.size, h, w), reference: mostOf(g.mask, g.size, h, w), outside: outside}
}

// Denoise predicts the target's noise at a timestep of the run.
func (r *o2magRun) Denoise(ctx context.Context, z diffusion.Latent, t float64, guidance diffusion.Guidance) (diffusion.Latent, error) {
	i := slices.Index(r.schedule.Timesteps(), t)
	if i < 0 {
		return diffusion.Latent{}, wrong("timestep %g is none of the run", t)
	}
	normal, reference := r.latents[i].Floats(), r.reference[i].Floats()
	var latents, texts []float32
	for _, branch := range [allBranches]struct {
		latent []float32
		prompt diffusion.Prompt
	}{
		normalWithout: {normal, guidance.Negative}, referenceWithout: {reference, guidance.Negative},
		normalWith: {normal, r.normal}, referenceWith: {reference, guidance.Prompt},
		targetWithout: {z.Floats(), guidance.Negative}, targetWith: {z.Floats(), guidance.Prompt},
	} {
		latents = append(latents, branch.latent...)
		texts = append(texts, tensor.Float32s(branch.prompt.Hidden)...)
	}
	shape, text := z.Shape(), guidance.Prompt.Hidden.Shape()
	in := map[string]*gt.Dense{
		"latent":   tensor.FromFloat32s(latents, allBranches, shape[1], shape[2], shape[3]),
		"timestep": tensor.FromFloat32s(slices.Repeat([]float32{float32(t)}, allBranches), allBranches),
		"text":     tensor.FromFloat32s(texts, allBranches, text[1], text[2]),
	}
	phase := r.options.phase(i)
	for name, values := range r.masks[phase] {
		in[name] = values
	}
	out, err := r.programs[phase].Run(ctx, in)
	if err != nil {
		return diffusion.Latent{}, err
	}
	if err := nn.Finite(out[0]); err != nil {
		return diffusion.Latent{}, fmt.Errorf("the predicted noise is %w", err)
	}
	both := tensor.Float32s(out[0])
	return guidance.Combine(z.With(both[:len(both)/2]), z.With(both[len(both)/2:]))
}
