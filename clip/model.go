package clip

import (
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Model is a CLIPModel: text and pictures in one space.
type Model struct {
	TextModel        *Text
	VisionModel      *Vision
	TextProjection   nn.Linear
	VisualProjection nn.Linear
	LogitScale       *nn.Weight

	Config Config `weight:"-"`
}

// New returns an unloaded model: nn.Load or nn.Randomize gives it weights. One of
// a configuration that does not pass Validate has none, and its graphs are refused.
func New(c Config) *Model {
	if c.Validate() != nil {
		return &Model{Config: c}
	}
	return &Model{
		TextModel:        NewText(c.Text),
		VisionModel:      newVision(c.Vision),
		TextProjection:   nn.NewLinearNoBias(c.Text.HiddenSize, c.ProjectionDim),
		VisualProjection: nn.NewLinearNoBias(c.Vision.HiddenSize, c.ProjectionDim),
		LogitScale:       nn.NewWeight(),
		Config:           c,
	}
}

// TextEmbeds maps token ids [B, T] and the position of each text's pooled
// token [B] (TextConfig.PooledPosition), whole numbers stored as float32, to
// projected embeddings [B, projection_dim], not normalised.
func (m *Model) TextEmbeds(b *nn.Build, ids, pooled *G.Node) *G.Node {
	m.check()
	return m.TextProjection.Forward(nn.SelectPositions(m.TextModel.Forward(b, ids), pooled))
}

// ImageEmbeds maps a normalised picture [B, image_size², num_channels] to
// projected embeddings [B, projection_dim], not normalised.
func (m *Model) ImageEmbeds(b *nn.Build, picture nn.FeatureMap) *G.Node {
	m.check()
	return m.VisualProjection.Forward(m.VisionModel.Forward(b, picture))
}

// check panics where New had nothing to build.
func (m *Model) check() {
	if err := m.Config.Validate(); err != nil {
		panic("clip: " + err.Error())
	}
}
