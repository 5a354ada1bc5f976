package clip

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Model is a CLIPModel: text and pictures in one space. Its fields, and those of
// the layers they lead to, are the keys of the checkpoint:
// text_model.embeddings.token_embedding.weight, visual_projection.weight and so on
// (nn.Params lists them).
type Model struct {
	TextModel        *Text
	VisionModel      *Vision
	TextProjection   nn.Linear  // the text's hidden_size to projection_dim, no bias
	VisualProjection nn.Linear  // the vision encoder's hidden_size to projection_dim, no bias
	LogitScale       *nn.Weight // scalar: the logarithm of what cosines are multiplied by

	Config Config `weight:"-"`
}

// New returns a model without weights: nn.Load or nn.Randomize gives it some. The
// error is that of c.Validate, as nn.ErrArgument.
func New(c Config) (*Model, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("clip: %w%.0w", err, nn.ErrArgument)
	}
	return &Model{
		TextModel:        newText(c.Text),
		VisionModel:      newVision(c.Vision),
		TextProjection:   nn.NewLinearNoBias(c.Text.HiddenSize, c.ProjectionDim),
		VisualProjection: nn.NewLinearNoBias(c.Vision.HiddenSize, c.ProjectionDim),
		LogitScale:       nn.NewWeight(),
		Config:           c,
	}, nil
}

// TextEmbeds returns the embeddings of texts in the space that they share with
// pictures, [B, projection_dim], not normalised. ids are token ids [B, T], and
// pooled is the position in each text that stands for it, [B]
// (TextConfig.PooledPosition); both are whole numbers stored as float32. Other
// shapes are a panic, which nn.Compile turns into an error.
func (m *Model) TextEmbeds(b *nn.Build, ids, pooled *G.Node) *G.Node {
	return m.TextProjection.Forward(nn.SelectPositions(m.TextModel.Forward(b, ids), pooled))
}

// ImageEmbeds returns the embeddings of pictures in the space that they share with
// texts, [B, projection_dim], not normalised. The pictures are
// [B, image_size², num_channels], in [0, 1] less the mean of CLIP's training set
// and divided by its standard deviation (diffusion.CLIP.PictureForCLIP). Other
// shapes are a panic, which nn.Compile turns into an error.
func (m *Model) ImageEmbeds(b *nn.Build, picture nn.FeatureMap) *G.Node {
	return m.VisualProjection.Forward(m.VisionModel.Forward(b, picture))
}
