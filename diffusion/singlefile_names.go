package diffusion

import (
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/unet"
	"github.com/sdgraph/sdgraph/vae"
)

// naming is where the modules of a model stand in the original code.
type naming struct {
	modules map[string]string // by diffusers' path, as "down_blocks.0.resnets.0"
	inside  map[string]string // what layers in them are called, as ".norm1"
}

// of translates the path of a weight. Paths that the naming does not know are
// the same in both.
func (n naming) of(weight string) string {
	dot := strings.LastIndexByte(weight, '.')
	if dot < 0 {
		return weight
	}
	path, leaf := weight[:dot], weight[dot:]
	for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
		module, ok := n.modules[path[:end]]
		if !ok {
			continue
		}
		layer := path[end:]
		if other, ok := n.inside[layer]; ok {
			layer = other
		}
		return module + layer + leaf
	}
	return weight
}

// unetNames returns how the original code calls a UNet's weights. It counts
// through everything on the way down that keeps an output (convolution, each
// resnet with its attention, each downsampler) as input_blocks, and through
// what takes one on the way up as output_blocks. What belongs together has
// the next index: resnet 0, attention 1, then the upsampler.
func unetNames(c unet.Config) func(weight string) string {
	m := map[string]string{
		"conv_in":                 "input_blocks.0.0",
		"time_embedding.linear_1": "time_embed.0",
		"time_embedding.linear_2": "time_embed.2",
		"mid_block.resnets.0":     "middle_block.0",
		"mid_block.attentions.0":  "middle_block.1",
		"mid_block.resnets.1":     "middle_block.2",
		"conv_norm_out":           "out.0",
		"conv_out":                "out.2",
	}
	last := len(c.BlockOutChannels) - 1
	n := 1
	for i := range c.BlockOutChannels {
		for j := range c.LayersPerBlock.At(i) {
			m[fmt.Sprintf("down_blocks.%d.resnets.%d", i, j)] = fmt.Sprintf("input_blocks.%d.0", n)
			m[fmt.Sprintf("down_blocks.%d.attentions.%d", i, j)] = fmt.Sprintf("input_blocks.%d.1", n)
			n++
		}
		m[fmt.Sprintf("down_blocks.%d.downsamplers.0.conv", i)] = fmt.Sprintf("input_blocks.%d.0.op", n)
		n++
	}
	n = 0
	for i := range c.BlockOutChannels {
		for j := range c.LayersPerBlock.At(last-i) + 1 {
			m[fmt.Sprintf("up_blocks.%d.resnets.%d", i, j)] = fmt.Sprintf("output_blocks.%d.0", n)
			m[fmt.Sprintf("up_blocks.%d.attentions.%d", i, j)] = fmt.Sprintf("output_blocks.%d.1", n)
			n++
		}
		upsampler := 1
		if c.UpBlockTypes[i] == crossUp {
			upsampler = 2
		}
		m[fmt.Sprintf("up_blocks.%d.upsamplers.0", i)] = fmt.Sprintf("output_blocks.%d.%d", n-1, upsampler)
	}
	return naming{m, map[string]string{
		".norm1": ".in_layers.0", ".conv1": ".in_layers.2", ".time_emb_proj": ".emb_layers.1",
		".norm2": ".out_layers.0", ".conv2": ".out_layers.3", ".conv_shortcut": ".skip_connection",
	}}.of
}

// vaeNames returns how the original code calls an autoencoder's weights. It
// numbers the decoder's blocks like the encoder's, the largest picture first.
func vaeNames(c vae.Config) func(weight string) string {
	m := map[string]string{}
	for _, half := range []string{"encoder", "decoder"} {
		m[half+".conv_norm_out"] = half + ".norm_out"
		m[half+".mid_block.resnets.0"] = half + ".mid.block_1"
		m[half+".mid_block.attentions.0"] = half + ".mid.attn_1"
		m[half+".mid_block.resnets.1"] = half + ".mid.block_2"
	}
	for i := range c.BlockOutChannels {
		up := len(c.BlockOutChannels) - 1 - i
		for j := range c.LayersPerBlock {
			m[fmt.Sprintf("encoder.down_blocks.%d.resnets.%d", i, j)] = fmt.Sprintf("encoder.down.%d.block.%d", i, j)
		}
		for j := range c.LayersPerBlock + 1 {
			m[fmt.Sprintf("decoder.up_blocks.%d.resnets.%d", i, j)] = fmt.Sprintf("decoder.up.%d.block.%d", up, j)
		}
		m[fmt.Sprintf("encoder.down_blocks.%d.downsamplers.0", i)] = fmt.Sprintf("encoder.down.%d.downsample", i)
		m[fmt.Sprintf("decoder.up_blocks.%d.upsamplers.0", i)] = fmt.Sprintf("decoder.up.%d.upsample", up)
	}
	return naming{m, map[string]string{
		".conv_shortcut": ".nin_shortcut", ".group_norm": ".norm",
		".to_q": ".q", ".to_k": ".k", ".to_v": ".v", ".to_out.0": ".proj_out",
	}}.of
}
