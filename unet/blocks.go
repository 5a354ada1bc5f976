package unet

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// DownBlock2D is one level of the way down, down_blocks.N: resnets, each followed by
// a transformer or none of them, and a downsampler. It maps [B, H·W, in] to
// [B, H/2·W/2, out]; the last level, which has no downsampler, keeps the size. With
// attentions diffusers calls it CrossAttnDownBlock2D.
type DownBlock2D struct {
	Resnets      []*ResnetBlock2D
	Attentions   []*Transformer2DModel // one for each resnet, or none at all
	Downsamplers []*Downsample2D       // one, or none on the last level
}

// MidBlock2D is the block between the way down and the way up, mid_block:
// [B, H·W, C] to the same shape. diffusers calls it UNetMidBlock2DCrossAttn.
type MidBlock2D struct {
	Resnets    []*ResnetBlock2D // one more than attentions
	Attentions []*Transformer2DModel
}

// UpBlock2D is one level of the way up, up_blocks.N: resnets, each followed by a
// transformer or none of them, and an upsampler. Each resnet reads the output
// before it, joined along the channels to an output of the way down. It maps
// [B, H·W, in] to [B, 2H·2W, out]; the last level, which has no upsampler, keeps
// the size. With attentions diffusers calls it CrossAttnUpBlock2D.
type UpBlock2D struct {
	Resnets    []*ResnetBlock2D
	Attentions []*Transformer2DModel // one for each resnet, or none at all
	Upsamplers []*Upsample2D         // one, or none on the last level
}

// Downsample2D halves height and width, down_blocks.N.downsamplers.0:
// [B, H·W, C] to [B, H/2·W/2, C].
type Downsample2D struct {
	Conv nn.Conv2D // 3×3, stride 2
}

// Upsample2D doubles height and width, up_blocks.N.upsamplers.0: [B, H·W, C] to
// [B, 2H·2W, C]. Each position is repeated in both directions and then convolved.
type Upsample2D struct {
	Conv nn.Conv2D // 3×3
}

func newDownBlock(c Config, i, in int) *DownBlock2D {
	out := c.BlockOutChannels[i]
	block := &DownBlock2D{}
	for range c.LayersPerBlock.At(i) {
		block.Resnets = append(block.Resnets, newResnet(c, in, out))
		if c.DownBlockTypes[i] == crossDown {
			block.Attentions = append(block.Attentions, newTransformer(c, i, c.TransformerLayers.At(i)))
		}
		in = out
	}
	if i < len(c.BlockOutChannels)-1 {
		down := &Downsample2D{Conv: nn.NewConv2D(out, out, 3, 2)}
		down.Conv.Pad = kernels.Pad(c.DownsamplePadding)
		block.Downsamplers = []*Downsample2D{down}
	}
	return block
}

func newMidBlock(c Config) MidBlock2D {
	last := len(c.BlockOutChannels) - 1
	channels := c.BlockOutChannels[last]
	return MidBlock2D{
		Resnets:    []*ResnetBlock2D{newResnet(c, channels, channels), newResnet(c, channels, channels)},
		Attentions: []*Transformer2DModel{newTransformer(c, last, c.TransformerLayers.At(last))},
	}
}

// newUpBlock makes block i of the way up, which mirrors block level of the way
// down. Its resnets take the output of the one before and, joined to it, one
// output of the way down each.
func newUpBlock(c Config, i int) *UpBlock2D {
	level := len(c.BlockOutChannels) - 1 - i
	out := c.BlockOutChannels[level]
	prev := c.BlockOutChannels[min(level+1, len(c.BlockOutChannels)-1)]
	below := c.BlockOutChannels[max(level-1, 0)] // what the level's first resnet got on the way down
	block := &UpBlock2D{}
	layers := c.LayersPerBlock.At(level) + 1
	for j := range layers {
		skip := out
		if j == layers-1 {
			skip = below
		}
		block.Resnets = append(block.Resnets, newResnet(c, prev+skip, out))
		if c.UpBlockTypes[i] == crossUp {
			block.Attentions = append(block.Attentions, newTransformer(c, level, c.TransformerLayers.At(level)))
		}
		prev = out
	}
	if level > 0 {
		block.Upsamplers = []*Upsample2D{{Conv: nn.NewConv2D(out, out, 3, 1)}}
	}
	return block
}

// forward adds every output of the block to skips.
func (d *DownBlock2D) forward(b *nn.Build, path string, x nn.FeatureMap, temb, text *G.Node, skips *[]nn.FeatureMap) nn.FeatureMap {
	for i, r := range d.Resnets {
		x = r.forward(b, x, temb)
		if len(d.Attentions) > 0 {
			x = d.Attentions[i].forward(b, fmt.Sprintf("%s.attentions.%d", path, i), x, text)
		}
		*skips = append(*skips, x)
	}
	for _, s := range d.Downsamplers {
		x = s.Conv.Forward(x)
		*skips = append(*skips, x)
	}
	return x
}

func (m *MidBlock2D) forward(b *nn.Build, path string, x nn.FeatureMap, temb, text *G.Node) nn.FeatureMap {
	x = m.Resnets[0].forward(b, x, temb)
	for i, t := range m.Attentions {
		x = t.forward(b, fmt.Sprintf("%s.attentions.%d", path, i), x, text)
		x = m.Resnets[i+1].forward(b, x, temb)
	}
	return x
}

// forward takes the newest of skips for each resnet.
func (u *UpBlock2D) forward(b *nn.Build, path string, x nn.FeatureMap, temb, text *G.Node, skips *[]nn.FeatureMap) nn.FeatureMap {
	for i, r := range u.Resnets {
		last := len(*skips) - 1
		x.X = nn.Concat(x.X, (*skips)[last].X)
		*skips = (*skips)[:last]
		x = r.forward(b, x, temb)
		if len(u.Attentions) > 0 {
			x = u.Attentions[i].forward(b, fmt.Sprintf("%s.attentions.%d", path, i), x, text)
		}
	}
	for _, s := range u.Upsamplers {
		x = s.Conv.Forward(nn.FeatureMap{X: nn.Upsample(x.X, x.H, x.W, 2), H: 2 * x.H, W: 2 * x.W})
	}
	return x
}
