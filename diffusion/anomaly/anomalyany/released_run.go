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

func (m *released) draw(masked bool, randn func(n int) []float32) Noises {
	size := m.shape().TotalSize()
	n := Noises{Initial: randn(size), Encoder: randn(size)}
	if masked {
		for range m.course.steps {
			n.Fresh = append(n.Fresh, randn(size))
		}
	}
	return n
}

// begin samples the encoder's distribution. Outside the mask every step has fresh
// noise.
func (m *released) begin(r *run, n Noises) error {
	if err := m.checkNoises(r, n); err != nil {
		return err
	}
	normal := r.photograph.latent.Copy()
	for i, v := range normal.Floats() {
		normal.Floats()[i] = v + r.photograph.deviation[i]*n.Encoder[i]
	}
	if r.photograph.maskLatent != nil {
		schedule := r.sampler.Scheduler
		r.sampler.Outside = &diffusion.Outside{Mask: r.photograph.maskLatent, Level: func(i int) (diffusion.Latent, error) {
			return schedule.AddNoise(normal, normal.With(n.Fresh[i-r.first]), schedule.Timesteps()[i])
		}}
	}
	var err error
	r.z, err = r.sampler.StartFrom(normal, r.noise, r.first)
	return err
}

// checkNoises checks those that a run of the paper's does not have.
func (m *released) checkNoises(r *run, n Noises) error {
	if err := m.checkNoise("the encoder's noise", n.Encoder); err != nil {
		return err
	}
	if r.photograph.maskLatent == nil {
		return nil
	}
	if len(n.Fresh) != m.course.steps {
		return badArgument(fmt.Errorf("fresh noise for %d steps, want %d", len(n.Fresh), m.course.steps))
	}
	for _, f := range n.Fresh {
		if err := m.checkNoise("fresh noise", f); err != nil {
			return err
		}
	}
	return nil
}

func (m *released) step(ctx context.Context, r *run, i int, t float64) (StepTrace, error) {
	o := m.options.Released
	early := i == 0 || *r.trace[i-1].Early // whether early optimisation is still allowed
	tr := StepTrace{I: i, T: int(t), Image: value(0), Early: &early}

	// 1. where the attention is
	a, err := m.see(ctx, r.z, t, r.e)
	if err != nil {
		return tr, err
	}
	// 2. latent and embedding move
	for range o.Updates {
		n := atLeastMean(shareOfMax(a))
		tr.Cells = append(tr.Cells, n)
		if o.FocusedMin < n && n < o.FocusedMax {
			early = false
		}
		if a, err = m.update(ctx, r, i, t, &tr); err != nil {
			return tr, err
		}
	}
	if m.course.annotates(i) {
		r.soft.add(a)
	}

	// 3. early optimisation
	if i == 0 && early && tr.Attention > 1-o.EarlyThreshold {
		if err := m.optimiseEarly(ctx, r, t, &tr); err != nil {
			return tr, err
		}
	}
	// 4. and 5. the sampler denoises, and keeps the photograph outside the mask
	r.sampler.Guidance.Prompt.Hidden, r.sampler.Guidance.Negative.Hidden = row(r.e, 1), row(r.e, 0)
	return tr, nil
}

// see is the map of the last token of J, from a pass with both rows of E.
func (m *released) see(ctx context.Context, z diffusion.Latent, t float64, e *gt.Dense) ([]float32, error) {
	s := z.Shape()
	both := append(append([]float32(nil), z.Floats()...), z.Floats()...)
	out, err := m.look.Run(ctx, map[string]*gt.Dense{
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
// and returns the map of the last token of J, from before. L_img counts in the
// steps with refinement.
func (m *released) update(ctx context.Context, r *run, i int, t float64, tr *StepTrace) ([]float32, error) {
	o := m.options.Released
	rate := max(o.RateFloor, o.Rate-o.RateDecay*float64(i))
	weight := o.AttentionWeight * float64(i) / float64(o.tail(m.options.Steps))
	read, err := m.attention(ctx, r, t)
	if err != nil {
		return nil, err
	}
	_, toDetail, err := m.refinement.promptLoss(ctx, r.e)
	if err == nil {
		err = finite("the embedding's loss", 0, toDetail)
	}
	if err != nil {
		return nil, err
	}
	z := r.z.Copy()
	if m.course.refines(i) {
		image, toText, err := m.refinement.imageLoss(ctx, r.z)
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
func (m *released) attention(ctx context.Context, r *run, t float64) (*reading, error) {
	read, err := m.attend.read(ctx, r.photograph, r.z, t, row(r.e, 1))
	if err != nil {
		return nil, err
	}
	return read, read.finite()
}

// optimiseEarly moves z down L_att alone. (Where L_att is 0 so is its gradient.)
func (m *released) optimiseEarly(ctx context.Context, r *run, t float64, tr *StepTrace) error {
	o := m.options.Released
	for k := range o.EarlyUpdates + 1 {
		scale := o.EarlyScale
		if k < o.EarlyUpdates {
			scale /= math.Sqrt(o.EarlyDivisor)
		}
		read, err := m.attention(ctx, r, t)
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
