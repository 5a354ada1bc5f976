package vae

import (
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Encoder is the half of the model that maps a picture [B, H·W, in_channels] to the
// mean and log-variance of its latent, [B, h·w, 2·latent_channels], encoder in the
// checkpoint. C₀ is the first and Cₙ the last of block_out_channels.
type Encoder struct {
	ConvIn      nn.Conv2D // 3×3, in_channels to C₀
	DownBlocks  []*DownEncoderBlock2D
	MidBlock    MidBlock2D
	ConvNormOut nn.GroupNorm // of Cₙ, followed by SiLU
	ConvOut     nn.Conv2D    // 3×3, Cₙ to 2·latent_channels
}

// DownEncoderBlock2D is one level of the encoder, encoder.down_blocks.N:
// [B, H·W, in] to [B, H/2·W/2, out]; the last level, which has no downsampler,
// keeps the size.
type DownEncoderBlock2D struct {
	Resnets      []*ResnetBlock2D // layers_per_block
	Downsamplers []*Downsample2D  // one, or none on the last level
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
		block := &DownEncoderBlock2D{}
		for range c.LayersPerBlock {
			block.Resnets = append(block.Resnets, newResnet(in, out, c.NormNumGroups))
			in = out
		}
		if i < last {
			down := &Downsample2D{Conv: nn.NewConv2D(out, out, 3, 2)}
			down.Conv.Pad = kernels.Padding{Bottom: 1, Right: 1} // the one place where the padding is lopsided
			block.Downsamplers = []*Downsample2D{down}
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
