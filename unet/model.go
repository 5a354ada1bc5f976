package unet

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Model is a UNet2DConditionModel, [B, in_channels, h, w] to
// [B, out_channels, h, w]. Its fields, and those of the blocks they lead to, are
// the keys of the checkpoint: conv_in.weight, time_embedding.linear_1.weight,
// down_blocks.0.resnets.0.norm1.weight and so on (nn.Params lists them). C₀ is
// the first of block_out_channels.
type Model struct {
	ConvIn        nn.Conv2D // 3×3, in_channels to C₀
	TimeEmbedding TimestepEmbedding
	DownBlocks    []*DownBlock2D
	MidBlock      MidBlock2D
	UpBlocks      []*UpBlock2D
	ConvNormOut   nn.GroupNorm // of C₀
	ConvOut       nn.Conv2D    // 3×3, C₀ to out_channels

	Config Config `weight:"-"`
}

// TimestepEmbedding is the two linear layers that a timestep's sinusoidal embedding
// goes through, time_embedding, with SiLU between them: [B, C₀] to [B, 4·C₀].
type TimestepEmbedding struct {
	Linear1 nn.Linear `weight:"linear_1"`
	Linear2 nn.Linear `weight:"linear_2"`
}

// New returns a model without weights: nn.Load or nn.Randomize gives it some. The
// error is that of c.Validate, as nn.ErrArgument.
func New(c Config) (*Model, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("unet: %w%.0w", err, nn.ErrArgument)
	}
	first := c.BlockOutChannels[0]
	m := &Model{
		ConvIn:        nn.NewConv2D(c.InChannels, first, 3, 1),
		TimeEmbedding: TimestepEmbedding{Linear1: nn.NewLinear(first, 4*first), Linear2: nn.NewLinear(4*first, 4*first)},
		MidBlock:      newMidBlock(c),
		ConvNormOut:   nn.NewGroupNorm(first, c.NormNumGroups, c.NormEps),
		ConvOut:       nn.NewConv2D(first, c.OutChannels, 3, 1),
		Config:        c,
	}
	in := first
	for i := range c.BlockOutChannels {
		m.DownBlocks = append(m.DownBlocks, newDownBlock(c, i, in))
		in = c.BlockOutChannels[i]
	}
	for i := range c.BlockOutChannels {
		m.UpBlocks = append(m.UpBlocks, newUpBlock(c, i))
	}
	return m, nil
}

// Forward returns the noise that the model predicts in sample, a noisy latent
// [B, in_channels, h, w], at timestep [B], given text [B, T, cross_attention_dim],
// the hidden states of the text encoder. The noise is [B, out_channels, h, w]; of
// a model that predicts v, it is v. h and w must be multiples of Config.Factor.
// Other shapes are a panic, which nn.Compile turns into an error.
func (m *Model) Forward(b *nn.Build, sample, timestep, text *G.Node) *G.Node {
	m.checkShapes(sample.Shape(), timestep.Shape(), text.Shape())
	s := sample.Shape()
	// 1. timestep
	temb := nn.TimestepEmbedding(timestep, m.Config.BlockOutChannels[0], m.Config.FlipSinToCos, m.Config.FreqShift)
	temb = m.TimeEmbedding.Linear2.Forward(nn.SiLU(m.TimeEmbedding.Linear1.Forward(temb)))
	temb = nn.SiLU(temb) // every resnet starts with it
	// 2. down; the way up reads every output
	x := m.ConvIn.Forward(nn.FeatureMap{X: nn.ChannelsLast(sample), H: s[2], W: s[3]})
	skips := []nn.FeatureMap{x}
	for i, block := range m.DownBlocks {
		x = block.forward(b, fmt.Sprintf("down_blocks.%d", i), x, temb, text, &skips)
	}
	// 3. middle
	x = m.MidBlock.forward(b, "mid_block", x, temb, text)
	// 4. up, joined to the outputs of the way down
	for i, block := range m.UpBlocks {
		x = block.forward(b, fmt.Sprintf("up_blocks.%d", i), x, temb, text, &skips)
	}
	// 5. out
	x = m.ConvOut.Forward(m.ConvNormOut.ForwardSiLU(x))
	return nn.ChannelsFirst(x.X, x.H, x.W)
}

func (m *Model) checkShapes(sample, timestep, text gt.Shape) {
	f := m.Config.Factor()
	if len(sample) != 4 || sample[1] != m.Config.InChannels || sample[2]%f != 0 || sample[3]%f != 0 {
		panic(fmt.Sprintf("unet: sample of shape %v, want [batch, %d, height, width] with height and width multiples of %d", sample, m.Config.InChannels, f))
	}
	if len(timestep) != 1 || timestep[0] != sample[0] {
		panic(fmt.Sprintf("unet: timestep of shape %v, want [%d]", timestep, sample[0]))
	}
	if len(text) != 3 || text[0] != sample[0] || text[2] != m.Config.CrossAttentionDim {
		panic(fmt.Sprintf("unet: text of shape %v, want [%d, tokens, %d]", text, sample[0], m.Config.CrossAttentionDim))
	}
}

// Site is an attention layer, for latents of a certain size.
type Site struct {
	Path string // in the checkpoint, such as "mid_block.attentions.0.transformer_blocks.0.attn2"
	H, W int    // of the feature map whose positions its queries are
}

// CrossSites returns the cross-attention layers for latents of h×w, in the order
// of the forward pass.
func (m *Model) CrossSites(h, w int) []Site {
	var sites []Site
	add := func(path string, ts []*Transformer2DModel, level int) {
		for i, t := range ts {
			for j := range t.TransformerBlocks {
				sites = append(sites, Site{fmt.Sprintf("%s.attentions.%d.transformer_blocks.%d.attn2", path, i, j), h >> level, w >> level})
			}
		}
	}
	last := len(m.DownBlocks) - 1
	for i, d := range m.DownBlocks {
		add(fmt.Sprintf("down_blocks.%d", i), d.Attentions, i)
	}
	add("mid_block", m.MidBlock.Attentions, last)
	for i, u := range m.UpBlocks {
		add(fmt.Sprintf("up_blocks.%d", i), u.Attentions, last-i)
	}
	return sites
}
