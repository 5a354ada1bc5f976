package vae

import (
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Decoder maps a latent to a picture.
type Decoder struct {
	ConvIn      nn.Conv2D
	MidBlock    midBlock
	UpBlocks    []*upBlock
	ConvNormOut nn.GroupNorm
	ConvOut     nn.Conv2D
}

type upBlock struct {
	Resnets    []*resnet
	Upsamplers []*sampler
}

func newDecoder(c Config) *Decoder {
	last := len(c.BlockOutChannels) - 1
	in := c.BlockOutChannels[last]
	d := &Decoder{
		ConvIn:      nn.NewConv2D(c.LatentChannels, in, 3, 1),
		MidBlock:    newMidBlock(c),
		ConvNormOut: nn.NewGroupNorm(c.BlockOutChannels[0], c.NormNumGroups, epsilon),
		ConvOut:     nn.NewConv2D(c.BlockOutChannels[0], c.OutChannels, 3, 1),
	}
	for i := range c.BlockOutChannels {
		out := c.BlockOutChannels[last-i]
		block := &upBlock{}
		for range c.LayersPerBlock + 1 {
			block.Resnets = append(block.Resnets, newResnet(in, out, c.NormNumGroups))
			in = out
		}
		if i < last {
			block.Upsamplers = []*sampler{{Conv: nn.NewConv2D(out, out, 3, 1)}}
		}
		d.UpBlocks = append(d.UpBlocks, block)
	}
	return d
}

// forward maps z [B, h·w, latent_channels] to [B, H·W, out_channels].
func (d *Decoder) forward(b *nn.Build, x nn.FeatureMap) nn.FeatureMap {
	x = d.ConvIn.Forward(x)
	x = d.MidBlock.forward(b, "decoder.mid_block", x)
	for _, block := range d.UpBlocks {
		for _, r := range block.Resnets {
			x = r.forward(b, x)
		}
		for _, s := range block.Upsamplers {
			x = s.forward(b, x)
		}
	}
	out := d.ConvOut.Forward(nn.FeatureMap{X: b.Block(func() *G.Node { return d.ConvNormOut.ForwardSiLU(x).X }), H: x.H, W: x.W})
	return out
}

// forward doubles the size and convolves.
func (s *sampler) forward(b *nn.Build, x nn.FeatureMap) nn.FeatureMap {
	h, w := 2*x.H, 2*x.W
	return nn.FeatureMap{H: h, W: w, X: b.Block(func() *G.Node {
		return s.Conv.Forward(nn.FeatureMap{X: nn.Upsample(x.X, x.H, x.W, 2), H: h, W: w}).X
	})}
}
