package vision

import (
	"context"
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/sdgraph/sdgraph/nn"
)

// DINOv2 is a vision transformer that learned from pictures without labels (Oquab et al., arXiv 2304.07193), and the same
// with registers (Darcet et al., arXiv 2309.16588), with the names of transformers' files: what its patches are like is
// what AnomalyDINO compares. Pictures are of any height and width that the patches of 14 pixels divide.
type DINOv2 struct {
	Embeddings DINOv2Embeddings
	Encoder    DINOv2Encoder
	Layernorm  nn.LayerNorm

	config DINOv2Config
}

// DINOv2Embeddings turn a picture into tokens: the learned one of the class, registers, and one made of each patch. The
// first and the last have learned vectors of their positions added.
type DINOv2Embeddings struct {
	ClsToken           *nn.Weight // [1, 1, C]
	RegisterTokens     *nn.Weight // [1, registers, C]; nil for none
	PositionEmbeddings *nn.Weight // [1, 1+N, C]: of the class, and of N patches of a square picture, row by row
	PatchEmbeddings    DINOv2Patches
}

// DINOv2Patches is embeddings.patch_embeddings: a convolution, one step a patch.
type DINOv2Patches struct{ Projection nn.Conv2D }

// DINOv2Encoder is encoder: layer.0 and so on.
type DINOv2Encoder struct{ Layer []*DINOv2Layer }

// DINOv2Layer is self-attention and a feed-forward layer, [B, n, C] to the same shape. Each reads its input normalised,
// and what it makes of it is multiplied by a learned factor for each channel and added to the input.
type DINOv2Layer struct {
	Norm1       nn.LayerNorm
	Attention   DINOv2Attention
	LayerScale1 *nn.LayerScale
	Norm2       nn.LayerNorm
	MLP         DINOv2MLP
	LayerScale2 *nn.LayerScale
}

// DINOv2Attention is attention of a layer, with the names attention.attention.query and attention.output.dense.
type DINOv2Attention struct {
	Attention struct{ Query, Key, Value nn.Linear }
	Output    struct{ Dense nn.Linear }
}

// DINOv2MLP is mlp of a layer: two linear layers with GELU between them.
type DINOv2MLP struct{ FC1, FC2 nn.Linear }

// smallDINO is how many channels the largest network has whose weights stay packed (nn.KeepPacked): ViT-S/14.
const smallDINO = 384

// dinoPatch is the side of a patch, and dinoEpsilon that of all norms.
const dinoPatch, dinoEpsilon = 14, 1e-6

// NewDINOv2 returns a network without weights: Load, or nn.Randomize, gives it some. Sizes that make no sense are
// nn.ErrArgument.
func NewDINOv2(c DINOv2Config) (*DINOv2, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("DINOv2: %w%.0w", err, nn.ErrArgument)
	}
	return newDINOv2(c), nil
}

func newDINOv2(c DINOv2Config) *DINOv2 {
	n := &DINOv2{config: c, Layernorm: nn.NewLayerNorm(c.HiddenSize, dinoEpsilon)}
	n.Embeddings = DINOv2Embeddings{
		ClsToken:           nn.NewWeight(1, 1, c.HiddenSize),
		PositionEmbeddings: nn.NewWeight(1, 1+c.Grid*c.Grid, c.HiddenSize),
		PatchEmbeddings: DINOv2Patches{nn.Conv2D{
			Weight: nn.NewWeight(c.HiddenSize, 3, dinoPatch, dinoPatch), Bias: nn.NewWeight(c.HiddenSize), Stride: dinoPatch,
		}},
	}
	if c.Registers > 0 {
		n.Embeddings.RegisterTokens = nn.NewWeight(1, c.Registers, c.HiddenSize)
	}
	for range c.Layers {
		n.Encoder.Layer = append(n.Encoder.Layer, newDINOv2Layer(c.HiddenSize))
	}
	if c.HiddenSize <= smallDINO {
		if err := nn.KeepPacked(n); err != nil {
			panic(err) // no two fields have one path
		}
	}
	return n
}

func newDINOv2Layer(channels int) *DINOv2Layer {
	const wider = 4
	square := func() nn.Linear { return nn.NewLinear(channels, channels) }
	l := &DINOv2Layer{
		Norm1: nn.NewLayerNorm(channels, dinoEpsilon), LayerScale1: nn.NewLayerScale(channels),
		Norm2: nn.NewLayerNorm(channels, dinoEpsilon), LayerScale2: nn.NewLayerScale(channels),
		MLP: DINOv2MLP{nn.NewLinear(channels, wider*channels), nn.NewLinear(wider*channels, channels)},
	}
	l.Attention.Attention.Query, l.Attention.Attention.Key, l.Attention.Attention.Value = square(), square(), square()
	l.Attention.Output.Dense = square()
	return l
}

// Config returns what the network was made of.
func (n *DINOv2) Config() DINOv2Config { return n.config }

// Scaling returns ImageNet.
func (n *DINOv2) Scaling() Scaling { return ImageNet }

// lastNorm is the layer behind all others.
const lastNorm = "layernorm"

// Layers returns the names that Features takes: "encoder.layer.0" and so on, and "layernorm", what the last norm makes of
// the last one. Their feature maps have a pixel for each patch of 14×14.
func (n *DINOv2) Layers() []string { return names(n.stages(nil)) }

// Features returns the patches' tokens behind the named layers for a picture [B, H·W, 3], H and W multiples of 14, in the
// order of the names: [B, H/14·W/14, C], without those of the class and of registers. Nothing behind the last one enters
// the graph. A name that Layers has not, and a picture of another shape, are a panic, which nn.Compile turns into an error.
func (n *DINOv2) Features(b *nn.Build, picture nn.FeatureMap, layers ...string) []nn.FeatureMap {
	maps := features(n.config.name(), n.embed(picture), n.stages(b), layers)
	for i, m := range maps {
		maps[i] = m.With(nn.SlicePositions(m.X, n.before(), m.X.Shape()[1]))
	}
	return maps
}

// Pooled returns the class's token behind the last norm, [B, C].
func (n *DINOv2) Pooled(b *nn.Build, picture nn.FeatureMap) *G.Node {
	last := through(n.embed(picture), n.stages(b)).X
	return nn.Reshape(nn.SlicePositions(last, 0, 1), last.Shape()[0], n.config.HiddenSize)
}

// before is how many tokens come before those of patches.
func (n *DINOv2) before() int { return 1 + n.config.Registers }

// embed returns all tokens of a picture, as a feature map of its patches.
func (n *DINOv2) embed(picture nn.FeatureMap) nn.FeatureMap {
	check(n.config.name(), picture)
	if picture.H%dinoPatch != 0 || picture.W%dinoPatch != 0 {
		panic(fmt.Sprintf("%s: a picture of %d×%d, want multiples of %d", n.config.name(), picture.H, picture.W, dinoPatch))
	}
	e := n.Embeddings
	x := e.PatchEmbeddings.Projection.Forward(picture)
	if e.RegisterTokens != nil {
		x = x.With(nn.PrependToken(e.RegisterTokens, x.X))
	}
	x = x.With(nn.PrependToken(e.ClsToken, x.X))
	return x.With(nn.AddConstant(x.X, n.positions(x.H, x.W, x.X.Shape()[0])))
}

func (n *DINOv2) stages(b *nn.Build) []stage {
	var all []stage
	for i, l := range n.Encoder.Layer {
		name := fmt.Sprintf("encoder.layer.%d", i)
		all = append(all, stage{name, func(x nn.FeatureMap) nn.FeatureMap { return x.With(l.forward(b, name, n.config.Heads, x.X)) }})
	}
	return append(all, stage{lastNorm, func(x nn.FeatureMap) nn.FeatureMap { return x.With(n.Layernorm.Forward(x.X)) }})
}

func (l *DINOv2Layer) forward(b *nn.Build, name string, heads int, x *G.Node) *G.Node {
	h, a := l.Norm1.Forward(x), l.Attention.Attention
	site := nn.Site{Path: name + ".attention", Heads: heads, Q: a.Query.Forward(h), K: a.Key.Forward(h), V: a.Value.Forward(h)}
	x = l.LayerScale1.Fold(l.Attention.Output.Dense).ForwardAdd(b.Attend(site), x)
	h = nn.GELU(l.MLP.FC1.Forward(l.Norm2.Forward(x)))
	return l.LayerScale2.Fold(l.MLP.FC2).ForwardAdd(h, x)
}

// Load gives the network the weights of a source by the names of transformers or of the official files, which are timm's
// too; but timm's networks with registers have no position of the class and are not taken. One error, tensor.ErrDamaged, lists all that does not fit; of another architecture it says which that looks like.
func (n *DINOv2) Load(ctx context.Context, src nn.Source) error {
	return load(ctx, n, n.config.name(), dinoNames(src), nn.WithIgnore("mask_token"))
}
