package unet

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// transformer is diffusers' Transformer2DModel: the positions of a feature map
// as tokens that see each other and the text.
type transformer struct {
	Norm              nn.GroupNorm
	ProjIn            nn.Conv2D
	TransformerBlocks []*transformerBlock
	ProjOut           nn.Conv2D
}

type transformerBlock struct {
	Norm1 nn.LayerNorm
	Attn1 attention
	Norm2 nn.LayerNorm
	Attn2 attention
	Norm3 nn.LayerNorm
	FF    feedForward
}

type attention struct {
	ToQ, ToK, ToV nn.Linear
	ToOut         nn.Linear `weight:"to_out.0"`

	heads int
}

type feedForward struct {
	Proj nn.Linear `weight:"net.0.proj"`
	Out  nn.Linear `weight:"net.2"`
}

func newTransformer(c Config, block, depth int) *transformer {
	const epsilon = 1e-6 // Transformer2DModel's own, not norm_eps
	channels, heads := c.BlockOutChannels[block], c.heads(block)
	t := &transformer{
		Norm:    nn.NewGroupNorm(channels, c.NormNumGroups, epsilon),
		ProjIn:  nn.NewConv2D(channels, channels, 1, 1),
		ProjOut: nn.NewConv2D(channels, channels, 1, 1),
	}
	for range depth {
		t.TransformerBlocks = append(t.TransformerBlocks, newTransformerBlock(channels, c.CrossAttentionDim, heads))
	}
	return t
}

func newTransformerBlock(channels, text, heads int) *transformerBlock {
	const epsilon = 1e-5
	return &transformerBlock{
		Norm1: nn.NewLayerNorm(channels, epsilon),
		Attn1: newAttention(channels, channels, heads),
		Norm2: nn.NewLayerNorm(channels, epsilon),
		Attn2: newAttention(channels, text, heads),
		Norm3: nn.NewLayerNorm(channels, epsilon),
		FF:    feedForward{Proj: nn.NewLinear(channels, 8*channels), Out: nn.NewLinear(4*channels, channels)},
	}
}

func newAttention(channels, context, heads int) attention {
	return attention{
		ToQ:   nn.NewLinearNoBias(channels, channels),
		ToK:   nn.NewLinearNoBias(context, channels),
		ToV:   nn.NewLinearNoBias(context, channels),
		ToOut: nn.NewLinear(channels, channels),
		heads: heads,
	}
}

func (t *transformer) forward(b *nn.Build, path string, m nn.FeatureMap, text *G.Node) nn.FeatureMap {
	return m.With(b.Block(func() *G.Node {
		x := t.ProjIn.Forward(t.Norm.Forward(m))
		for i, block := range t.TransformerBlocks {
			x.X = block.forward(b, fmt.Sprintf("%s.transformer_blocks.%d", path, i), x, text)
		}
		return t.ProjOut.ForwardAdd(x, m.X).X
	}))
}

// forward takes x [B, H·W, C] and text [B, T, D].
func (t *transformerBlock) forward(b *nn.Build, path string, m nn.FeatureMap, text *G.Node) *G.Node {
	x := m.X
	// 1. every position sees every position
	n := t.Norm1.Forward(x)
	x = t.Attn1.forward(b, nn.Site{Path: path + ".attn1", H: m.H, W: m.W}, n, n, x)
	// 2. every position sees the words
	n = t.Norm2.Forward(x)
	x = t.Attn2.forward(b, nn.Site{Path: path + ".attn2", Cross: true, H: m.H, W: m.W}, n, text, x)
	// 3. feed forward
	n = nn.GEGLU(t.FF.Proj.Forward(t.Norm3.Forward(x)))
	return t.FF.Out.ForwardAdd(n, x)
}

func (a attention) forward(b *nn.Build, s nn.Site, x, context, residual *G.Node) *G.Node {
	s.Heads = a.heads
	s.Q, s.K, s.V = a.ToQ.Forward(x), a.ToK.Forward(context), a.ToV.Forward(context)
	return a.ToOut.ForwardAdd(b.Attend(s), residual)
}
