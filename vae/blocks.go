package vae

import (
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// epsilon of every norm of the autoencoder (diffusers' resnet_eps).
const epsilon = 1e-6

// ResnetBlock2D is two normalised convolutions and the input added at the end:
// [B, H·W, in] to [B, H·W, out]. An example is encoder.down_blocks.0.resnets.0.
type ResnetBlock2D struct {
	Norm1        nn.GroupNorm // followed by SiLU
	Conv1        nn.Conv2D    // 3×3, in to out
	Norm2        nn.GroupNorm // followed by SiLU
	Conv2        nn.Conv2D    // 3×3, out to out
	ConvShortcut *nn.Conv2D   // 1×1, in to out; nil where these are equal
}

func newResnet(in, out, groups int) *ResnetBlock2D {
	r := &ResnetBlock2D{
		Norm1: nn.NewGroupNorm(in, groups, epsilon), Conv1: nn.NewConv2D(in, out, 3, 1),
		Norm2: nn.NewGroupNorm(out, groups, epsilon), Conv2: nn.NewConv2D(out, out, 3, 1),
	}
	if in != out {
		shortcut := nn.NewConv2D(in, out, 1, 1)
		r.ConvShortcut = &shortcut
	}
	return r
}

func (r *ResnetBlock2D) forward(b *nn.Build, x nn.FeatureMap) nn.FeatureMap {
	return x.With(b.Block(func() *G.Node {
		shortcut := x
		if r.ConvShortcut != nil {
			shortcut = r.ConvShortcut.Forward(x) // first, so that the norm may take the memory of x
		}
		h := r.Conv1.Forward(r.Norm1.ForwardSiLU(x))
		return r.Conv2.ForwardAdd(r.Norm2.ForwardSiLU(h), shortcut.X).X
	}))
}

// Attention is self-attention with one head between the positions of the smallest
// feature map, encoder.mid_block.attentions.0 and decoder.mid_block.attentions.0:
// [B, H·W, C] to the same shape. It is a site that hooks may read and change
// (nn.Site). All its layers map C to C.
type Attention struct {
	GroupNorm     nn.GroupNorm
	ToQ, ToK, ToV nn.Linear
	ToOut         nn.Linear `weight:"to_out.0"` // the input is added to its output
}

func newAttention(channels, groups int) *Attention {
	return &Attention{
		GroupNorm: nn.NewGroupNorm(channels, groups, epsilon),
		ToQ:       nn.NewLinear(channels, channels),
		ToK:       nn.NewLinear(channels, channels),
		ToV:       nn.NewLinear(channels, channels),
		ToOut:     nn.NewLinear(channels, channels),
	}
}

func (a *Attention) forward(b *nn.Build, path string, x nn.FeatureMap) nn.FeatureMap {
	return x.With(b.Block(func() *G.Node {
		n := a.GroupNorm.Forward(x).X
		out := b.Attend(nn.Site{
			Path: path, Heads: 1, H: x.H, W: x.W,
			Q: a.ToQ.Forward(n), K: a.ToK.Forward(n), V: a.ToV.Forward(n),
		})
		return a.ToOut.ForwardAdd(out, x.X)
	}))
}

// MidBlock2D is the block of the smallest feature map, encoder.mid_block and
// decoder.mid_block: [B, H·W, C] to the same shape. diffusers calls it
// UNetMidBlock2D.
type MidBlock2D struct {
	Resnets    []*ResnetBlock2D // two: attention comes between them
	Attentions []*Attention     // one, or none without mid_block_add_attention
}

func newMidBlock(c Config) MidBlock2D {
	channels := c.BlockOutChannels[len(c.BlockOutChannels)-1]
	m := MidBlock2D{Resnets: []*ResnetBlock2D{newResnet(channels, channels, c.NormNumGroups), newResnet(channels, channels, c.NormNumGroups)}}
	if c.MidBlockAttn {
		m.Attentions = []*Attention{newAttention(channels, c.NormNumGroups)}
	}
	return m
}

func (m *MidBlock2D) forward(b *nn.Build, path string, x nn.FeatureMap) nn.FeatureMap {
	x = m.Resnets[0].forward(b, x)
	for _, a := range m.Attentions {
		x = a.forward(b, path+".attentions.0", x)
	}
	return m.Resnets[1].forward(b, x)
}

// Downsample2D halves height and width, encoder.down_blocks.N.downsamplers.0:
// [B, H·W, C] to [B, H/2·W/2, C].
type Downsample2D struct {
	Conv nn.Conv2D // 3×3, stride 2, padded below and to the right only
}

// Upsample2D doubles height and width, decoder.up_blocks.N.upsamplers.0:
// [B, H·W, C] to [B, 2H·2W, C]. Each position is repeated in both directions and
// then convolved.
type Upsample2D struct {
	Conv nn.Conv2D // 3×3
}
