package main

import (
	"context"
	"time"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
	"github.com/sdgraph/sdgraph/vae"
)

// The parts of a model, each alone, so that a workload's memory is what it
// needs itself. A mapped file stays open until the process ends.

func (o options) unet(ctx context.Context) (*unet.Model, error) {
	if o.Model == "" {
		m, err := unet.New(unet.StableDiffusion15())
		return random(o, m, err)
	}
	m, _, err := diffusion.OpenUNet(ctx, tensor.OnDisk(o.Model).Sub("unet"))
	return prepared(o, m, err)
}

func (o options) vae(ctx context.Context) (*vae.Model, error) {
	if o.Model == "" {
		m, err := vae.New(vae.StableDiffusion15())
		return random(o, m, err)
	}
	m, _, err := diffusion.OpenVAE(ctx, tensor.OnDisk(o.Model).Sub("vae"))
	return prepared(o, m, err)
}

// tiny is TAESD with random weights: a model directory has none.
func (o options) tiny() (*vae.Tiny, error) {
	m, err := vae.NewTiny(vae.TAESD())
	return random(o, m, err)
}

func (o options) text(ctx context.Context) (*clip.Text, error) {
	if o.Model == "" {
		m, err := clip.NewText(clip.ViTL14Text())
		return random(o, m, err)
	}
	m, _, err := diffusion.OpenText(ctx, tensor.OnDisk(o.Model).Sub("text_encoder"))
	return prepared(o, m, err)
}

func (o options) clip(ctx context.Context) (*clip.Model, error) {
	if o.Model == "" {
		m, err := clip.New(clip.ViTL14())
		return random(o, m, err)
	}
	m, _, err := diffusion.OpenCLIP(ctx, tensor.OnDisk(o.Model).Sub("clip"), clip.DefaultTokenizer())
	if err != nil {
		return nil, err
	}
	return prepared(o, m.Model, nil)
}

// pipeline is all of them.
func (o options) pipeline(ctx context.Context, opts ...diffusion.OpenOption) (p *diffusion.Pipeline, err error) {
	opts = append(opts, diffusion.WithPrecision(o.precision()))
	if o.device != nil {
		opts = append(opts, diffusion.WithDevice(o.device))
	}
	if o.Model == "" {
		p, err = diffusion.Random(0, opts...)
	} else {
		p, err = diffusion.Open(ctx, o.Model, opts...)
	}
	if err != nil {
		return nil, err
	}
	for _, part := range []any{p.UNet, p.VAE} {
		if _, err := prepared(o, part, nil); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// prepared is a model whose convolutions are in the order of the kernels, and adds
// the time for that to what was taken before.
func prepared[M any](o options, m M, err error) (M, error) {
	if err != nil {
		return m, err
	}
	start := time.Now()
	err = nn.Prepare(m)
	*o.packing += time.Since(start)
	return m, err
}

func random[M any](o options, m M, err error) (M, error) {
	if err != nil {
		return m, err
	}
	return prepared(o, m, nn.Randomize(m, 0, tensor.Float16))
}
