package diffusion

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// originalUNet2 is where the modules of a UNet of four levels with two resnets
// each stand in published files, Stable Diffusion 1.5 being one.
const originalUNet2 = `
conv_in                      input_blocks.0.0
time_embedding.linear_1      time_embed.0          time_embedding.linear_2     time_embed.2
down_blocks.0.resnets.0      input_blocks.1.0      down_blocks.0.attentions.0  input_blocks.1.1
down_blocks.0.resnets.1      input_blocks.2.0      down_blocks.0.attentions.1  input_blocks.2.1
down_blocks.0.downsamplers.0.conv  input_blocks.3.0.op
down_blocks.1.resnets.0      input_blocks.4.0      down_blocks.1.attentions.0  input_blocks.4.1
down_blocks.1.resnets.1      input_blocks.5.0      down_blocks.1.attentions.1  input_blocks.5.1
down_blocks.1.downsamplers.0.conv  input_blocks.6.0.op
down_blocks.2.resnets.0      input_blocks.7.0      down_blocks.2.attentions.0  input_blocks.7.1
down_blocks.2.resnets.1      input_blocks.8.0      down_blocks.2.attentions.1  input_blocks.8.1
down_blocks.2.downsamplers.0.conv  input_blocks.9.0.op
down_blocks.3.resnets.0      input_blocks.10.0
down_blocks.3.resnets.1      input_blocks.11.0
mid_block.resnets.0          middle_block.0
mid_block.attentions.0       middle_block.1
mid_block.resnets.1          middle_block.2
up_blocks.0.resnets.0        output_blocks.0.0
up_blocks.0.resnets.1        output_blocks.1.0
up_blocks.0.resnets.2        output_blocks.2.0
up_blocks.0.upsamplers.0     output_blocks.2.1
up_blocks.1.resnets.0        output_blocks.3.0     up_blocks.1.attentions.0    output_blocks.3.1
up_blocks.1.resnets.1        output_blocks.4.0     up_blocks.1.attentions.1    output_blocks.4.1
up_blocks.1.resnets.2        output_blocks.5.0     up_blocks.1.attentions.2    output_blocks.5.1
up_blocks.1.upsamplers.0     output_blocks.5.2
up_blocks.2.resnets.0        output_blocks.6.0     up_blocks.2.attentions.0    output_blocks.6.1
up_blocks.2.resnets.1        output_blocks.7.0     up_blocks.2.attentions.1    output_blocks.7.1
up_blocks.2.resnets.2        output_blocks.8.0     up_blocks.2.attentions.2    output_blocks.8.1
up_blocks.2.upsamplers.0     output_blocks.8.2
up_blocks.3.resnets.0        output_blocks.9.0     up_blocks.3.attentions.0    output_blocks.9.1
up_blocks.3.resnets.1        output_blocks.10.0    up_blocks.3.attentions.1    output_blocks.10.1
up_blocks.3.resnets.2        output_blocks.11.0    up_blocks.3.attentions.2    output_blocks.11.1
conv_norm_out                out.0                 conv_out                    out.2`

// originalUNet1 is the same with one resnet at each level on the way down.
const originalUNet1 = `
conv_in                      input_blocks.0.0
time_embedding.linear_1      time_embed.0          time_embedding.linear_2     time_embed.2
down_blocks.0.resnets.0      input_blocks.1.0      down_blocks.0.attentions.0  input_blocks.1.1
down_blocks.0.downsamplers.0.conv  input_blocks.2.0.op
down_blocks.1.resnets.0      input_blocks.3.0      down_blocks.1.attentions.0  input_blocks.3.1
down_blocks.1.downsamplers.0.conv  input_blocks.4.0.op
down_blocks.2.resnets.0      input_blocks.5.0      down_blocks.2.attentions.0  input_blocks.5.1
down_blocks.2.downsamplers.0.conv  input_blocks.6.0.op
down_blocks.3.resnets.0      input_blocks.7.0
mid_block.resnets.0          middle_block.0
mid_block.attentions.0       middle_block.1
mid_block.resnets.1          middle_block.2
up_blocks.0.resnets.0        output_blocks.0.0
up_blocks.0.resnets.1        output_blocks.1.0
up_blocks.0.upsamplers.0     output_blocks.1.1
up_blocks.1.resnets.0        output_blocks.2.0     up_blocks.1.attentions.0    output_blocks.2.1
up_blocks.1.resnets.1        output_blocks.3.0     up_blocks.1.attentions.1    output_blocks.3.1
up_blocks.1.upsamplers.0     output_blocks.3.2
up_blocks.2.resnets.0        output_blocks.4.0     up_blocks.2.attentions.0    output_blocks.4.1
up_blocks.2.resnets.1        output_blocks.5.0     up_blocks.2.attentions.1    output_blocks.5.1
up_blocks.2.upsamplers.0     output_blocks.5.2
up_blocks.3.resnets.0        output_blocks.6.0     up_blocks.3.attentions.0    output_blocks.6.1
up_blocks.3.resnets.1        output_blocks.7.0     up_blocks.3.attentions.1    output_blocks.7.1
conv_norm_out                out.0                 conv_out                    out.2`

var originalResnet = strings.NewReplacer(
	"norm1", "in_layers.0", "conv1", "in_layers.2", "time_emb_proj", "emb_layers.1",
	"norm2", "out_layers.0", "conv2", "out_layers.3", "conv_shortcut", "skip_connection",
)

var originalVAE = strings.NewReplacer(
	"mid_block.resnets.0", "mid.block_1", "mid_block.resnets.1", "mid.block_2", "mid_block.attentions.0", "mid.attn_1",
	"down_blocks", "down", "resnets", "block", "downsamplers.0", "downsample", "upsamplers.0", "upsample",
	"conv_shortcut", "nin_shortcut", "conv_norm_out", "norm_out", "group_norm", "norm",
	"to_q", "q", "to_k", "k", "to_v", "v", "to_out.0", "proj_out", // as written today
	"query", "q", "key", "k", "value", "v", "proj_attn", "proj_out", // as written before
)

// original knows how the original code calls the tensors of a directory.
type original struct {
	dir    string
	unet   string   // one of the tables above
	levels []string // of the decoder, by diffusers' number
}

var (
	originalA = original{modelA, originalUNet1, []string{"3", "2", "1", "0"}}
	originalB = original{modelB, originalUNet2, []string{"2", "1", "0"}}
)

func (o original) unetName(t *testing.T, name string) string {
	words := strings.Fields(o.unet)
	for i := 0; i < len(words); i += 2 {
		if rest, ok := strings.CutPrefix(name, words[i]+"."); ok {
			if strings.Contains(words[i], "resnets") {
				rest = originalResnet.Replace(rest)
			}
			return "model.diffusion_model." + words[i+1] + "." + rest
		}
	}
	t.Fatalf("the table has no %s", name)
	return ""
}

func (o original) vaeName(name string) string {
	for theirs, ours := range o.levels {
		name = strings.Replace(name, "up_blocks."+string(rune('0'+theirs)), "up."+ours, 1)
	}
	return "first_stage_model." + originalVAE.Replace(name)
}

// tensors returns the weights of the directory by their original names.
func (o original) tensors(t *testing.T) map[string]*gt.Dense {
	t.Helper()
	all := map[string]*gt.Dense{}
	for part, nameOf := range map[string]func(string) string{
		"unet": func(name string) string { return o.unetName(t, name) },
		"vae":  o.vaeName,
		"text_encoder": func(name string) string {
			return "cond_stage_model.transformer.text_model." + strings.TrimPrefix(name, "text_model.")
		},
	} {
		set, err := tensor.OpenSet(filepath.Join(o.dir, part), "diffusion_pytorch_model", "model")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { set.Close() })
		for _, name := range set.Names() {
			if strings.HasSuffix(name, "position_ids") {
				continue // whole numbers, which tensor.Save does not write
			}
			d, err := set.Get(name)
			if err != nil {
				t.Fatal(err)
			}
			theirs := nameOf(name)
			if strings.Contains(theirs, ".attn_1.") && len(d.Shape()) == 2 { // convolutions of one pixel
				d = d.ShallowClone()
				if err := d.Reshape(d.Shape()[0], d.Shape()[1], 1, 1); err != nil {
					t.Fatal(err)
				}
			}
			all[theirs] = d
		}
	}
	return all
}
