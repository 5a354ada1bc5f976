package unet

import (
	"encoding/json"
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// Config is the config.json of diffusers' UNet2DConditionModel. Levels are
// numbered from the full size of the latent (0) down to the smallest.
type Config struct {
	InChannels        int      `json:"in_channels"`                  // of the latent
	OutChannels       int      `json:"out_channels"`                 // of the prediction
	BlockOutChannels  []int    `json:"block_out_channels"`           // of each level
	DownBlockTypes    []string `json:"down_block_types"`             // of each level: CrossAttnDownBlock2D or DownBlock2D
	UpBlockTypes      []string `json:"up_block_types"`               // of each level, the last one first: CrossAttnUpBlock2D or UpBlock2D
	LayersPerBlock    PerBlock `json:"layers_per_block"`             // resnets on the way down; on the way up there is one more
	TransformerLayers PerBlock `json:"transformer_layers_per_block"` // blocks of each transformer
	CrossAttentionDim int      `json:"cross_attention_dim"`          // channels of the text
	NormNumGroups     int      `json:"norm_num_groups"`              // of every group norm
	NormEps           float32  `json:"norm_eps"`                     // ε of the norms, but those of transformers, which are 1e-6 and 1e-5
	FlipSinToCos      bool     `json:"flip_sin_to_cos"`              // a timestep's cosines come before its sines
	FreqShift         float64  `json:"freq_shift"`                   // of a timestep's frequencies; see nn.TimestepEmbedding
	DownsamplePadding int      `json:"downsample_padding"`           // must be 1

	// AttentionHeadDim is the number of heads, not their size: the name is a slip
	// that diffusers keeps. NumAttentionHeads takes its place where a file has it.
	AttentionHeadDim  PerBlock `json:"attention_head_dim"`
	NumAttentionHeads PerBlock `json:"num_attention_heads"`
}

// PerBlock is a number for each level, or one for all of them.
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
	if json.Unmarshal(data, &many) != nil {
		return fmt.Errorf("%.60s is neither a whole number nor a list of them", data)
	}
	*p = many
	return nil
}

// At returns the number for level i, 0 where there is none.
func (p PerBlock) At(i int) int {
	if len(p) == 1 {
		return p[0]
	}
	if i < 0 || i >= len(p) {
		return 0
	}
	return p[i]
}

const (
	crossDown = "CrossAttnDownBlock2D"
	plainDown = "DownBlock2D"
	crossUp   = "CrossAttnUpBlock2D"
	plainUp   = "UpBlock2D"
)

// StableDiffusion15 returns the configuration of Stable Diffusion 1.5.
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
	}
}

// fixed are the fields that other UNets of diffusers set otherwise.
var fixed = []nn.Fixed{
	{Field: "_class_name", Value: "UNet2DConditionModel"},
	{Field: "addition_embed_type", Hint: "as in Stable Diffusion XL"},
	{Field: "use_linear_projection", Value: false, Hint: "as in Stable Diffusion 2 and XL"},
	{Field: "time_cond_proj_dim", Hint: "as in latent consistency models"},
	{Field: "class_embed_type", Hint: "as in upscalers"},
	{Field: "num_class_embeds", Hint: "as in upscalers"},
	{Field: "encoder_hid_dim"},
	{Field: "encoder_hid_dim_type"},
	{Field: "act_fn", Value: "silu"},
	{Field: "attention_type", Value: "default", Hint: "as in GLIGEN"},
	{Field: "center_input_sample", Value: false},
	{Field: "conv_in_kernel", Value: 3},
	{Field: "conv_out_kernel", Value: 3},
	{Field: "cross_attention_norm"},
	{Field: "dual_cross_attention", Value: false},
	{Field: "mid_block_only_cross_attention"},
	{Field: "mid_block_scale_factor", Value: 1},
	{Field: "mid_block_type", Value: "UNetMidBlock2DCrossAttn"},
	{Field: "only_cross_attention", Value: false},
	{Field: "resnet_out_scale_factor", Value: 1},
	{Field: "resnet_skip_time_act", Value: false},
	{Field: "resnet_time_scale_shift", Value: "default"},
	{Field: "reverse_transformer_layers_per_block"},
	{Field: "time_embedding_act_fn"},
	{Field: "time_embedding_dim"},
	{Field: "time_embedding_type", Value: "positional"},
	{Field: "timestep_post_act"},
}

// ReadConfig reads the config.json of a directory and validates it. A field that
// the file lacks has the default of diffusers' class. The error names the file and
// the field; its kinds are those of nn.ReadConfig.
func ReadConfig(dir tensor.Dir) (Config, error) {
	c := StableDiffusion15()
	c.CrossAttentionDim = 1280 // the one default of the class that is not Stable Diffusion 1.5's
	if err := nn.ReadConfig(dir, &c, fixed...); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Factor returns how many times smaller the last level is than the latent, in
// each direction: a latent's height and width must be multiples of it.
func (c Config) Factor() int { return 1 << max(len(c.BlockOutChannels)-1, 0) }

// heads is the number of attention heads of block i.
func (c Config) heads(i int) int {
	if len(c.NumAttentionHeads) > 0 {
		return c.NumAttentionHeads.At(i)
	}
	return c.AttentionHeadDim.At(i)
}

// headsField is the field that heads reads.
func (c Config) headsField() string {
	if len(c.NumAttentionHeads) > 0 {
		return "num_attention_heads"
	}
	return "attention_head_dim"
}

// What a configuration may ask for; Stable Diffusion 1.5 has 4 blocks, 16
// transformer blocks and 1280 channels.
const (
	maxBlocks   = 10
	maxLayers   = 512 // on all levels together
	maxChannels = 1 << 16
)

// Validate returns an error, which names the field and its value, if this package
// cannot build the model: sizes that do not fit together or are out of range,
// block types that are not known (nn.ErrUnsupported).
func (c Config) Validate() error {
	n := len(c.BlockOutChannels)
	if n > maxBlocks {
		return fmt.Errorf("block_out_channels has %d entries, want 1 to %d", n, maxBlocks)
	}
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
	if err := nn.CheckRanges(
		nn.Range{Field: "in_channels", Value: c.InChannels, From: 1, To: maxChannels},
		nn.Range{Field: "out_channels", Value: c.OutChannels, From: 1, To: maxChannels},
		nn.Range{Field: "cross_attention_dim", Value: c.CrossAttentionDim, From: 1, To: maxChannels},
		nn.Range{Field: "downsample_padding", Value: c.DownsamplePadding, From: 1, To: 1},
	); err != nil {
		return err
	}
	if !(c.NormEps >= 0 && c.NormEps <= 1) {
		return fmt.Errorf("norm_eps is %g, want 0 to 1", c.NormEps)
	}
	if err := c.validateBlocks(); err != nil {
		return err
	}
	return c.validateTimestep(c.BlockOutChannels[0])
}

// validateTimestep checks what a timestep is embedded with: as many sines as cosines.
func (c Config) validateTimestep(channels int) error {
	if channels%2 != 0 {
		return fmt.Errorf("block_out_channels[0] is %d, want an even number", channels)
	}
	if !(c.FreqShift >= 0 && c.FreqShift < float64(channels/2)) {
		return fmt.Errorf("freq_shift is %g, want 0 to less than %d", c.FreqShift, channels/2)
	}
	return nil
}

func (c Config) validateBlocks() error {
	layers := 0
	for i, channels := range c.BlockOutChannels {
		if layers += (2*c.LayersPerBlock.At(i) + 1) * c.TransformerLayers.At(i); layers > maxLayers {
			return fmt.Errorf("layers_per_block %v and transformer_layers_per_block %v make more than %d layers", c.LayersPerBlock, c.TransformerLayers, maxLayers)
		}
		if channels > maxChannels {
			return fmt.Errorf("block_out_channels[%d] is %d, want at most %d", i, channels, maxChannels)
		}
		if channels < 1 || channels%c.NormNumGroups != 0 {
			return fmt.Errorf("block_out_channels[%d] = %d is no multiple of norm_num_groups = %d", i, channels, c.NormNumGroups)
		}
		if h := c.heads(i); h < 1 || channels%h != 0 {
			return fmt.Errorf("block_out_channels[%d] = %d is no multiple of the number of heads %d (%s)", i, channels, h, c.headsField())
		}
		if t := c.DownBlockTypes[i]; t != crossDown && t != plainDown {
			return fmt.Errorf("down_block_types[%d] is %.60q; known are %s and %s%.0w", i, t, crossDown, plainDown, nn.ErrUnsupported)
		}
		if t := c.UpBlockTypes[i]; t != crossUp && t != plainUp {
			return fmt.Errorf("up_block_types[%d] is %.60q; known are %s and %s%.0w", i, t, crossUp, plainUp, nn.ErrUnsupported)
		}
	}
	return nil
}
