package unet

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Model is a UNet2DConditionModel.
type Model struct {
	ConvIn        nn.Conv2D
	TimeEmbedding timeEmbedding
	DownBlocks    []*downBlock
	MidBlock      midBlock
	UpBlocks      []*upBlock
	ConvNormOut   nn.GroupNorm
	ConvOut       nn.Conv2D

	Config Config `weight:"-"`
}

type timeEmbedding struct {
	Linear1 nn.Linear `weight:"linear_1"`
	Linear2 nn.Linear `weight:"linear_2"`
}

type downBlock struct {
	Resnets      []*resnet
	Attentions   []*transformer // none, or one for each resnet
	Downsamplers []*sampler
}

type midBlock struct {
	Resnets    []*resnet // one more than attentions
	Attentions []*transformer
}

type upBlock struct {
	Resnets    []*resnet
	Attentions []*transformer
	Upsamplers []*sampler
}

type sampler struct{ Conv nn.Conv2D }

// New returns an unloaded model: nn.Load or nn.Randomize gives it weights. The
// error is that of c.Validate.
func New(c Config) (*Model, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("unet: %w", err)
	}
	first, last := c.BlockOutChannels[0], len(c.BlockOutChannels)-1
	deepest := c.BlockOutChannels[last]
	m := &Model{
		ConvIn:        nn.NewConv2D(c.InChannels, first, 3, 1),
		TimeEmbedding: timeEmbedding{Linear1: nn.NewLinear(first, 4*first), Linear2: nn.NewLinear(4*first, 4*first)},
		MidBlock: midBlock{
			Resnets:    []*resnet{newResnet(c, deepest, deepest), newResnet(c, deepest, deepest)},
			Attentions: []*transformer{newTransformer(c, last, c.TransformerLayers.At(last))},
		},
		ConvNormOut: nn.NewGroupNorm(first, c.NormNumGroups, c.NormEps),
		ConvOut:     nn.NewConv2D(first, c.OutChannels, 3, 1),
		Config:      c,
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

func newDownBlock(c Config, i, in int) *downBlock {
	out := c.BlockOutChannels[i]
	block := &downBlock{}
	for range c.LayersPerBlock.At(i) {
		block.Resnets = append(block.Resnets, newResnet(c, in, out))
		if c.DownBlockTypes[i] == crossDown {
			block.Attentions = append(block.Attentions, newTransformer(c, i, c.TransformerLayers.At(i)))
		}
		in = out
	}
	if i < len(c.BlockOutChannels)-1 {
		down := &sampler{Conv: nn.NewConv2D(out, out, 3, 2)}
		down.Conv.PadBefore, down.Conv.PadAfter = c.DownsamplePadding, c.DownsamplePadding
		block.Downsamplers = []*sampler{down}
	}
	return block
}

// newUpBlock makes block i of the way up, which mirrors block level of the way
// down. Its resnets take the output of the one before and, joined to it, one
// output of the way down each.
func newUpBlock(c Config, i int) *upBlock {
	level := len(c.BlockOutChannels) - 1 - i
	out := c.BlockOutChannels[level]
	prev := c.BlockOutChannels[min(level+1, len(c.BlockOutChannels)-1)]
	below := c.BlockOutChannels[max(level-1, 0)] // what the level's first resnet got on the way down
	block := &upBlock{}
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
		block.Upsamplers = []*sampler{{Conv: nn.NewConv2D(out, out, 3, 1)}}
	}
	return block
}

// Forward predicts the noise in sample [B, in_channels, h, w] at timestep [B],
// given the text encoder's output text [B, T, cross_attention_dim]:
// [B, out_channels, h, w]. Height and width must be multiples of
// Config.Factor. It panics on other shapes; nn.Compile makes that an error.
func (m *Model) Forward(b *nn.Build, sample, timestep, text *G.Node) *G.Node {
	m.checkShapes(sample.Shape(), timestep.Shape(), text.Shape())
	s := sample.Shape()
	// 1. timestep
	temb := nn.TimestepEmbedding(timestep, m.Config.BlockOutChannels[0], m.Config.FlipSinToCos, m.Config.FreqShift)
	temb = m.TimeEmbedding.Linear2.Forward(nn.SiLU(m.TimeEmbedding.Linear1.Forward(temb)))
	temb = nn.SiLU(temb) // every resnet starts with it
	// 2. down, keeping every output
	x := m.ConvIn.Forward(nn.FeatureMap{X: nn.ChannelsLast(sample), H: s[2], W: s[3]})
	skips := []nn.FeatureMap{x}
	for i, block := range m.DownBlocks {
		x = block.forward(b, fmt.Sprintf("down_blocks.%d", i), x, temb, text, &skips)
	}
	// 3. middle
	x = m.MidBlock.Resnets[0].forward(b, x, temb)
	for i, t := range m.MidBlock.Attentions {
		x = t.forward(b, fmt.Sprintf("mid_block.attentions.%d", i), x, text)
		x = m.MidBlock.Resnets[i+1].forward(b, x, temb)
	}
	// 4. up, joining the outputs kept on the way down
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

func (d *downBlock) forward(b *nn.Build, path string, x nn.FeatureMap, temb, text *G.Node, skips *[]nn.FeatureMap) nn.FeatureMap {
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

func (u *upBlock) forward(b *nn.Build, path string, x nn.FeatureMap, temb, text *G.Node, skips *[]nn.FeatureMap) nn.FeatureMap {
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

// Site is an attention layer of the model and the size of the picture that its
// queries are, for a latent of a given size.
type Site struct {
	Path string
	H, W int
}

// CrossSites lists the cross-attention layers in the order of the forward pass,
// for a latent of h×w.
func (m *Model) CrossSites(h, w int) []Site {
	var sites []Site
	add := func(path string, ts []*transformer, level int) {
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
