package unet

import (
	"encoding/json"
	"fmt"
	"os"
)

// Config is what config.json of a diffusers UNet2DConditionModel says. Fields
// that it lacks have the values of Stable Diffusion 1.5
// (stable-diffusion-v1-5/unet/config.json).
type Config struct {
	InChannels        int      `json:"in_channels"`
	OutChannels       int      `json:"out_channels"`
	BlockOutChannels  []int    `json:"block_out_channels"`
	DownBlockTypes    []string `json:"down_block_types"`
	UpBlockTypes      []string `json:"up_block_types"`
	LayersPerBlock    PerBlock `json:"layers_per_block"`
	TransformerLayers PerBlock `json:"transformer_layers_per_block"`
	CrossAttentionDim int      `json:"cross_attention_dim"`
	NormNumGroups     int      `json:"norm_num_groups"`
	NormEps           float32  `json:"norm_eps"`
	FlipSinToCos      bool     `json:"flip_sin_to_cos"`
	FreqShift         float64  `json:"freq_shift"`
	DownsamplePadding int      `json:"downsample_padding"`
	SampleSize        int      `json:"sample_size"`

	// AttentionHeadDim is the number of heads: the name is a slip that diffusers
	// keeps. NumAttentionHeads wins where a file has it.
	AttentionHeadDim  PerBlock `json:"attention_head_dim"`
	NumAttentionHeads PerBlock `json:"num_attention_heads"`

	// What other architectures set, to be refused by name.
	ClassName           string  `json:"_class_name"`
	ActFn               string  `json:"act_fn"`
	MidBlockType        *string `json:"mid_block_type"`
	UseLinearProjection bool    `json:"use_linear_projection"`
	AdditionEmbedType   *string `json:"addition_embed_type"`
	ClassEmbedType      *string `json:"class_embed_type"`
	EncoderHidDim       *int    `json:"encoder_hid_dim"`
	TimeEmbeddingType   string  `json:"time_embedding_type"`
	TimeCondProjDim     *int    `json:"time_cond_proj_dim"`
	TimeScaleShift      string  `json:"resnet_time_scale_shift"`
	DualCrossAttention  bool    `json:"dual_cross_attention"`
	CenterInputSample   bool    `json:"center_input_sample"`
}

// PerBlock is a number for every block, or one for all of them.
type PerBlock []int

// UnmarshalJSON reads a number, a list of numbers or null.
func (p *PerBlock) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*p = nil
		return nil
	}
	var one int
	if json.Unmarshal(data, &one) == nil {
		*p = PerBlock{one}
		return nil
	}
	var many []int
	if err := json.Unmarshal(data, &many); err != nil {
		return fmt.Errorf("%s is neither a whole number nor a list of them", data)
	}
	*p = many
	return nil
}

// At is the number for block i.
func (p PerBlock) At(i int) int {
	if len(p) == 1 {
		return p[0]
	}
	return p[i]
}

const (
	crossDown = "CrossAttnDownBlock2D"
	plainDown = "DownBlock2D"
	crossUp   = "CrossAttnUpBlock2D"
	plainUp   = "UpBlock2D"
)

// StableDiffusion15 is the configuration of Stable Diffusion 1.5.
func StableDiffusion15() Config {
	return Config{
		InChannels: 4, OutChannels: 4,
		BlockOutChannels:  []int{320, 640, 1280, 1280},
		DownBlockTypes:    []string{crossDown, crossDown, crossDown, plainDown},
		UpBlockTypes:      []string{plainUp, crossUp, crossUp, crossUp},
		LayersPerBlock:    PerBlock{2},
		TransformerLayers: PerBlock{1},
		CrossAttentionDim: 768,
		AttentionHeadDim:  PerBlock{8},
		NormNumGroups:     32,
		NormEps:           1e-5,
		FlipSinToCos:      true,
		DownsamplePadding: 1,
		SampleSize:        64,
	}
}

// ReadConfig reads and checks a config.json.
func ReadConfig(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	c := StableDiffusion15()
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Factor is by how much the deepest block is smaller than the latent: height
// and width of a latent must be multiples of it.
func (c Config) Factor() int { return 1 << (len(c.BlockOutChannels) - 1) }

// heads is the number of attention heads of block i.
func (c Config) heads(i int) int {
	if len(c.NumAttentionHeads) > 0 {
		return c.NumAttentionHeads.At(i)
	}
	return c.AttentionHeadDim.At(i)
}

// Validate tells whether this package can build the model, and if not, why.
func (c Config) Validate() error {
	if err := c.validateArchitecture(); err != nil {
		return err
	}
	n := len(c.BlockOutChannels)
	if n == 0 || len(c.DownBlockTypes) != n || len(c.UpBlockTypes) != n {
		return fmt.Errorf("%d block_out_channels, %d down_block_types and %d up_block_types; want as many of each", n, len(c.DownBlockTypes), len(c.UpBlockTypes))
	}
	for name, p := range map[string]PerBlock{
		"layers_per_block": c.LayersPerBlock, "transformer_layers_per_block": c.TransformerLayers, "attention_head_dim": c.AttentionHeadDim,
	} {
		if len(p) != 1 && len(p) != n {
			return fmt.Errorf("%s has %d entries, want 1 or %d", name, len(p), n)
		}
		for _, v := range p {
			if v < 1 || v > 1024 {
				return fmt.Errorf("%s is %d, want 1 to 1024", name, v)
			}
		}
	}
	if k := len(c.NumAttentionHeads); k > 1 && k != n {
		return fmt.Errorf("num_attention_heads has %d entries, want 1 or %d", k, n)
	}
	if c.InChannels < 1 || c.OutChannels < 1 || c.CrossAttentionDim < 1 || c.NormNumGroups < 1 {
		return fmt.Errorf("in_channels %d, out_channels %d, cross_attention_dim %d and norm_num_groups %d must be positive", c.InChannels, c.OutChannels, c.CrossAttentionDim, c.NormNumGroups)
	}
	return c.validateBlocks()
}

func (c Config) validateBlocks() error {
	for i, channels := range c.BlockOutChannels {
		if channels < 1 || channels%c.NormNumGroups != 0 {
			return fmt.Errorf("block_out_channels[%d] = %d is no multiple of norm_num_groups = %d", i, channels, c.NormNumGroups)
		}
		if h := c.heads(i); h < 1 || channels%h != 0 {
			return fmt.Errorf("block_out_channels[%d] = %d is no multiple of the number of heads %d", i, channels, h)
		}
		if t := c.DownBlockTypes[i]; t != crossDown && t != plainDown {
			return fmt.Errorf("down_block_types[%d] is %q; known are %s and %s", i, t, crossDown, plainDown)
		}
		if t := c.UpBlockTypes[i]; t != crossUp && t != plainUp {
			return fmt.Errorf("up_block_types[%d] is %q; known are %s and %s", i, t, crossUp, plainUp)
		}
	}
	return nil
}

// validateArchitecture refuses what looks like a UNet of diffusers but is not
// one of Stable Diffusion 1.x.
func (c Config) validateArchitecture() error {
	refuse := func(what string) error {
		return fmt.Errorf("%s: this is not a Stable Diffusion 1.x UNet, and no other is supported", what)
	}
	switch {
	case c.ClassName != "" && c.ClassName != "UNet2DConditionModel":
		return refuse(fmt.Sprintf("_class_name is %q", c.ClassName))
	case c.AdditionEmbedType != nil:
		return refuse(fmt.Sprintf("addition_embed_type is %q, as in Stable Diffusion XL", *c.AdditionEmbedType))
	case c.UseLinearProjection:
		return refuse("use_linear_projection is true, as in Stable Diffusion 2 and XL")
	case c.ClassEmbedType != nil:
		return refuse(fmt.Sprintf("class_embed_type is %q", *c.ClassEmbedType))
	case c.EncoderHidDim != nil:
		return refuse("encoder_hid_dim is set")
	case c.TimeCondProjDim != nil:
		return refuse("time_cond_proj_dim is set, as in latent consistency models")
	case c.TimeEmbeddingType != "" && c.TimeEmbeddingType != "positional":
		return refuse(fmt.Sprintf("time_embedding_type is %q", c.TimeEmbeddingType))
	case c.TimeScaleShift != "" && c.TimeScaleShift != "default":
		return refuse(fmt.Sprintf("resnet_time_scale_shift is %q", c.TimeScaleShift))
	case c.ActFn != "" && c.ActFn != "silu":
		return refuse(fmt.Sprintf("act_fn is %q", c.ActFn))
	case c.MidBlockType != nil && *c.MidBlockType != "UNetMidBlock2DCrossAttn":
		return refuse(fmt.Sprintf("mid_block_type is %q", *c.MidBlockType))
	case c.DualCrossAttention, c.CenterInputSample:
		return refuse("dual_cross_attention or center_input_sample is true")
	}
	return nil
}
