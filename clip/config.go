package clip

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// TextConfig is the config.json of transformers' CLIPTextModel, or the text_config
// of a CLIPModel.
type TextConfig struct {
	VocabSize     int     `json:"vocab_size"`        // rows of the token embedding
	HiddenSize    int     `json:"hidden_size"`       // channels
	Intermediate  int     `json:"intermediate_size"` // channels between the two layers of each MLP
	Layers        int     `json:"num_hidden_layers"`
	Heads         int     `json:"num_attention_heads"`     // of each layer; they divide hidden_size
	MaxPositions  int     `json:"max_position_embeddings"` // tokens of the longest text
	HiddenAct     string  `json:"hidden_act"`              // an activation that nn.Act knows
	LayerNormEps  float32 `json:"layer_norm_eps"`          // ε of every norm
	EOSTokenID    int     `json:"eos_token_id"`            // see PooledPosition
	ProjectionDim int     `json:"projection_dim"`          // not read: that of the whole Config counts
}

// VisionConfig is the vision_config of transformers' CLIPModel.
type VisionConfig struct {
	HiddenSize   int     `json:"hidden_size"`       // channels
	Intermediate int     `json:"intermediate_size"` // channels between the two layers of each MLP
	Layers       int     `json:"num_hidden_layers"`
	Heads        int     `json:"num_attention_heads"` // of each layer; they divide hidden_size
	Channels     int     `json:"num_channels"`        // of a picture
	ImageSize    int     `json:"image_size"`          // height and width of a picture, in pixels
	PatchSize    int     `json:"patch_size"`          // height and width of a patch, in pixels; it divides image_size
	HiddenAct    string  `json:"hidden_act"`          // an activation that nn.Act knows
	LayerNormEps float32 `json:"layer_norm_eps"`      // ε of every norm
}

// Config is the config.json of transformers' CLIPModel.
type Config struct {
	Text          TextConfig   `json:"text_config"`
	Vision        VisionConfig `json:"vision_config"`
	ProjectionDim int          `json:"projection_dim"`         // channels of the space that text and pictures share
	LogitScale    float32      `json:"logit_scale_init_value"` // before training; the weight logit_scale takes its place
}

// ViTL14Text returns the configuration of CLIP ViT-L/14's text encoder, which is
// that of Stable Diffusion 1.5.
func ViTL14Text() TextConfig {
	return TextConfig{
		VocabSize: 49408, HiddenSize: 768, Intermediate: 3072, Layers: 12, Heads: 12, MaxPositions: 77,
		HiddenAct: "quick_gelu", LayerNormEps: 1e-5, EOSTokenID: 49407, ProjectionDim: 768,
	}
}

// ViTL14 returns the configuration of CLIP ViT-L/14
// (openai/clip-vit-large-patch14).
func ViTL14() Config {
	return Config{
		Text: ViTL14Text(),
		Vision: VisionConfig{
			HiddenSize: 1024, Intermediate: 4096, Layers: 24, Heads: 16, Channels: 3, ImageSize: 224, PatchSize: 14,
			HiddenAct: "quick_gelu", LayerNormEps: 1e-5,
		},
		ProjectionDim: 768, LogitScale: 2.6592,
	}
}

// defaults are those of transformers' classes, which files that leave fields
// out rely on.
func defaults() Config {
	c := ViTL14()
	c.Text.HiddenSize, c.Text.Intermediate, c.Text.Heads, c.Text.ProjectionDim = 512, 2048, 8, 512
	c.Vision.HiddenSize, c.Vision.Intermediate, c.Vision.Layers, c.Vision.Heads, c.Vision.PatchSize = 768, 3072, 12, 12, 32
	c.ProjectionDim = 512
	return c
}

// ReadTextConfig reads the config.json of a CLIPTextModel, or the text_config of a
// CLIPModel, as transformers does, and validates it. A field that the file lacks
// has the default of transformers' class. The error names the file and the field;
// its kinds are those of nn.ReadConfig.
func ReadTextConfig(dir tensor.Dir) (TextConfig, error) {
	var kind struct {
		ModelType string `json:"model_type"`
	}
	if err := nn.ReadJSON(dir, nn.ConfigFile, &kind); err != nil {
		return TextConfig{}, err
	}
	if kind.ModelType == "clip" {
		whole, err := ReadConfig(dir)
		return whole.Text, err
	}
	c := defaults().Text
	if err := nn.ReadConfig(dir, &c, nn.Fixed{Field: "model_type", Value: "clip_text_model"}); err != nil {
		return TextConfig{}, err
	}
	return c, nil
}

// ReadConfig reads the config.json of a CLIPModel and validates it. A field that
// the file lacks has the default of transformers' class. The error names the file
// and the field; its kinds are those of nn.ReadConfig.
func ReadConfig(dir tensor.Dir) (Config, error) {
	c := defaults()
	if err := nn.ReadConfig(dir, &c, nn.Fixed{Field: "model_type", Value: "clip", Hint: "not a whole CLIPModel, text and vision"}); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Validate returns an error, which names the field and its value, if this package
// cannot build the encoder: sizes that do not fit together or are out of range, an
// activation that is not known (nn.ErrUnsupported).
func (c TextConfig) Validate() error {
	if c.VocabSize < 1 || c.MaxPositions < 1 {
		return fmt.Errorf("vocab_size %d and max_position_embeddings %d must be positive", c.VocabSize, c.MaxPositions)
	}
	if err := nn.CheckRanges(
		nn.Range{Field: "vocab_size", Value: c.VocabSize, From: 1, To: maxVocabulary},
		nn.Range{Field: "max_position_embeddings", Value: c.MaxPositions, From: 1, To: maxWidth},
	); err != nil {
		return err
	}
	return validateEncoder(c.HiddenSize, c.Intermediate, c.Layers, c.Heads, c.HiddenAct, c.LayerNormEps)
}

// What a configuration may ask for; CLIP ViT-L/14 has 24 layers, 4096 channels and
// 49408 tokens.
const (
	maxLayers     = 1024
	maxWidth      = 1 << 16
	maxVocabulary = 1 << 24
	maxPicture    = 1 << 12
)

// Validate returns an error if this package cannot build the model, as
// TextConfig.Validate does for the text encoder.
func (c Config) Validate() error {
	if err := c.Text.Validate(); err != nil {
		return fmt.Errorf("text_config: %w", err)
	}
	v := c.Vision
	if err := validateEncoder(v.HiddenSize, v.Intermediate, v.Layers, v.Heads, v.HiddenAct, v.LayerNormEps); err != nil {
		return fmt.Errorf("vision_config: %w", err)
	}
	if v.PatchSize < 1 || v.ImageSize < v.PatchSize || v.ImageSize%v.PatchSize != 0 || v.Channels < 1 {
		return fmt.Errorf("vision_config: image_size %d is no multiple of patch_size %d", v.ImageSize, v.PatchSize)
	}
	if c.ProjectionDim < 1 {
		return fmt.Errorf("projection_dim is %d, want more than 0", c.ProjectionDim)
	}
	return nn.CheckRanges(
		nn.Range{Field: "projection_dim", Value: c.ProjectionDim, From: 1, To: maxWidth},
		nn.Range{Field: "vision_config: image_size", Value: v.ImageSize, From: 1, To: maxPicture},
		nn.Range{Field: "vision_config: num_channels", Value: v.Channels, From: 1, To: maxWidth},
	)
}

func validateEncoder(hidden, intermediate, layers, heads int, act string, eps float32) error {
	if hidden < 1 || intermediate < 1 || layers < 1 || heads < 1 || hidden%heads != 0 {
		return fmt.Errorf("hidden_size %d, intermediate_size %d, num_hidden_layers %d and num_attention_heads %d: all must be positive, hidden_size a multiple of the heads", hidden, intermediate, layers, heads)
	}
	if !(eps >= 0 && eps <= 1) {
		return fmt.Errorf("layer_norm_eps is %g, want 0 to 1", eps)
	}
	if err := nn.CheckRanges(
		nn.Range{Field: "hidden_size", Value: hidden, From: 1, To: maxWidth},
		nn.Range{Field: "intermediate_size", Value: intermediate, From: 1, To: 4 * maxWidth},
		nn.Range{Field: "num_hidden_layers", Value: layers, From: 1, To: maxLayers},
	); err != nil {
		return err
	}
	if _, err := nn.Act(act); err != nil {
		return fmt.Errorf("hidden_act: %w", err)
	}
	return nil
}
