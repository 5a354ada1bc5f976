package diffusion

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
	"github.com/sdgraph/sdgraph/vae"
)

// view is the tensors of a file, or of one of its parts, under other names.
type view struct {
	names  []string // the file's own, sorted
	info   func(name string) (tensor.Info, bool)
	nameOf func(name string) string // into the file's
}

func newView(f *tensor.File) view {
	return view{f.Names(), f.Info, func(name string) string { return name }}
}

// under is the part of a view whose names start with prefix, without it.
func (v view) under(prefix string) view {
	return view{v.names, v.info, func(name string) string { return v.nameOf(prefix + name) }}
}

// first returns the first of the file's names that stands under prefix.
func (v view) first(prefix string) (name string, ok bool) {
	prefix = v.nameOf(prefix)
	at, _ := slices.BinarySearch(v.names, prefix)
	if at == len(v.names) || !strings.HasPrefix(v.names[at], prefix) {
		return "", false
	}
	return v.names[at], true
}

// has reports whether there is a tensor whose name starts with prefix.
func (v view) has(prefix string) bool {
	_, ok := v.first(prefix)
	return ok
}

// count returns for how many numbers from 0 on there is a tensor under one of
// the prefixes that the formats make of them. A number that is left out counts:
// loading then lists what is missing.
func (v view) count(formats ...string) int {
	has := func(n int) bool {
		return slices.ContainsFunc(formats, func(format string) bool { return v.has(fmt.Sprintf(format, n)) })
	}
	n := 0
	for has(n) || has(n+1) {
		n++
	}
	return n
}

// size sets n to a tensor's extent along axis: of the first of the names that
// the file has. If it has none, n stays; loading then lists what is missing.
func (v view) size(n *int, axis int, names ...string) {
	for _, name := range names {
		if info, ok := v.info(v.nameOf(name)); ok && axis < len(info.Shape) {
			*n = info.Shape[axis]
			return
		}
	}
}

// config is what the tensors show of the models.
func (c *checkpoint) config() FileConfig {
	return FileConfig{UNet: c.unet.unetConfig(), VAE: c.vae.vaeConfig(), Text: c.text.textConfig(), Scheduler: stableDiffusion15Scheduler()}
}

// Names of diffusers' classes for the two kinds of blocks.
const (
	crossDown = "CrossAttnDownBlock2D"
	plainDown = "DownBlock2D"
	crossUp   = "CrossAttnUpBlock2D"
	plainUp   = "UpBlock2D"
)

// unetConfig reads the UNet's configuration off its tensors.
func (v view) unetConfig() unet.Config {
	c := unet.StableDiffusion15()
	v.size(&c.InChannels, 1, "input_blocks.0.0.weight")
	v.size(&c.OutChannels, 0, "out.2.weight", "out.2.bias")
	text := "middle_block.1.transformer_blocks.0.attn2."
	v.size(&c.CrossAttentionDim, 1, text+"to_k.weight", text+"to_v.weight")

	c.BlockOutChannels, c.DownBlockTypes, c.UpBlockTypes, c.LayersPerBlock, c.TransformerLayers = nil, nil, nil, nil, nil
	levels := unetLevels(v)
	for i, l := range levels {
		down, up := plainDown, plainUp
		if l.depth > 0 {
			down, up = crossDown, crossUp
		}
		if i == len(levels)-1 {
			l.depth = v.count("middle_block.1.transformer_blocks.%d.attn1.") // what the middle has
		}
		c.BlockOutChannels = append(c.BlockOutChannels, l.channels)
		c.LayersPerBlock = append(c.LayersPerBlock, l.layers)
		c.TransformerLayers = append(c.TransformerLayers, max(1, l.depth))
		c.DownBlockTypes = append(c.DownBlockTypes, down)
		c.UpBlockTypes = slices.Insert(c.UpBlockTypes, 0, up)
	}
	c.LayersPerBlock, c.TransformerLayers = oneForAll(c.LayersPerBlock), oneForAll(c.TransformerLayers)
	return c
}

// oneForAll writes equal numbers as one.
func oneForAll(p unet.PerBlock) unet.PerBlock {
	if one := slices.Compact(slices.Clone(p)); len(one) == 1 {
		return one
	}
	return p
}

// level is what the UNet has at one size on the way down.
type level struct {
	channels int
	layers   int // resnets
	depth    int // blocks of each transformer, 0 where there are none
}

// unetLevels goes through the input_blocks: resnets with or without attention,
// and a downsampler at the end of each level but the last. The output_blocks
// are the same backwards, with upsamplers, and tell what a block was of which
// nothing is left.
func unetLevels(v view) []level {
	blocks := v.count("input_blocks.%d.0.in_layers.", "input_blocks.%d.0.out_layers.", "input_blocks.%d.0.op.",
		"output_blocks.%d.0.in_layers.", "output_blocks.%d.0.out_layers.")
	levels := []level{{}}
	for n := 1; n < blocks; n++ {
		in, out := fmt.Sprintf("input_blocks.%d.", n), fmt.Sprintf("output_blocks.%d.", blocks-1-n)
		resnet := v.has(in+"0.in_layers.") || v.has(in+"0.out_layers.")
		if v.has(in+"0.op.") || !resnet && (v.has(out+"1.conv.") || v.has(out+"2.conv.")) {
			levels = append(levels, level{})
			continue
		}
		l := &levels[len(levels)-1]
		l.layers++
		l.depth = max(l.depth, v.count(in+"1.transformer_blocks.%d.attn1.", out+"1.transformer_blocks.%d.attn1."))
		const convolution = "0.out_layers.3."
		v.size(&l.channels, 0, in+convolution+"weight", in+convolution+"bias", out+convolution+"weight")
	}
	return levels
}

// vaeConfig reads the autoencoder's configuration off its tensors.
func (v view) vaeConfig() vae.Config {
	c := vae.StableDiffusion15()
	v.size(&c.InChannels, 1, "encoder.conv_in.weight")
	v.size(&c.OutChannels, 0, "decoder.conv_out.weight", "decoder.conv_out.bias")
	v.size(&c.LatentChannels, 1, "decoder.conv_in.weight", "post_quant_conv.weight")
	c.MidBlockAttn = v.has("encoder.mid.attn_1.") || v.has("decoder.mid.attn_1.")
	c.UseQuantConv, c.UsePostQuantConv = v.has("quant_conv."), v.has("post_quant_conv.")
	c.LayersPerBlock = 0
	c.BlockOutChannels = make([]int, v.count("encoder.down.%d.", "decoder.up.%d."))
	for i := range c.BlockOutChannels {
		down, up := fmt.Sprintf("encoder.down.%d.block.", i), fmt.Sprintf("decoder.up.%d.block.", i)
		c.LayersPerBlock = max(c.LayersPerBlock, v.count(down+"%d."), v.count(up+"%d.")-1)
		v.size(&c.BlockOutChannels[i], 0, down+"0.conv2.weight", down+"0.conv2.bias", up+"0.conv2.weight")
	}
	return c
}

// textConfig reads the text encoder's configuration off its tensors. CLIP's
// text encoders have 64 channels for each head.
func (v view) textConfig() clip.TextConfig {
	c := clip.ViTL14Text()
	v.size(&c.VocabSize, 0, "embeddings.token_embedding.weight")
	v.size(&c.MaxPositions, 0, "embeddings.position_embedding.weight")
	v.size(&c.HiddenSize, 0, "final_layer_norm.weight", "final_layer_norm.bias", "encoder.layers.0.layer_norm1.weight")
	v.size(&c.Intermediate, 0, "encoder.layers.0.mlp.fc1.weight", "encoder.layers.0.mlp.fc1.bias", "encoder.layers.1.mlp.fc1.weight")
	c.Layers = v.count("encoder.layers.%d.")
	c.Heads = max(1, c.HiddenSize/64)
	return c
}
