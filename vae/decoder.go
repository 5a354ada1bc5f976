package vae

import (
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Decoder is the half of the model that maps a latent [B, h·w, latent_channels] to a
// picture [B, H·W, out_channels], decoder in the checkpoint. C₀ is the first and Cₙ
// the last of block_out_channels.
type Decoder struct {
	ConvIn      nn.Conv2D // 3×3, latent_channels to Cₙ
	MidBlock    MidBlock2D
	UpBlocks    []*UpDecoderBlock2D
	ConvNormOut nn.GroupNorm // of C₀, followed by SiLU
	ConvOut     nn.Conv2D    // 3×3, C₀ to out_channels
}

// UpDecoderBlock2D is one level of the decoder, decoder.up_blocks.N: [B, H·W, in]
// to [B, 2H·2W, out]; the last level, which has no upsampler, keeps the size.
type UpDecoderBlock2D struct {
	Resnets    []*ResnetBlock2D // layers_per_block + 1
	Upsamplers []*Upsample2D    // one, or none on the last level
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
		block := &UpDecoderBlock2D{}
		for range c.LayersPerBlock + 1 {
			block.Resnets = append(block.Resnets, newResnet(in, out, c.NormNumGroups))
			in = out
		}
		if i < last {
			block.Upsamplers = []*Upsample2D{{Conv: nn.NewConv2D(out, out, 3, 1)}}
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
func (s *Upsample2D) forward(b *nn.Build, x nn.FeatureMap) nn.FeatureMap {
	h, w := 2*x.H, 2*x.W
	return nn.FeatureMap{H: h, W: w, X: b.Block(func() *G.Node {
		return s.Conv.Forward(nn.FeatureMap{X: nn.Upsample(x.X, x.H, x.W, 2), H: h, W: w}).X
	})}
}
