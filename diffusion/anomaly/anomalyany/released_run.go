package anomalyany

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// releasedRun is the variables of a run of ReleasedPreset: z and e of state are
// z and E.
type releasedRun struct {
	*state
	early bool // whether early optimisation is still allowed
}

// begin starts a run.
func (r *released) begin(n Noises) (*state, error) {
	g := r.g
	s, err := g.newState(n.Initial)
	if err != nil {
		return nil, err
	}
	if err := g.checkNoise("the encoder's noise", n.Encoder); err != nil {
		return nil, err
	}
	if g.maskLatent != nil {
		if len(n.Fresh) != g.Steps() {
			return nil, fmt.Errorf("fresh noise for %d steps, want %d", len(n.Fresh), g.Steps())
		}
		for _, f := range n.Fresh {
			if err := g.checkNoise("fresh noise", f); err != nil {
				return nil, err
			}
		}
	}
	normal := g.normal.Copy()
	for i, v := range normal.Floats() {
		normal.Floats()[i] = v + r.std[i]*n.Encoder[i]
	}
	s.released = &releasedRun{state: s, early: true}
	if g.maskLatent != nil {
		s.sampler.Outside = &diffusion.Outside{Mask: g.maskLatent, Level: func(i int) (diffusion.Latent, error) {
			return g.scheduler.AddNoise(normal, normal.With(n.Fresh[i-s.first]), g.scheduler.Timesteps()[i])
		}}
	}
	s.z, err = s.sampler.StartFrom(normal, s.noise, s.first)
	return s, err
}

// step is what the algorithm does in step i, at timestep t, before the latent is denoised.
func (r *releasedRun) step(ctx context.Context, i int, t float64) error {
	g, o := r.g, r.g.options.Released
	tr := StepTrace{I: i, T: int(t)}

	// 1. where the attention is
	a, err := g.released.see(ctx, r.z, t, r.e)
	if err != nil {
		return err
	}
	// 2. latent and embedding move
	refine := i > g.options.releasedBefore()
	tr.Image = value(0)
	for range o.Updates {
		n := atLeastMean(shareOfMax(a))
		tr.Cells = append(tr.Cells, n)
		if o.FocusedMin < n && n < o.FocusedMax {
			r.early = false
		}
		if a, err = r.update(ctx, i, t, refine, &tr); err != nil {
			return err
		}
	}
	if refine {
		r.soft.add(a)
	}
	tr.Early = &[]bool{r.early}[0]

	// 3. early optimisation
	if i == 0 && r.early && tr.Attention > 1-o.EarlyThreshold {
		if err := r.optimiseEarly(ctx, t, &tr); err != nil {
			return err
		}
	}
	// 4. and 5. denoise, and keep the photograph outside the mask
	r.sampler.Guidance.Prompt.Hidden, r.sampler.Guidance.Negative.Hidden = row(r.e, 1), row(r.e, 0)
	r.trace = append(r.trace, tr)
	return nil
}

// see is the map of the last token of J, from a pass with both rows of E.
func (r *released) see(ctx context.Context, z diffusion.Latent, t float64, e *gt.Dense) ([]float32, error) {
	s := z.Shape()
	both := append(append([]float32(nil), z.Floats()...), z.Floats()...)
	out, err := r.look.Run(ctx, map[string]*gt.Dense{
		"z": tensor.FromFloat32s(both, 2, s[1], s[2], s[3]), "t": tensor.FromFloat32s([]float32{float32(t), float32(t)}, 2), "e": e,
	})
	if err != nil {
		return nil, err
	}
	return tensor.Float32s(out[0]), nil
}

// update moves z and E once down
//
//	L = w_img·L_img + w_att·(i/N)·L_att, and E also down 1 - mean cos(E, E')
//
// and returns the map of the last token of J, from before. L_img counts if
// refine says so.
func (r *releasedRun) update(ctx context.Context, i int, t float64, refine bool, tr *StepTrace) ([]float32, error) {
	g, o := r.g, r.g.options.Released
	rate := max(o.RateFloor, o.Rate-o.RateDecay*float64(i))
	weight := o.AttentionWeight * float64(i) / float64(g.options.releasedTail())
	read, err := r.attention(ctx, t)
	if err != nil {
		return nil, err
	}
	_, toDetail, err := g.refinement.promptLoss(ctx, r.e)
	if err == nil {
		err = finite("the embedding's loss", 0, toDetail)
	}
	if err != nil {
		return nil, err
	}
	z := r.z.Copy()
	if refine {
		image, toText, err := g.refinement.imageLoss(ctx, r.z)
		if err == nil {
			err = finite("L_img", image, toText)
		}
		if err != nil {
			return nil, err
		}
		if err := z.AddScaled(float32(-o.LatentRate*rate*o.ImageWeight), toText); err != nil {
			return nil, err
		}
		tr.Image = value(float64(image))
	}
	e := moved(r.e, rate, toDetail)
	if err := errors.Join(
		z.AddScaled(float32(-o.LatentRate*rate*weight), read.latent),
		diffusion.Latent{Dense: row(e, 1)}.AddScaled(float32(-rate*weight), read.text),
	); err != nil {
		return nil, err
	}
	r.z, r.e = z, e
	tr.Attention = float64(read.loss)
	return read.a, nil
}

// attention is a pass with the prompt's row of E.
func (r *releasedRun) attention(ctx context.Context, t float64) (*reading, error) {
	read, err := r.g.attend.read(ctx, r.z, t, row(r.e, 1))
	if err != nil {
		return nil, err
	}
	return read, finite("L_att", read.loss, read.latent)
}

// optimiseEarly moves z down L_att alone. (Where L_att is 0 so is its gradient.)
func (r *releasedRun) optimiseEarly(ctx context.Context, t float64, tr *StepTrace) error {
	o := r.g.options.Released
	for k := range o.EarlyUpdates + 1 {
		scale := o.EarlyScale
		if k < o.EarlyUpdates {
			scale /= math.Sqrt(o.EarlyDivisor)
		}
		read, err := r.attention(ctx, t)
		if err != nil {
			return fmt.Errorf("early update %d: %w", k+1, err)
		}
		z := r.z.Copy()
		if err := z.AddScaled(float32(-scale), read.latent); err != nil {
			return err
		}
		r.z, tr.EarlyAttention = z, value(float64(read.loss))
	}
	return nil
}

// shareOfMax is a / max a.
func shareOfMax(a []float32) []float32 {
	out, top := make([]float32, len(a)), largest(a)
	for i, v := range a {
		out[i] = v / top
	}
	return out
}

func clamp(v []float32, lo, hi float32) {
	for i, x := range v {
		v[i] = min(max(x, lo), hi)
	}
}
