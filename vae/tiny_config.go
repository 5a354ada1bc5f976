package vae

import (
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// TinyConfig is the config.json of diffusers' AutoencoderTiny. Levels of the encoder are numbered from the picture's full
// size (0) down to the latent's, those of the decoder the other way.
type TinyConfig struct {
	InChannels              int   `json:"in_channels"`                // of a picture that is encoded
	OutChannels             int   `json:"out_channels"`               // of a decoded picture
	LatentChannels          int   `json:"latent_channels"`            // of a latent
	EncoderBlockOutChannels []int `json:"encoder_block_out_channels"` // of each level, all the same
	DecoderBlockOutChannels []int `json:"decoder_block_out_channels"` // likewise
	NumEncoderBlocks        []int `json:"num_encoder_blocks"`         // of each level
	NumDecoderBlocks        []int `json:"num_decoder_blocks"`         // of each level
}

// TAESD returns the configuration of the tiny autoencoder for Stable Diffusion, which is diffusers' default.
func TAESD() TinyConfig {
	return TinyConfig{
		InChannels: 3, OutChannels: 3, LatentChannels: 4,
		EncoderBlockOutChannels: []int{64, 64, 64, 64}, DecoderBlockOutChannels: []int{64, 64, 64, 64},
		NumEncoderBlocks: []int{1, 3, 3, 3}, NumDecoderBlocks: []int{3, 3, 3, 1},
	}
}

// tinyFixed are the fields that other models of the class may set otherwise. A latent is the UNet's own: what would scale
// or shift it is neutral. latent_magnitude and latent_shift belong to diffusers' storage of latents in 8 bits alone.
var tinyFixed = []nn.Fixed{
	{Field: "_class_name", Value: "AutoencoderTiny"},
	{Field: "act_fn", Value: "relu", Hint: "as in later models of the same author"},
	{Field: "upsample_fn", Value: "nearest"},
	{Field: "upsampling_scaling_factor", Value: 2.0},
	{Field: "scaling_factor", Value: 1.0},
	{Field: "shift_factor", Value: 0.0},
	{Field: "latent_magnitude", Value: 3.0},
	{Field: "latent_shift", Value: 0.5},
	{Field: "force_upcast", Value: false},
}

// ReadTinyConfig reads the config.json of a directory and validates it. A field that the file lacks has the default of
// diffusers' class. The error names the file and the field; its kinds are those of nn.ReadConfig.
func ReadTinyConfig(dir tensor.Dir) (TinyConfig, error) {
	c := TAESD()
	if err := nn.ReadConfig(dir, &c, tinyFixed...); err != nil {
		return TinyConfig{}, err
	}
	return c, nil
}

// Factor returns how many times smaller a latent is than its picture, in each direction.
func (c TinyConfig) Factor() int { return 1 << max(len(c.NumDecoderBlocks)-1, 0) }

// Validate returns an error, which names the field and its value, if this package cannot build the model: sizes that do
// not fit together or are out of range.
func (c TinyConfig) Validate() error {
	if err := nn.CheckRanges(
		nn.Range{Field: "in_channels", Value: c.InChannels, From: 1, To: maxChannels},
		nn.Range{Field: "out_channels", Value: c.OutChannels, From: 1, To: maxChannels},
		nn.Range{Field: "latent_channels", Value: c.LatentChannels, From: 1, To: maxChannels},
	); err != nil {
		return err
	}
	for _, of := range []struct {
		half             string
		channels, blocks []int
	}{{"encoder", c.EncoderBlockOutChannels, c.NumEncoderBlocks}, {"decoder", c.DecoderBlockOutChannels, c.NumDecoderBlocks}} {
		if err := checkLevels(of.half, of.channels, of.blocks); err != nil {
			return err
		}
	}
	if e, d := len(c.NumEncoderBlocks), len(c.NumDecoderBlocks); e != d {
		return fmt.Errorf("num_encoder_blocks has %d entries and num_decoder_blocks %d: a picture would come back in another size", e, d)
	}
	return nil
}

// checkLevels checks the levels of an encoder or a decoder.
func checkLevels(half string, channels, blocks []int) error {
	switch n := len(blocks); {
	case n == 0 || n > maxBlocks:
		return fmt.Errorf("num_%s_blocks has %d entries, want 1 to %d", half, n, maxBlocks)
	case len(channels) != n:
		return fmt.Errorf("%s_block_out_channels has %d entries for %d of num_%s_blocks", half, len(channels), n, half)
	case slices.Min(channels) != slices.Max(channels):
		return fmt.Errorf("%s_block_out_channels are %v, want one number for all levels: nothing changes it between them", half, channels)
	}
	for i, n := range blocks {
		if err := nn.CheckRanges(
			nn.Range{Field: fmt.Sprintf("num_%s_blocks[%d]", half, i), Value: n, From: 0, To: maxLayers},
			nn.Range{Field: fmt.Sprintf("%s_block_out_channels[%d]", half, i), Value: channels[i], From: 1, To: maxChannels},
		); err != nil {
			return err
		}
	}
	return nil
}
