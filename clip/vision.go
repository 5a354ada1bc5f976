package clip

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Vision is a CLIPVisionModel, vision_model in a CLIPModel: a normalised picture
// [B, image_size², num_channels] to one vector, [B, C] with C = hidden_size.
type Vision struct {
	Embeddings    VisionEmbeddings
	PreLayerNorm  nn.LayerNorm `weight:"pre_layrnorm"` // spelled so in the checkpoint
	Encoder       Encoder
	PostLayernorm nn.LayerNorm

	Config VisionConfig `weight:"-"`
}

// VisionEmbeddings turns pictures into vectors, embeddings: the learned one of the
// class token, then one made of each patch, to which those of their positions are
// added. With N patches the result is [B, N+1, C].
type VisionEmbeddings struct {
	ClassEmbedding    *nn.Weight   // [C]
	PatchEmbedding    nn.Conv2D    // patch_size×patch_size, num_channels to C, no bias
	PositionEmbedding nn.Embedding // [N+1, C]
}

func newVision(c VisionConfig) *Vision {
	side := c.ImageSize / c.PatchSize
	return &Vision{
		Embeddings: VisionEmbeddings{
			ClassEmbedding:    nn.NewWeight(c.HiddenSize),
			PatchEmbedding:    nn.Conv2D{Weight: nn.NewWeight(c.HiddenSize, c.Channels, c.PatchSize, c.PatchSize), Stride: c.PatchSize},
			PositionEmbedding: nn.NewEmbedding(side*side+1, c.HiddenSize),
		},
		PreLayerNorm:  nn.NewLayerNorm(c.HiddenSize, c.LayerNormEps),
		Encoder:       newEncoder(c.HiddenSize, c.Intermediate, c.Layers, c.Heads, c.HiddenAct, c.LayerNormEps),
		PostLayernorm: nn.NewLayerNorm(c.HiddenSize, c.LayerNormEps),
		Config:        c,
	}
}

// Forward returns the hidden states of the class token after the last norm,
// [B, hidden_size], which stand for the pictures m [B, image_size², num_channels],
// normalised as Model.ImageEmbeds has it: Pool of Tokens.
func (v *Vision) Forward(b *nn.Build, m nn.FeatureMap) *G.Node { return v.Pool(v.Tokens(b, m)) }

// Tokens returns the hidden states of the last layer, [B, N+1, hidden_size], of
// pictures m [B, image_size², num_channels], normalised as Model.ImageEmbeds has it:
// those of the class token, then of each of the N patches, row by row: Encode of
// Embed. Other sizes are a panic, which nn.Compile turns into an error.
func (v *Vision) Tokens(b *nn.Build, m nn.FeatureMap) *G.Node { return v.Encode(b, v.Embed(b, m)) }

// Embed returns what the layers read of pictures, as Tokens takes them: the class
// token and a vector for each patch, with that of its position added, before the
// first norm, [B, N+1, hidden_size].
func (v *Vision) Embed(b *nn.Build, m nn.FeatureMap) *G.Node {
	c := v.Config
	if m.H != c.ImageSize || m.W != c.ImageSize {
		panic(fmt.Sprintf("clip: picture of %d×%d, want %d×%d", m.H, m.W, c.ImageSize, c.ImageSize))
	}
	x := v.Embeddings.PatchEmbedding.Forward(m).X
	x = nn.PrependToken(v.Embeddings.ClassEmbedding, x)
	return v.Embeddings.PositionEmbedding.AddPositions(x)
}

// Encode returns the hidden states of the last layer for tokens x as Embed gives
// them, all of a picture or some, such as the class token and those of a window:
// [B, n, hidden_size] to the same shape.
func (v *Vision) Encode(b *nn.Build, x *G.Node) *G.Node {
	return v.Encoder.forward(b, visionPath, v.PreLayerNorm.Forward(x), false)
}

const visionPath = "vision_model.encoder"

// Pool returns the class token's hidden state of x [B, N+1, hidden_size], which
// Tokens gives, after the last norm: [B, hidden_size].
func (v *Vision) Pool(x *G.Node) *G.Node {
	class := nn.Reshape(nn.SlicePositions(x, 0, 1), x.Shape()[0], v.Config.HiddenSize)
	return v.PostLayernorm.Forward(class)
}
