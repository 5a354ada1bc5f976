package vae

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Config is what config.json of a diffusers AutoencoderKL says. Fields that it
// lacks have the values of Stable Diffusion 1.5.
type Config struct {
	InChannels       int      `json:"in_channels"`
	OutChannels      int      `json:"out_channels"`
	BlockOutChannels []int    `json:"block_out_channels"`
	DownBlockTypes   []string `json:"down_block_types"`
	UpBlockTypes     []string `json:"up_block_types"`
	LayersPerBlock   int      `json:"layers_per_block"`
	LatentChannels   int      `json:"latent_channels"`
	NormNumGroups    int      `json:"norm_num_groups"`
	ScalingFactor    float32  `json:"scaling_factor"`
	MidBlockAttn     bool     `json:"mid_block_add_attention"`
	UseQuantConv     bool     `json:"use_quant_conv"`
	UsePostQuantConv bool     `json:"use_post_quant_conv"`

	// What other architectures set, to be refused by name.
	ClassName   string   `json:"_class_name"`
	ActFn       string   `json:"act_fn"`
	ShiftFactor *float64 `json:"shift_factor"`
}

const (
	downBlockType = "DownEncoderBlock2D"
	upBlockType   = "UpDecoderBlock2D"
)

// StableDiffusion15 is the configuration of Stable Diffusion 1.5.
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

// Factor is by how much a latent is smaller than its picture in each direction.
func (c Config) Factor() int { return 1 << (len(c.BlockOutChannels) - 1) }

// Validate tells whether this package can build the model, and if not, why.
func (c Config) Validate() error {
	refuse := func(what string) error {
		return fmt.Errorf("%s: this is not a Stable Diffusion 1.x autoencoder, and no other is supported", what)
	}
	switch {
	case c.ClassName != "" && c.ClassName != "AutoencoderKL":
		return refuse(fmt.Sprintf("_class_name is %q", c.ClassName))
	case c.ActFn != "" && c.ActFn != "silu":
		return refuse(fmt.Sprintf("act_fn is %q", c.ActFn))
	case c.ShiftFactor != nil && *c.ShiftFactor != 0:
		return refuse(fmt.Sprintf("shift_factor is %g, as in Stable Diffusion 3", *c.ShiftFactor))
	case len(c.BlockOutChannels) == 0:
		return fmt.Errorf("block_out_channels is empty")
	case c.InChannels < 1 || c.OutChannels < 1 || c.LatentChannels < 1 || c.LayersPerBlock < 1 || c.NormNumGroups < 1:
		return fmt.Errorf("in_channels %d, out_channels %d, latent_channels %d, layers_per_block %d and norm_num_groups %d must be positive",
			c.InChannels, c.OutChannels, c.LatentChannels, c.LayersPerBlock, c.NormNumGroups)
	case c.ScalingFactor <= 0:
		return fmt.Errorf("scaling_factor is %g, want more than 0", c.ScalingFactor)
	}
	for i, channels := range c.BlockOutChannels {
		if channels < 1 || channels%c.NormNumGroups != 0 {
			return fmt.Errorf("block_out_channels[%d] = %d is no multiple of norm_num_groups = %d", i, channels, c.NormNumGroups)
		}
	}
	for _, types := range [][]string{c.DownBlockTypes, c.UpBlockTypes} {
		if len(types) > 0 && len(types) != len(c.BlockOutChannels) {
			return fmt.Errorf("%d block types (%s) for %d block_out_channels", len(types), strings.Join(types, ", "), len(c.BlockOutChannels))
		}
		for _, t := range types {
			if t != downBlockType && t != upBlockType {
				return refuse(fmt.Sprintf("block type %q", t))
			}
		}
	}
	return nil
}
