package main

import (
	"context"
	"fmt"
	"image"
	"os"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
)

// observer runs the UNet and keeps what it sees of the words.
type observer struct {
	*job
	store    *diffusion.AttnStore
	step     *diffusion.Denoiser
	guidance diffusion.Guidance
	maps     *maps
}

// newObserver encodes the prompts and compiles the UNet such that a prediction
// also gives, for each word, the mean map of all sites at the latent's size and
// each site's at its own. Nothing else of the attention is stored.
func newObserver(ctx context.Context, j *job) (o *observer, err error) {
	p := j.pipeline
	h, w := j.height/p.Factor(), j.width/p.Factor()
	o = &observer{job: j, maps: newMaps(j.words, h, w), guidance: diffusion.Guidance{Scale: float32(j.flags.Guidance)}}
	o.store = diffusion.NewAttnStore(diffusion.AllCross, diffusion.WithTokens(allTokens(j.words)...), diffusion.WithSize(h, w))
	if o.guidance.Prompt, err = p.Encode(ctx, j.flags.Prompt); err != nil {
		return nil, err
	}
	if j.flags.guided() && j.photograph == nil {
		if o.guidance.Negative, err = p.Encode(ctx, j.flags.Negative); err != nil {
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

// Denoise predicts the noise in z, with guidance if there is any, and adds the
// prompt's maps to those of earlier passes.
func (o *observer) Denoise(ctx context.Context, z diffusion.Latent, t float64, g diffusion.Guidance) (diffusion.Latent, error) {
	out, err := o.step.Predict(ctx, z, t, g.Prompts()...)
	if err != nil {
		return z, err
	}
	o.maps.sites, o.maps.sizes = o.store.Paths(), o.store.Sizes()
	o.maps.add(t, out.Read)
	if len(out.Noise) == 1 {
		return out.Noise[0], nil
	}
	return g.Combine(out.Noise[0], out.Noise[1])
}

// generate makes a picture of noise, and the maps of every step.
func (o *observer) generate(ctx context.Context) (*image.RGBA, error) {
	p, count := o.pipeline, len(o.scheduler.Timesteps())
	c, h, w := p.VAE.Config.LatentChannels, o.maps.h, o.maps.w
	s := diffusion.Sampler{Model: o, Scheduler: o.scheduler, Guidance: o.guidance}
	z := s.Start(diffusion.NewLatent(o.noise.Randn(c*h*w), c, h, w))
	report := newProgress(ctx, count)
	defer report.End()
	for m, err := range s.Steps(ctx, &z, 0) {
		if err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", m.I+1, count, err)
		}
		if m.I > 0 {
			report.Step(1, "")
		}
		if err := o.preview.Next(ctx, m); err != nil {
			return nil, err
		}
	}
	report.Step(1, "")
	if err := o.preview.Next(ctx, nil); err != nil {
		return nil, err
	}
	decoded, err := p.Decode(ctx, z)
	if err != nil {
		return nil, err
	}
	return images.FromModel(decoded)
}

// newProgress reports the passes.
func newProgress(ctx context.Context, passes int) *show.Progress {
	p := show.NewProgress(ctx, os.Stderr, float64(passes))
	p.Begin("", "step %d of %d: ", passes)
	return p
}

// photograph makes the maps of the photograph with the noise of each timestep.
func (o *observer) photograph(ctx context.Context) error {
	clean, err := o.pipeline.EncodeImage(ctx, images.ForModel(o.job.photograph))
	if err != nil {
		return err
	}
	noise := o.noise.Randn(len(clean.Floats()))
	report := newProgress(ctx, len(o.flags.T))
	defer report.End()
	for _, t := range o.flags.T {
		z, err := o.scheduler.AddNoise(clean, clean.With(noise), t)
		if err != nil {
			return err
		}
		if _, err := o.Denoise(ctx, z, t, o.guidance); err != nil {
			return fmt.Errorf("timestep %g: %w", t, err)
		}
		report.Step(1, "")
	}
	return nil
}
