package clip

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// openCLIPFile says how a model of open_clip is built: its repositories on the hub have it beside
// open_clip_model.safetensors.
const openCLIPFile, openCLIPWeights = "open_clip_config.json", "open_clip_model"

// ViTB16Plus240 returns the configuration of open_clip's ViT-B-16-plus-240, which WinCLIP and PromptAD look through:
// pictures of 240×240 in 15×15 patches, GELU, 640 shared dimensions.
//
// Its weights are those of the hub's timm/vit_base_patch16_plus_clip_240.laion400m_e31. open_clip's tag laion400m_e32,
// which PromptAD names, has the address of laion400m_e31 there.
func ViTB16Plus240() Config {
	c := openCLIPConfig{EmbedDim: 640}
	c.Vision.ImageSize, c.Vision.Layers, c.Vision.Width, c.Vision.PatchSize = 240, 12, 896, 16
	c.Text.Width, c.Text.Heads, c.Text.Layers = 640, 10, 12
	return c.config()
}

// openCLIPConfig is the model_cfg of open_clip. What its classes have in a field that is 0 here, config says.
type openCLIPConfig struct {
	EmbedDim  int  `json:"embed_dim"`
	QuickGELU bool `json:"quick_gelu"`
	Vision    struct {
		ImageSize int     `json:"image_size"`
		Layers    int     `json:"layers"`
		Width     int     `json:"width"`
		HeadWidth int     `json:"head_width"`
		PatchSize int     `json:"patch_size"`
		MLPRatio  float64 `json:"mlp_ratio"`
	} `json:"vision_cfg"`
	Text struct {
		ContextLength int     `json:"context_length"`
		VocabSize     int     `json:"vocab_size"`
		Width         int     `json:"width"`
		Heads         int     `json:"heads"`
		Layers        int     `json:"layers"`
		MLPRatio      float64 `json:"mlp_ratio"`
	} `json:"text_cfg"`
}

// readOpenCLIPConfig reads the open_clip_config.json of a directory. What it does not say is as open_clip's classes have
// it. A model that is built otherwise is nn.ErrUnsupported; a file that makes no sense is tensor.ErrDamaged.
func readOpenCLIPConfig(dir tensor.Dir) (Config, Colours, error) {
	var file struct {
		Model      map[string]json.RawMessage `json:"model_cfg"`
		Preprocess struct {
			Mean []float32 `json:"mean"`
			Std  []float32 `json:"std"`
		} `json:"preprocess_cfg"`
	}
	path := dir.Path(openCLIPFile)
	if err := nn.ReadJSON(dir, openCLIPFile, &file); err != nil {
		return Config{}, Colours{}, err
	}
	colours := Colours{file.Preprocess.Mean, file.Preprocess.Std}.orElse(DefaultColours())
	if err := colours.check(); err != nil {
		return Config{}, Colours{}, fmt.Errorf("%s: preprocess_cfg: %w%.0w", path, err, tensor.ErrDamaged)
	}
	if err := onlyPlain(file.Model); err != nil {
		return Config{}, Colours{}, fmt.Errorf("%s: model_cfg: %w", path, err)
	}
	var c openCLIPConfig
	text, err := json.Marshal(file.Model)
	if err == nil {
		err = nn.UnmarshalJSON(text, &c)
	}
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return Config{}, Colours{}, fmt.Errorf("%s: model_cfg: %w%.0w", path, err, tensor.ErrDamaged)
	}
	return c.config(), colours, nil
}

// Fields that a model of this package may have, and those that may be there if they say nothing.
var (
	plainFields = map[string][]string{
		"":           {"embed_dim", "quick_gelu", "vision_cfg", "text_cfg"},
		"vision_cfg": {"image_size", "layers", "width", "head_width", "patch_size", "mlp_ratio"},
		"text_cfg":   {"context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio"},
	}
	// how weights begin in training, in what precision, and which classes tokenise
	idleFields = []string{"init_logit_scale", "init_logit_bias", "cast_dtype", "output_dict", "hf_tokenizer_name", "tokenizer_kwargs", "patch_dropout"}
	idleValues = []string{"null", "false", "0", "0.0", `""`}
)

// onlyPlain returns nn.ErrUnsupported for the first field that asks for another architecture: a ResNet, a tower of timm
// or transformers, attention pooling, layer scale and so on.
func onlyPlain(fields map[string]json.RawMessage) error {
	for _, part := range []string{"", "vision_cfg", "text_cfg"} {
		of := fields
		if part != "" {
			of = nil
			if err := nn.UnmarshalJSON(fields[part], &of); err != nil || of == nil {
				return fmt.Errorf("%s is not there, or no object%.0w", part, tensor.ErrDamaged)
			}
		}
		for _, name := range sortedKeys(of) {
			resNet := name == "layers" && strings.HasPrefix(string(of[name]), "[") // how many blocks each stage has
			if plain := slices.Contains(plainFields[part], name) && !resNet; plain || slices.Contains(idleFields, name) || slices.Contains(idleValues, string(of[name])) {
				continue
			}
			return fmt.Errorf("%s is %.60s: want a model without, such as ViT-B-16-plus-240%.0w", strings.TrimPrefix(part+"."+name, "."), of[name], nn.ErrUnsupported)
		}
	}
	return nil
}

// check returns an error for numbers that config could not make sense of. The rest is Config.Validate's.
func (c openCLIPConfig) check() error {
	for _, r := range []float64{c.Vision.MLPRatio, c.Text.MLPRatio} {
		if !(r >= 0 && r <= 64) {
			return fmt.Errorf("mlp_ratio is %v, want more than 0 and at most 64", r)
		}
	}
	if h := c.Vision.HeadWidth; h < 0 || h > maxWidth {
		return fmt.Errorf("vision_cfg.head_width is %d, want 1 to %d", h, maxWidth)
	}
	return c.config().Validate()
}

// config is the same model as transformers would write it, with the defaults of open_clip's classes.
func (c openCLIPConfig) config() Config {
	or := func(n, usual int) int {
		if n == 0 {
			return usual
		}
		return n
	}
	times := func(width int, ratio float64) int {
		if ratio == 0 {
			ratio = 4
		}
		return int(float64(width) * ratio)
	}
	act := "gelu"
	if c.QuickGELU {
		act = "quick_gelu"
	}
	v, t := c.Vision, c.Text
	width, textWidth := or(v.Width, 768), or(t.Width, 512)
	const (
		epsilon  = 1e-5 // torch's
		endToken = 2    // as transformers says that a text is read where its id is highest, which is open_clip's rule
	)
	return Config{
		Text: TextConfig{
			VocabSize: or(t.VocabSize, 49408), HiddenSize: textWidth, Intermediate: times(textWidth, t.MLPRatio),
			Layers: or(t.Layers, 12), Heads: or(t.Heads, 8), MaxPositions: or(t.ContextLength, 77),
			HiddenAct: act, LayerNormEps: epsilon, EOSTokenID: endToken, ProjectionDim: c.EmbedDim,
		},
		Vision: VisionConfig{
			HiddenSize: width, Intermediate: times(width, v.MLPRatio), Layers: or(v.Layers, 12), Heads: width / or(v.HeadWidth, 64),
			Channels: 3, ImageSize: or(v.ImageSize, 224), PatchSize: or(v.PatchSize, 16), HiddenAct: act, LayerNormEps: epsilon,
		},
		ProjectionDim: c.EmbedDim, LogitScale: 2.6592,
	}
}
