package unet

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Transformer2DModel treats the positions of a feature map as tokens, which attend
// to each other and to the text: [B, H·W, C] to the same shape. An example is
// down_blocks.0.attentions.0.
type Transformer2DModel struct {
	Norm              nn.GroupNorm
	ProjIn            nn.Conv2D // 1×1, C to C
	TransformerBlocks []*BasicTransformerBlock
	ProjOut           nn.Conv2D // 1×1, C to C; the input is added to its output
}

// BasicTransformerBlock is self-attention, cross-attention and a feed-forward
// layer. Each of them reads its input normalised, and its output is added to the
// input: [B, H·W, C] to the same shape. An example is
// down_blocks.0.attentions.0.transformer_blocks.0.
type BasicTransformerBlock struct {
	Norm1 nn.LayerNorm
	Attn1 Attention // of every position to every position
	Norm2 nn.LayerNorm
	Attn2 Attention // of every position to every token of the text
	Norm3 nn.LayerNorm
	FF    FeedForward
}

// Attention is multi-head attention: attn1 of a transformer block, self-attention,
// or attn2, cross-attention. Queries are made of [B, H·W, C], keys and values of a
// context: of the same in self-attention, of the text [B, T, cross_attention_dim]
// in cross-attention. The result is [B, H·W, C]. Each Attention is a site that
// hooks may read and change (nn.Site).
type Attention struct {
	ToQ   nn.Linear // C to C, no bias
	ToK   nn.Linear // the context's channels to C, no bias
	ToV   nn.Linear // likewise
	ToOut nn.Linear `weight:"to_out.0"` // C to C

	heads int
}

// FeedForward is the feed-forward layer of a transformer block, ff: two linear
// layers with GEGLU between them, [B, H·W, C] to the same shape.
type FeedForward struct {
	Proj nn.Linear `weight:"net.0.proj"` // C to 8·C, which GEGLU halves
	Out  nn.Linear `weight:"net.2"`      // 4·C to C
}

func newTransformer(c Config, block, depth int) *Transformer2DModel {
	const epsilon = 1e-6 // Transformer2DModel's own, not norm_eps
	channels, heads := c.BlockOutChannels[block], c.heads(block)
	t := &Transformer2DModel{
		Norm:    nn.NewGroupNorm(channels, c.NormNumGroups, epsilon),
		ProjIn:  nn.NewConv2D(channels, channels, 1, 1),
		ProjOut: nn.NewConv2D(channels, channels, 1, 1),
	}
	for range depth {
		t.TransformerBlocks = append(t.TransformerBlocks, newTransformerBlock(channels, c.CrossAttentionDim, heads))
	}
	return t
}

func newTransformerBlock(channels, text, heads int) *BasicTransformerBlock {
	const epsilon = 1e-5
	return &BasicTransformerBlock{
		Norm1: nn.NewLayerNorm(channels, epsilon),
		Attn1: newAttention(channels, channels, heads),
		Norm2: nn.NewLayerNorm(channels, epsilon),
		Attn2: newAttention(channels, text, heads),
		Norm3: nn.NewLayerNorm(channels, epsilon),
		FF:    FeedForward{Proj: nn.NewLinear(channels, 8*channels), Out: nn.NewLinear(4*channels, channels)},
	}
}

func newAttention(channels, context, heads int) Attention {
	return Attention{
		ToQ:   nn.NewLinearNoBias(channels, channels),
		ToK:   nn.NewLinearNoBias(context, channels),
		ToV:   nn.NewLinearNoBias(context, channels),
		ToOut: nn.NewLinear(channels, channels),
		heads: heads,
	}
}

func (t *Transformer2DModel) forward(b *nn.Build, path string, m nn.FeatureMap, text *G.Node) nn.FeatureMap {
	return m.With(b.Block(func() *G.Node {
		x := t.ProjIn.Forward(t.Norm.Forward(m))
		for i, block := range t.TransformerBlocks {
			x.X = block.forward(b, fmt.Sprintf("%s.transformer_blocks.%d", path, i), x, text)
		}
		return t.ProjOut.ForwardAdd(x, m.X).X
	}))
}

// forward takes x [B, H·W, C] and text [B, T, D].
func (t *BasicTransformerBlock) forward(b *nn.Build, path string, m nn.FeatureMap, text *G.Node) *G.Node {
	x := m.X
	// 1. every position sees every position
	n := t.Norm1.Forward(x)
	x = t.Attn1.forward(b, nn.Site{Path: path + ".attn1", H: m.H, W: m.W}, n, n, x)
	// 2. every position sees the words
	n = t.Norm2.Forward(x)
	x = t.Attn2.forward(b, nn.Site{Path: path + ".attn2", Cross: true, H: m.H, W: m.W}, n, text, x)
	// 3. feed forward
	n = b.Block(func() *G.Node { return nn.GEGLU(t.FF.Proj.Forward(t.Norm3.Forward(x))) })
	return t.FF.Out.ForwardAdd(n, x)
}

func (a Attention) forward(b *nn.Build, s nn.Site, x, context, residual *G.Node) *G.Node {
	s.Heads = a.heads
	s.Q, s.K, s.V = a.ToQ.Forward(x), a.ToK.Forward(context), a.ToV.Forward(context)
	return a.ToOut.ForwardAdd(b.Attend(s), residual)
}
