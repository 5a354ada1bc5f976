package main

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate/textures"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// made is how many pictures a run makes: their draws differ, and so does what they take, but no two runs differ.
const made = 40

// generators make defects of pixels alone, in pictures of 256×256, beside the programs of those who have them from. A
// peer is given the same pictures and options; its draws are others of the same distributions.
func generators() []workload {
	return []workload{
		{"generate.poisson", []string{"opencv"}, onPictures(poisson)},
		{"generate.perlin", []string{"anomalib"}, onPictures(draem)},
		{"generate.nsa", []string{"nsa"}, onPictures(nsa)},
		{"generate.cutpaste", []string{"nsa"}, onPictures(cutPaste)},
	}
}

// onPictures loads a workload of two pictures, brick and gravel.
func onPictures(load func(ctx context.Context, brick, gravel *image.RGBA) (func() error, error)) func(context.Context, options) (func() error, error) {
	return func(ctx context.Context, o options) (func() error, error) {
		if o.device != nil || o.precision() != kernels.Float32 {
			return nil, errors.New("defects are generated on the processor and in f32 only")
		}
		brick, err1 := images.ReadFS(ctx, textures.FS(), "brick.png")
		gravel, err2 := images.ReadFS(ctx, textures.FS(), "gravel.png")
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return load(ctx, brick, gravel)
	}
}

// poisson blends a square of 200×200 of one picture into another, by mixed gradients, as often as made.
func poisson(_ context.Context, brick, gravel *image.RGBA) (func() error, error) {
	source := images.Cut(gravel, image.Rect(0, 0, 200, 200))
	weights := image.NewGray(image.Rect(0, 0, 200, 200))
	for i := range weights.Pix {
		weights.Pix[i] = 255
	}
	return func() error {
		for range made {
			if _, err := images.SeamlessClone(brick, source, weights, image.Pt(20, 20), images.OpenCVMixedGradients); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// draem is DRAEM as anomalib has it, of the three textures, and with a defect in every picture.
func draem(ctx context.Context, brick, _ *image.RGBA) (func() error, error) {
	from, err := generate.ReadTextures(ctx, textures.FS())
	if err != nil {
		return nil, err
	}
	o, err := generate.DRAEMAs(generate.DRAEMAnomalib)
	if err != nil {
		return nil, err
	}
	o.Anomalous = 1
	g, err := generate.NewDRAEM(from, o)
	if err != nil {
		return nil, err
	}
	return pictures(ctx, g, anomaly.Input{Normal: brick}), nil
}

// nsa is NSA as it was released, with the options for carpets.
func nsa(ctx context.Context, brick, gravel *image.RGBA) (func() error, error) {
	o, known := generate.NSAFor("carpet")
	if !known {
		return nil, errors.New("NSA has no options for carpets")
	}
	o.Preset = generate.Released
	g, err := generate.NewNSA(o)
	if err != nil {
		return nil, err
	}
	return pictures(ctx, g, anomaly.Input{Normal: brick, Others: []*image.RGBA{gravel}}), nil
}

// cutPaste is CutPaste as NSA's code has it.
func cutPaste(ctx context.Context, brick, _ *image.RGBA) (func() error, error) {
	o := generate.DefaultCutPaste()
	o.Preset, o.Foreground, o.Kind, o.Aspect = generate.Released, generate.Everywhere, generate.CutPasteOfNSA, [2]float64{0.3, 3.3}
	g, err := generate.NewCutPaste(o)
	if err != nil {
		return nil, err
	}
	return pictures(ctx, g, anomaly.Input{Normal: brick}), nil
}

// pictures makes as many as made, one for each seed.
func pictures(ctx context.Context, g anomaly.Generator, in anomaly.Input) func() error {
	return func() error {
		for seed := range uint64(made) {
			if _, err := g.Generate(ctx, in, anomaly.NewDraws(seed)); err != nil {
				return fmt.Errorf("seed %d: %w", seed, err)
			}
		}
		return nil
	}
}
