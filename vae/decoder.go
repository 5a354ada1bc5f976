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
	var up []*Upsample2D // of the level before
	for i, block := range d.UpBlocks {
		// A level is a block as a whole, so that a pass with a gradient may keep as little of it as its input. Of the
		// last, whose maps are by far the largest, not all is to be recomputed at once.
		together := len(block.Resnets)
		if i == len(d.UpBlocks)-1 {
			together = 1
		}
		x = level(b, x, up, block.Resnets[:together])
		for _, r := range block.Resnets[together:] {
			x = r.forward(b, x)
		}
		up = block.Upsamplers
	}
	out := d.ConvOut.Forward(nn.FeatureMap{X: b.Block(func() *G.Node { return d.ConvNormOut.ForwardSiLU(x).X }), H: x.H, W: x.W})
	return out
}

// level is what may be recomputed together.
func level(b *nn.Build, x nn.FeatureMap, up []*Upsample2D, resnets []*ResnetBlock2D) nn.FeatureMap {
	h, w := x.H, x.W
	for range up {
		h, w = 2*h, 2*w
	}
	return nn.FeatureMap{H: h, W: w, X: b.Block(func() *G.Node {
		for _, s := range up {
			x = s.forward(b, x)
		}
		for _, r := range resnets {
			x = r.forward(b, x)
		}
		return x.X
	})}
}

// forward doubles the size and convolves.
func (s *Upsample2D) forward(b *nn.Build, x nn.FeatureMap) nn.FeatureMap {
	h, w := 2*x.H, 2*x.W
	return nn.FeatureMap{H: h, W: w, X: b.Block(func() *G.Node {
		return s.Conv.Forward(nn.FeatureMap{X: nn.Upsample(x.X, x.H, x.W, 2), H: h, W: w}).X
	})}
}
