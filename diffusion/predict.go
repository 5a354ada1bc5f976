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

// Guidance is what a prediction is conditioned on.
type Guidance struct {
	Prompt   Prompt
	Negative Prompt  // what it is led away from; the zero Prompt for a prediction with the prompt alone
	Scale    float32 // w of classifier-free guidance
}

// Denoise predicts the noise in z at timestep t, [1, C, h, w]. With a negative
// prompt it is Guidance.Combine of both predictions, from one pass of batch 2.
// A prediction that is not finite is an error, ErrNotFinite.
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

// Prompts are those that one pass predicts with: the negative one, if there is
// one, and behind it the prompt.
func (g Guidance) Prompts() []Prompt {
	if g.Negative.Hidden == nil {
		return []Prompt{g.Prompt}
	}
	return []Prompt{g.Negative, g.Prompt}
}

// Combine is classifier-free guidance: ε_n + w·(ε_p - ε_n), of the predictions
// with the negative prompt and with the prompt (Ho and Salimans, arXiv
// 2207.12598). Both must be of one shape.
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

// Prediction is what one pass of the UNet gives.
type Prediction struct {
	Noise []Latent    // for each prompt, [1, C, h, w]
	Read  []*gt.Dense // the values that WithRead chose, for the whole batch
}

// Predict predicts the noise in z at timestep t with each of the prompts, in one
// pass whose batch they are; z may itself be a batch of as many latents,
// [n, C, h, w]. A prediction that is not finite is an error, ErrNotFinite.
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

// DenoiseFLOPs is the work of one Denoise with so many texts, 1 or with
// guidance 2. It compiles the prediction, if that has not been done.
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
