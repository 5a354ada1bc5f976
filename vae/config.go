package vae

import (
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// Config is the config.json of diffusers' AutoencoderKL. Levels are numbered from
// the picture's full size (0) down to the latent's.
type Config struct {
	InChannels       int      `json:"in_channels"`             // of a picture that is encoded
	OutChannels      int      `json:"out_channels"`            // of a decoded picture
	BlockOutChannels []int    `json:"block_out_channels"`      // of each level
	DownBlockTypes   []string `json:"down_block_types"`        // of each level: DownEncoderBlock2D
	UpBlockTypes     []string `json:"up_block_types"`          // of each level: UpDecoderBlock2D
	LayersPerBlock   int      `json:"layers_per_block"`        // resnets of each level of the encoder; the decoder has one more
	LatentChannels   int      `json:"latent_channels"`         // of a latent
	NormNumGroups    int      `json:"norm_num_groups"`         // of every norm
	ScalingFactor    float32  `json:"scaling_factor"`          // a latent of the UNet is one of the VAE times this
	MidBlockAttn     bool     `json:"mid_block_add_attention"` // there is attention on the last level
	UseQuantConv     bool     `json:"use_quant_conv"`          // there is a convolution behind the encoder
	UsePostQuantConv bool     `json:"use_post_quant_conv"`     // there is a convolution before the decoder
}

const (
	downBlockType = "DownEncoderBlock2D"
	upBlockType   = "UpDecoderBlock2D"
)

// StableDiffusion15 returns the configuration of Stable Diffusion 1.5.
func StableDiffusion15() Config {
	return Config{
		InChannels: 3, OutChannels: 3,
		BlockOutChannels: []int{128, 256, 512, 512},
		LayersPerBlock:   2,
		LatentChannels:   4,
		NormNumGroups:    32,
		ScalingFactor:    0.18215,
		MidBlockAttn:     true,
		UseQuantConv:     true,
		UsePostQuantConv: true,
	}
}

// fixed are the fields that other autoencoders of diffusers set otherwise.
var fixed = []nn.Fixed{
	{Field: "_class_name", Value: "AutoencoderKL"},
	{Field: "act_fn", Value: "silu"},
	{Field: "shift_factor", Hint: "as in Stable Diffusion 3"},
	{Field: "latents_mean"},
	{Field: "latents_std"},
}

// ReadConfig reads the config.json of a directory and validates it. A field that
// the file lacks has the default of diffusers' class. The error names the file and
// the field; its kinds are those of nn.ReadConfig.
func ReadConfig(dir tensor.Dir) (Config, error) {
	c := StableDiffusion15()
	c.BlockOutChannels, c.LayersPerBlock = []int{64}, 1
	if err := nn.ReadConfig(dir, &c, fixed...); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Factor returns how many times smaller a latent is than its picture, in each
// direction.
func (c Config) Factor() int { return 1 << max(len(c.BlockOutChannels)-1, 0) }

// What a configuration may ask for; Stable Diffusion 1.5 has 4 blocks of 2 layers
// and 512 channels.
const (
	maxBlocks   = 10
	maxLayers   = 64
	maxChannels = 1 << 16
)

// Validate returns an error, which names the field and its value, if this package
// cannot build the model: sizes that do not fit together or are out of range,
// block types that are not known (nn.ErrUnsupported).
func (c Config) Validate() error {
	switch {
	case len(c.BlockOutChannels) > maxBlocks:
		return fmt.Errorf("block_out_channels has %d entries, want 1 to %d", len(c.BlockOutChannels), maxBlocks)
	case len(c.BlockOutChannels) == 0:
		return fmt.Errorf("block_out_channels is empty")
	case c.InChannels < 1 || c.OutChannels < 1 || c.LatentChannels < 1 || c.LayersPerBlock < 1 || c.NormNumGroups < 1:
		return fmt.Errorf("in_channels %d, out_channels %d, latent_channels %d, layers_per_block %d and norm_num_groups %d must be positive",
			c.InChannels, c.OutChannels, c.LatentChannels, c.LayersPerBlock, c.NormNumGroups)
	case !(c.ScalingFactor > 0):
		return fmt.Errorf("scaling_factor is %g, want more than 0", c.ScalingFactor)
	case c.ScalingFactor < 1e-6 || c.ScalingFactor > 1e6:
		return fmt.Errorf("scaling_factor is %g, want 1e-6 to 1e6", c.ScalingFactor)
	}
	if err := nn.CheckRanges(
		nn.Range{Field: "in_channels", Value: c.InChannels, From: 1, To: maxChannels},
		nn.Range{Field: "out_channels", Value: c.OutChannels, From: 1, To: maxChannels},
		nn.Range{Field: "latent_channels", Value: c.LatentChannels, From: 1, To: maxChannels},
		nn.Range{Field: "layers_per_block", Value: c.LayersPerBlock, From: 1, To: maxLayers},
	); err != nil {
		return err
	}
	for i, channels := range c.BlockOutChannels {
		if channels > maxChannels {
			return fmt.Errorf("block_out_channels[%d] is %d, want at most %d", i, channels, maxChannels)
		}
		if channels < 1 || channels%c.NormNumGroups != 0 {
			return fmt.Errorf("block_out_channels[%d] = %d is no multiple of norm_num_groups = %d", i, channels, c.NormNumGroups)
		}
	}
	for _, of := range []struct {
		field string
		types []string
	}{{"down_block_types", c.DownBlockTypes}, {"up_block_types", c.UpBlockTypes}} {
		if n := len(of.types); n > 0 && n != len(c.BlockOutChannels) {
			return fmt.Errorf("%s: %d block types (%s) for %d block_out_channels", of.field, n, strings.Join(of.types[:min(n, maxBlocks)], ", "), len(c.BlockOutChannels))
		}
		for i, t := range of.types {
			if t != downBlockType && t != upBlockType {
				return fmt.Errorf("%s[%d] is %.60q; known are %s and %s%.0w", of.field, i, t, downBlockType, upBlockType, nn.ErrUnsupported)
			}
		}
	}
	return nil
}
