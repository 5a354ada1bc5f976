package main

import (
	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
	"github.com/sdgraph/sdgraph/vae"
)

// The parts of a model, each alone, so that a workload's memory is what it
// needs itself. A mapped file stays open until the process ends.

func (o options) unet() (*unet.Model, error) {
	if o.Model == "" {
		return random(unet.New(unet.StableDiffusion15()))
	}
	m, _, err := diffusion.OpenUNet(tensor.OnDisk(o.Model).Sub("unet"))
	return m, err
}

func (o options) vae() (*vae.Model, error) {
	if o.Model == "" {
		return random(vae.New(vae.StableDiffusion15()))
	}
	m, _, err := diffusion.OpenVAE(tensor.OnDisk(o.Model).Sub("vae"))
	return m, err
}

func (o options) text() (*clip.Text, error) {
	if o.Model == "" {
		return random(clip.NewText(clip.ViTL14Text()))
	}
	m, _, err := diffusion.OpenText(tensor.OnDisk(o.Model).Sub("text_encoder"))
	return m, err
}

func (o options) clip() (*clip.Model, error) {
	if o.Model == "" {
		return random(clip.New(clip.ViTL14()))
	}
	m, _, err := diffusion.OpenCLIP(tensor.OnDisk(o.Model).Sub("clip"), clip.DefaultTokenizer())
	if err != nil {
		return nil, err
	}
	return m.Model, nil
}

// pipeline is all of them.
func (o options) pipeline() (*diffusion.Pipeline, error) {
	if o.Model == "" {
		return diffusion.Random(0)
	}
	return diffusion.Open(o.Model)
}

func random[M any](m M) (M, error) { return m, nn.Randomize(m, 0, tensor.Float16) }
