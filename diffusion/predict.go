package diffusion

import (
	"context"
	"errors"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Guidance is what predictions are conditioned on, with classifier-free guidance or
// without.
type Guidance struct {
	Prompt   Prompt
	Negative Prompt  // what to lead away from, such as the empty text's; the zero Prompt for no guidance
	Scale    float32 // w of classifier-free guidance, such as 7.5; without a negative prompt it does not count
}

// Denoise predicts the noise in the latent z [1, C, h, w] at timestep t, of the same
// shape. z is as Scheduler.ScaleModelInput gives it. With a negative prompt the
// result is Guidance.Combine of two predictions, from one pass with a batch of 2.
// One that is not finite is ErrNotFinite.
func (d *Denoiser) Denoise(ctx context.Context, z Latent, t float64, g Guidance) (Latent, error) {
	out, err := d.Predict(ctx, z, t, g.Prompts()...)
	if err != nil {
		return Latent{}, err
	}
	if len(out.Noise) == 1 {
		return out.Noise[0], nil
	}
	eps, err := g.Combine(out.Noise[0], out.Noise[1])
	if err != nil {
		return Latent{}, err
	}
	return eps, checkFinite("the predicted noise", eps.Dense)
}

// Prompts returns the prompts that Denoise predicts with: the negative one, if there
// is one, then the prompt.
func (g Guidance) Prompts() []Prompt {
	if g.Negative.Hidden == nil {
		return []Prompt{g.Prompt}
	}
	return []Prompt{g.Negative, g.Prompt}
}

// Combine is classifier-free guidance (Ho and Salimans, arXiv 2207.12598): it
// returns ε_n + w·(ε_p - ε_n) for ε_n, predicted with the negative prompt, ε_p,
// predicted with the prompt, and w, the Scale. Both must have one shape.
func (g Guidance) Combine(negative, prompt Latent) (Latent, error) {
	if err := errors.Join(checkFloats("the prediction with the negative prompt", negative.Dense), checkFloats("the prediction with the prompt", prompt.Dense)); err != nil {
		return Latent{}, err
	}
	if !slices.Equal(negative.Shape(), prompt.Shape()) {
		return Latent{}, badArgument("predictions of shapes %v with the negative prompt and %v with the prompt, want one shape", negative.Shape(), prompt.Shape())
	}
	n, p := negative.Floats(), prompt.Floats()
	eps := make([]float32, len(n))
	for i, v := range n {
		eps[i] = v + g.Scale*(p[i]-v)
	}
	return negative.With(eps), nil
}

// Prediction is what Denoiser.Predict computes.
type Prediction struct {
	Noise []Latent    // of each prompt, [1, C, h, w]
	Read  []*gt.Dense // the values that WithRead chose, for the whole batch
}

// Predict predicts the noise in z at timestep t with each of n prompts, in one pass
// with a batch of n. z is one latent for all of them, [1, C, h, w], or one for each,
// [n, C, h, w], scaled as for Denoise. A prediction that is not finite is
// ErrNotFinite.
func (d *Denoiser) Predict(ctx context.Context, z Latent, t float64, prompts ...Prompt) (*Prediction, error) {
	batch := len(prompts)
	if batch == 0 {
		return nil, badArgument("a prediction without a prompt: give at least one")
	}
	latents, err := batchOf(z, batch)
	if err != nil {
		return nil, err
	}
	hidden := make([]*gt.Dense, batch)
	for i, p := range prompts {
		hidden[i] = p.Hidden
	}
	text, err := stack("the embedding of the prompt", hidden)
	if err != nil {
		return nil, err
	}
	prog, err := d.noise.Program(d.shapes(batch))
	if err != nil {
		return nil, err
	}
	times := slices.Repeat([]float32{float32(t)}, batch)
	out, err := prog.Run(ctx, map[string]*gt.Dense{
		string(LatentInput): latents, string(timestepInput): tensor.FromFloat32s(times, batch), string(TextInput): text,
	})
	if err != nil {
		return nil, err
	}
	p := &Prediction{Read: out[1:]}
	all, c := tensor.Float32s(out[0]), out[0].Shape()[1]
	for one := range slices.Chunk(all, len(all)/batch) {
		p.Noise = append(p.Noise, NewLatent(one, c, d.h, d.w))
	}
	return p, checkFinite("the predicted noise", out[0])
}

// predictions is the graph of noise predictions: the pipeline's, where nothing
// is changed by hooks or read.
func (d *Denoiser) predictions() *nn.Exec {
	o := d.options
	if o.loss == nil && o.read != nil {
		return d.p.graph("noise prediction", func(b *nn.Build) []*G.Node {
			d.resetStores()
			noise, _ := d.p.predictNoise(b)
			return append([]*G.Node{noise}, o.read()...)
		}, nn.WithHooks(d.recorded()...))
	}
	if len(o.hooks) > 0 {
		return d.p.noiseGraph(nn.WithHooks(o.hooks...))
	}
	return d.p.graphs.noise
}

// DenoiseFLOPs returns the work of one prediction with so many prompts, 1 or with
// guidance 2, in floating-point operations as nn.Program.FLOPs counts them. It
// compiles the prediction where that has not been done.
func (d *Denoiser) DenoiseFLOPs(texts int) (int64, error) {
	if texts < 1 {
		return 0, badArgument("a prediction with %d texts, want at least 1", texts)
	}
	prog, err := d.noise.Program(d.shapes(texts))
	if err != nil {
		return 0, err
	}
	return prog.FLOPs(), nil
}

// batchOf is z as a batch of n: itself, or n times the one latent that it is.
func batchOf(z Latent, n int) (*gt.Dense, error) {
	if err := checkFloats("the latent", z.Dense); err != nil {
		return nil, err
	}
	switch {
	case z.Dims() != 4:
		return nil, badArgument("a latent of shape %v, want [1, C, h, w]", z.Shape())
	case z.Shape()[0] == n:
		return z.Dense, nil
	case z.Shape()[0] != 1:
		return nil, badArgument("%d latents and %d texts: want one latent, or one for each text", z.Shape()[0], n)
	}
	return stack("the latent", slices.Repeat([]*gt.Dense{z.Dense}, n))
}

// stack joins tensors of one shape [1, …] to a batch.
func stack(what string, all []*gt.Dense) (*gt.Dense, error) {
	var joined []float32
	for _, d := range all {
		if err := checkFloats(what, d); err != nil {
			return nil, err
		}
		if d.Dims() < 2 || d.Shape()[0] != 1 || !slices.Equal(d.Shape(), all[0].Shape()) {
			return nil, badArgument("%s has the shapes %v and %v, want one, of a batch of 1", what, all[0].Shape(), d.Shape())
		}
		joined = append(joined, tensor.Float32s(d)...)
	}
	shape := all[0].Shape().Clone()
	shape[0] = len(all)
	return tensor.FromFloat32s(joined, shape...), nil
}
