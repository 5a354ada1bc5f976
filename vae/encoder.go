package vae

import (
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Encoder maps a picture to the mean and log-variance of its latent.
type Encoder struct {
	ConvIn      nn.Conv2D
	DownBlocks  []*downBlock
	MidBlock    midBlock
	ConvNormOut nn.GroupNorm
	ConvOut     nn.Conv2D
}

type downBlock struct {
	Resnets      []*resnet
	Downsamplers []*sampler
}

func newEncoder(c Config) *Encoder {
	in := c.BlockOutChannels[0]
	last := len(c.BlockOutChannels) - 1
	e := &Encoder{
		ConvIn:      nn.NewConv2D(c.InChannels, in, 3, 1),
		MidBlock:    newMidBlock(c),
		ConvNormOut: nn.NewGroupNorm(c.BlockOutChannels[last], c.NormNumGroups, epsilon),
		ConvOut:     nn.NewConv2D(c.BlockOutChannels[last], 2*c.LatentChannels, 3, 1),
	}
	for i, out := range c.BlockOutChannels {
		block := &downBlock{}
		for range c.LayersPerBlock {
			block.Resnets = append(block.Resnets, newResnet(in, out, c.NormNumGroups))
			in = out
		}
		if i < last {
			down := &sampler{Conv: nn.NewConv2D(out, out, 3, 2)}
			down.Conv.PadBefore, down.Conv.PadAfter = 0, 1 // the one place where the padding is lopsided
			block.Downsamplers = []*sampler{down}
		}
		e.DownBlocks = append(e.DownBlocks, block)
	}
	return e
}

// forward maps x [B, H·W, in_channels] to [B, h·w, 2·latent_channels].
func (e *Encoder) forward(b *nn.Build, x nn.FeatureMap) nn.FeatureMap {
	x.X = b.Block(func() *G.Node { return e.ConvIn.Forward(x).X })
	for _, block := range e.DownBlocks {
		for _, r := range block.Resnets {
			x = r.forward(b, x)
		}
		for _, s := range block.Downsamplers {
			x = s.Conv.Forward(x)
		}
	}
	x = e.MidBlock.forward(b, "encoder.mid_block", x)
	return e.ConvOut.Forward(e.ConvNormOut.ForwardSiLU(x))
}
