package main

import (
	"context"
	"errors"
	"iter"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// errEnough ends a run of AnomalyAny when its steps have been measured.
var errEnough = errors.New("enough steps")

// anomalyLook measures CLIP's look at the decoded latent at half its size, with the gradient, as preset fast has it.
func anomalyLook(ctx context.Context, o options) (func() error, error) {
	p, err := o.pipeline(ctx)
	if err != nil {
		return nil, err
	}
	side := o.Size / 8
	prog, err := p.Program("loss of the picture at half its size", func(b *nn.Build) []*G.Node {
		z := b.Input("z", 1, p.VAE.Config.LatentChannels, side, side)
		half := nn.ChannelsFirst(nn.BicubicResize(nn.ChannelsLast(z), side, side, side/2, side/2, true), side/2, side/2)
		loss := meanSquare(p.CLIP.ImageEmbeds(b, p.CLIP.PictureForCLIP(p.VAE.Decode(b, half))))
		return append([]*G.Node{loss}, b.Grad(loss, z)...)
	}, nn.WithMemory(o.budget()))
	if err != nil {
		return nil, err
	}
	z := tensor.FromFloat32s(tensor.NewRand(1).Randn(p.VAE.Config.LatentChannels*side*side), 1, p.VAE.Config.LatentChannels, side, side)
	return func() error {
		_, err := prog.Run(ctx, map[string]*gt.Dense{"z": z})
		return err
	}, nil
}

// anomalyStep measures one step of AnomalyAny with the numbers of the paper,
// with or without the refinement by CLIP.
func anomalyStep(ctx context.Context, o options, refine bool) (func() error, error) {
	p, err := o.pipeline(ctx)
	if err != nil {
		return nil, err
	}
	a := anomalyany.Paper()
	a.Prompt, a.Words = "a photo of a hazelnut with a crack on it", []string{"crack"}
	a.Detail = "a photo of a hazelnut whose shell has a deep dark crack"
	a.Steps, a.Gamma, a.Refine, a.Memory = 1+mostTurns*mostRuns, 0, 0, anomalyany.Auto
	if o.Memory > 0 {
		a.Memory = o.budget()
	}
	if refine {
		a.Refine = a.Steps
	}
	picture := tensor.FromFloat32s(tensor.NewRand(1).Randn(3*o.Size*o.Size), 1, 3, o.Size, o.Size)
	g, err := anomalyany.New(ctx, p, o.Size, o.Size, a)
	if err != nil {
		return nil, err
	}
	in, err := g.Encode(ctx, picture, nil)
	if err != nil {
		return nil, err
	}
	next, _ := iter.Pull(func(yield func(error) bool) {
		_, err := g.Run(ctx, in, 0, func(anomalyany.Step) error {
			if !yield(nil) {
				return errEnough
			}
			return nil
		})
		yield(err)
	})
	return func() error {
		err, ok := next()
		if !ok {
			return errors.New("the run ended before its last step was measured")
		}
		return err
	}, nil
}
