package main

import (
	"context"
	"errors"
	"iter"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
)

// inversionStep measures a step of textual inversion on one picture that is encoded already: the text encoder, the UNet,
// the gradient of a word's four vectors, and Adam.
func inversionStep(ctx context.Context, o options) (func() error, error) {
	p, err := o.pipeline(ctx, diffusion.WithoutCLIP())
	if err != nil {
		return nil, err
	}
	i := diffusion.DefaultInversion()
	i.Word, i.Initial, i.Augment = "<crack>", "crack", diffusion.Augmentation{}
	i.Steps, i.Memory = 2+mostTurns*mostRuns, o.budget()
	picture := tensor.FromFloat32s(tensor.NewRand(1).Randn(3*o.Size*o.Size), 1, 3, o.Size, o.Size)
	v, err := diffusion.NewInversion(ctx, p, []diffusion.Example{{Picture: picture}}, i)
	if err != nil {
		return nil, err
	}
	next, _ := iter.Pull2(v.Steps(ctx))
	step := func() error {
		_, err, ok := next()
		if !ok {
			return errors.New("the word was learned before the last step was measured")
		}
		return err
	}
	return step, step() // the first one encodes the picture
}
