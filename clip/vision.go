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

// VisionEmbeddings makes tokens of a picture, embeddings: one of each patch, behind
// a learned one for the class, with the vectors of their positions added. With N
// patches it gives [B, N+1, C].
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

// Forward maps a normalised picture m [B, image_size², num_channels] to the
// pooled state, [B, hidden_size].
func (v *Vision) Forward(b *nn.Build, m nn.FeatureMap) *G.Node {
	c := v.Config
	if m.H != c.ImageSize || m.W != c.ImageSize {
		panic(fmt.Sprintf("clip: picture of %d×%d, want %d×%d", m.H, m.W, c.ImageSize, c.ImageSize))
	}
	x := v.Embeddings.PatchEmbedding.Forward(m).X
	x = nn.PrependToken(v.Embeddings.ClassEmbedding, x)
	x = v.PreLayerNorm.Forward(v.Embeddings.PositionEmbedding.AddPositions(x))
	x = v.Encoder.forward(b, "vision_model.encoder", x, false)
	batch := x.Shape()[0]
	class := nn.Reshape(nn.SlicePositions(x, 0, 1), batch, c.HiddenSize)
	return v.PostLayernorm.Forward(class)
}
