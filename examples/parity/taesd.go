package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/sdgraph/sdgraph/diffusion"
)

// openTAESD opens the tiny autoencoder of --taesd, which may as well be that of --model.
func openTAESD(ctx context.Context, o options) (*diffusion.TAESD, error) {
	return diffusion.OpenTAESD(ctx, cmp.Or(o.TAESD, o.Model))
}

func runTinyDecoder(ctx context.Context, o options, in tensors) (tensors, error) {
	m, err := openTAESD(ctx, o)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return execute(ctx, o, in, func(g *graph) {
		out := m.Decode(g.b, g.input("latent"))
		g.outputs["image"] = out
		g.differentiate(out, "latent")
	})
}

func runTinyEncoder(ctx context.Context, o options, in tensors) (tensors, error) {
	m, err := openTAESD(ctx, o)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	if m.Encoder == nil {
		return nil, errors.New(m.Path + " has no encoder: taesd_encoder.safetensors is missing")
	}
	return execute(ctx, o, in, func(g *graph) {
		out := m.Encode(g.b, g.input("image"))
		g.outputs["latent"] = out
		g.differentiate(out, "image")
	})
}
