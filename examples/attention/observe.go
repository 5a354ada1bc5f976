package main

import (
	"context"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/imageio"
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// observer runs the UNet and keeps what it sees of the words.
type observer struct {
	*job
	store            *diffusion.AttnStore
	step             *diffusion.Step
	prompt, negative *gt.Dense // negative is nil without guidance
	maps             *maps
}

// newObserver encodes the prompts and compiles the UNet such that a prediction
// also gives, for each word, the mean map of all sites at the latent's size and
// each site's at its own. Nothing else of the attention is stored.
func newObserver(ctx context.Context, j *job) (o *observer, err error) {
	p := j.pipeline
	h, w := j.height/p.Factor(), j.width/p.Factor()
	o = &observer{job: j, maps: newMaps(j.words, h, w)}
	o.store = diffusion.NewAttnStore(diffusion.AllCross, diffusion.OnlyTokens(allTokens(j.words)...), diffusion.AtSize(h, w))
	if o.prompt, err = p.Encode(ctx, j.flags.Prompt); err != nil {
		return nil, err
	}
	if j.flags.guided() && j.photograph == nil {
		if o.negative, err = p.Encode(ctx, j.flags.Negative); err != nil {
			return nil, err
		}
	}
	o.step, err = p.Compile(h, w, diffusion.WithStore(o.store), diffusion.WithRead(o.read))
	return o, err
}

// read is the nodes that a prediction reports, each [B, positions, words].
func (o *observer) read() []*G.Node {
	words := func(maps *G.Node) *G.Node {
		var columns []*G.Node
		for _, w := range o.words {
			columns = append(columns, o.store.WordIn(maps, w.tokens))
		}
		return nn.Concat(columns...)
	}
	nodes := []*G.Node{words(o.store.Mean())}
	for _, m := range o.store.HeadMeans() {
		nodes = append(nodes, words(m))
	}
	return nodes
}

// predict is the noise in z, with guidance if there is any; it adds the prompt's
// maps to those of earlier passes.
func (o *observer) predict(ctx context.Context, z diffusion.Latent, t float64) (diffusion.Latent, error) {
	texts := []*gt.Dense{o.prompt}
	if o.negative != nil {
		texts = []*gt.Dense{o.negative, o.prompt}
	}
	out, err := o.step.Predict(ctx, z, t, texts...)
	if err != nil {
		return z, err
	}
	o.maps.sites, o.maps.sizes = o.store.Paths(), o.store.Sizes()
	o.maps.add(t, out.Read)
	if o.negative == nil {
		return out.Noise[0], nil
	}
	return diffusion.Guidance{Scale: float32(o.flags.Guidance)}.Combine(out.Noise[0], out.Noise[1])
}

// generate makes a picture of noise, and the maps of every step.
func (o *observer) generate(ctx context.Context) (*image.RGBA, error) {
	p, s := o.pipeline, o.scheduler
	c, h, w := p.VAE.Config.LatentChannels, o.maps.h, o.maps.w
	z := diffusion.NewLatent(o.noise.Randn(c*h*w), c, h, w)
	for i := range z.Floats() {
		z.Floats()[i] *= float32(s.InitNoiseSigma())
	}
	report := newProgress(len(s.Timesteps()))
	defer report.end()
	for i, t := range s.Timesteps() {
		next, err := o.take(ctx, z, t, i)
		if err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", i+1, len(s.Timesteps()), err)
		}
		z = z.With(next)
		report.step()
	}
	decoded, err := p.Decode(ctx, z)
	if err != nil {
		return nil, err
	}
	return imageio.FromModel(decoded)
}

// take is the latent after step i.
func (o *observer) take(ctx context.Context, z diffusion.Latent, t float64, i int) ([]float32, error) {
	in, err := o.scheduler.ScaleModelInput(z.Floats(), i)
	if err != nil {
		return nil, err
	}
	eps, err := o.predict(ctx, z.With(in), t)
	if err != nil {
		return nil, err
	}
	return o.scheduler.Step(eps.Floats(), z.Floats(), i)
}

// photograph makes the maps of the photograph with the noise of each timestep.
func (o *observer) photograph(ctx context.Context) error {
	clean, err := o.pipeline.EncodeImage(ctx, imageio.ForModel(o.job.photograph))
	if err != nil {
		return err
	}
	noise := o.noise.Randn(len(clean.Floats()))
	report := newProgress(len(o.flags.T))
	defer report.end()
	for _, t := range o.flags.T {
		z, err := o.scheduler.AddNoise(clean.Floats(), noise, t)
		if err != nil {
			return err
		}
		if _, err := o.predict(ctx, clean.With(z), t); err != nil {
			return fmt.Errorf("timestep %g: %w", t, err)
		}
		report.step()
	}
	return nil
}
