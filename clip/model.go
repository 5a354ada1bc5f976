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

// New returns an unloaded model: nn.Load or nn.Randomize gives it weights. The
// error is that of c.Validate.
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

// TextEmbeds maps token ids [B, T] and the position of each text's pooled
// token [B] (TextConfig.PooledPosition), whole numbers stored as float32, to
// projected embeddings [B, projection_dim], not normalised.
func (m *Model) TextEmbeds(b *nn.Build, ids, pooled *G.Node) *G.Node {
	return m.TextProjection.Forward(nn.SelectPositions(m.TextModel.Forward(b, ids), pooled))
}

// ImageEmbeds maps a normalised picture [B, image_size², num_channels] to
// projected embeddings [B, projection_dim], not normalised.
func (m *Model) ImageEmbeds(b *nn.Build, picture nn.FeatureMap) *G.Node {
	return m.VisualProjection.Forward(m.VisionModel.Forward(b, picture))
}
