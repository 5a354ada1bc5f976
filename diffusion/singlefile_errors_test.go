package diffusion

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

type tensors = map[string]*gt.Dense

func zeros(shape ...int) *gt.Dense {
	return tensor.FromFloat32s(make([]float32, gt.Shape(shape).TotalSize()), shape...)
}

// without takes a part out of a file and returns of how many tensors it was.
func without(all tensors, prefix string) int {
	before := len(all)
	maps.DeleteFunc(all, func(name string, _ *gt.Dense) bool { return strings.HasPrefix(name, prefix) })
	return before - len(all)
}

// badFiles are what Open must refuse, and what its error must say.
var badFiles = []struct {
	name  string
	spoil func(all tensors)
	opts  []OpenOption
	says  []string
}{
	{"missing tensors", func(all tensors) {
		for _, name := range []string{
			unetPrefix + "input_blocks.0.0.weight", unetPrefix + "input_blocks.2.0.op.weight", unetPrefix + "output_blocks.3.2.conv.bias",
			unetPrefix + "input_blocks.1.0.out_layers.3.weight", unetPrefix + "middle_block.1.transformer_blocks.0.attn2.to_k.weight",
			vaePrefix + "decoder.up.3.block.0.conv1.weight", vaePrefix + "encoder.mid.attn_1.q.weight", vaePrefix + "post_quant_conv.bias",
			"cond_stage_model.transformer.text_model.encoder.layers.1.mlp.fc1.bias", "cond_stage_model.transformer.text_model.final_layer_norm.weight",
		} {
			delete(all, name)
		}
	}, nil, []string{
		"5 missing",
		"model.diffusion_model.input_blocks.0.0.weight (32, 4, 3, 3)",
		"model.diffusion_model.input_blocks.2.0.op.weight (32, 32, 3, 3)",
		"model.diffusion_model.output_blocks.3.2.conv.bias (64)",
		"model.diffusion_model.input_blocks.1.0.out_layers.3.weight (32, 32, 3, 3)",
		"model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_k.weight (64, 32)",
		"3 missing",
		"first_stage_model.decoder.up.3.block.0.conv1.weight (32, 32, 3, 3)",
		"first_stage_model.encoder.mid.attn_1.q.weight (32, 32)",
		"first_stage_model.post_quant_conv.bias (4)",
		"2 missing",
		"cond_stage_model.transformer.text_model.encoder.layers.1.mlp.fc1.bias (64)",
		"cond_stage_model.transformer.text_model.final_layer_norm.weight (32)",
	}},
	{"tensors that nothing uses", func(all tensors) {
		for _, name := range []string{"embedding_manager.weight", unetPrefix + "input_blocks.1.2.weight", vaePrefix + "encoder.extra", textPrefix + "text_model.extra.bias"} {
			all[name] = zeros(1)
		}
	}, nil, []string{
		"2 not used by the model (WithUnused lets them be):\n  embedding_manager.weight\n  model.diffusion_model.input_blocks.1.2.weight",
		"first_stage_model.encoder.extra", "cond_stage_model.transformer.text_model.extra.bias",
	}},
	{"wrong shapes and numbers", func(all tensors) {
		all[unetPrefix+"output_blocks.0.0.skip_connection.weight"] = zeros(64, 64, 1, 1)
		all[vaePrefix+"encoder.down.1.downsample.conv.bias"] = zeros(7)
		all[textPrefix+"text_model.embeddings.position_embedding.weight"] = zeros(2, 2)
	}, nil, []string{
		"model.diffusion_model.output_blocks.0.0.skip_connection.weight: (64, 64, 1, 1), want (64, 128, 1, 1)",
		"first_stage_model.encoder.down.1.downsample.conv.bias: (7), want (16)",
		"cond_stage_model.transformer.text_model.embeddings.position_embedding.weight: (2, 2), want (2, 32)",
	}},
	{"not finite", func(all tensors) {
		all[unetPrefix+"out.2.bias"] = tensor.FromFloat32s([]float32{0, 0, 0, float32(math.Inf(-1))}, 4)
	}, nil, []string{"model.diffusion_model.out.2.bias: -Inf at [3]"}},
	{"an average missing", func(all tensors) {
		averages(all)
		delete(all, "model_ema.diffusion_modelmiddle_block0in_layers2bias")
		all["model_ema.diffusion_modelother"] = zeros(1)
	}, []OpenOption{WithEMA()}, []string{
		"1 missing", "model_ema.diffusion_modelmiddle_block0in_layers2bias (64)",
		"1 not used", "model_ema.diffusion_modelother",
	}},
	{"no vae and no text encoder", func(all tensors) {
		without(all, vaePrefix)
		without(all, textStage)
	}, nil, []string{"no first_stage_model.… (the vae), no cond_stage_model.transformer.… (the text encoder)"}},
	{"something else", func(all tensors) {
		without(all, "")
		all["fc.weight"] = zeros(1)
	}, nil, []string{"no model.diffusion_model.… (the unet)"}},
	{"Stable Diffusion 2", func(all tensors) {
		without(all, textStage)
		all["cond_stage_model.model.transformer.resblocks.0.attn.in_proj_bias"] = zeros(1)
	}, nil, []string{"cond_stage_model.model.transformer", "Stable Diffusion 2", "OpenCLIP", "only Stable Diffusion 1.x"}},
	{"XL", func(all tensors) {
		without(all, textStage)
		all["conditioner.embedders.0.transformer.text_model.final_layer_norm.bias"] = zeros(1)
		all[unetPrefix+"label_emb.0.0.bias"] = zeros(1)
	}, nil, []string{"conditioner.embedders.0.", "Stable Diffusion XL", "only Stable Diffusion 1.x"}},
	{"Stable Diffusion 3", func(all tensors) {
		without(all, "")
		all[unetPrefix+"joint_blocks.0.context_block.attn.proj.bias"] = zeros(1)
	}, nil, []string{"joint_blocks", "Stable Diffusion 3"}},
	{"LoRA", func(all tensors) {
		without(all, "")
		all["lora_unet_down_blocks_0_attentions_0_proj_in.alpha"] = zeros(1)
	}, nil, []string{"lora_unet", "a LoRA"}},
	{"ControlNet", func(all tensors) { all["control_model.input_hint_block.0.bias"] = zeros(1) },
		nil, []string{"control_model.", "a ControlNet"}},
	{"a directory's unet", func(all tensors) {
		without(all, "")
		all["down_blocks.0.resnets.0.norm1.bias"] = zeros(1)
	}, nil, []string{"down_blocks.0", "open the directory itself"}},
	{"inpainting", func(all tensors) { all[unetPrefix+"input_blocks.0.0.weight"] = zeros(32, 9, 3, 3) },
		nil, []string{"9 channels", "inpainting"}},
	{"another text encoder", func(all tensors) {
		for name, d := range all {
			if strings.Contains(name, "attn2.to_k") || strings.Contains(name, "attn2.to_v") {
				all[name] = zeros(d.Shape()[0], 48)
			}
		}
	}, nil, []string{"cross_attention_dim is 48", "hidden_size 32"}},
	{"groups that do not divide", func(tensors) {}, []OpenOption{WithFileConfig(func(*FileConfig) {})},
		[]string{"a vae", "block_out_channels[0] = 16 is no multiple of norm_num_groups = 32", "WithFileConfig"}},
	{"heads that do not divide", func(tensors) {}, []OpenOption{WithFileConfig(func(c *FileConfig) { c.UNet.AttentionHeadDim[0] = 5 })},
		[]string{"a unet", "number of heads 5", "WithFileConfig"}},
	{"the tokenizer of CLIP", func(tensors) {}, []OpenOption{WithTokenizerDir("")},
		[]string{"tokenizer has 49408 tokens", "vocab_size is 640"}},
	{"no tokenizer, no CLIP, no bias", func(all tensors) { delete(all, unetPrefix+"out.2.bias") },
		[]OpenOption{WithTokenizerDir("nowhere"), WithCLIPDir("nowhere")},
		[]string{"model.diffusion_model.out.2.bias (4)", filepath.Join("nowhere", "vocab.json"), filepath.Join("nowhere", "config.json")}},
	{"no blocks", func(all tensors) {
		without(all, unetPrefix+"input_blocks.")
		without(all, unetPrefix+"output_blocks.")
	}, nil, []string{"a unet", "layers_per_block is 0"}},
}

func TestOpenRefusesFiles(t *testing.T) {
	dir := openModel(t, modelA)
	for _, c := range badFiles {
		t.Run(c.name, func(t *testing.T) {
			all := originalA.tensors(t)
			c.spoil(all)
			path := saved(t, all)
			opts := append([]OpenOption{like(dir), WithTokenizerDir(modelA + "/tokenizer")}, c.opts...)
			p, err := Open(t.Context(), path, opts...)
			if err == nil {
				t.Fatal("it opens")
			}
			if p != nil {
				t.Error("there is a pipeline beside the error")
			}
			t.Log(err)
			wantRefusal(t, c.name, err)
			for _, part := range append(c.says, path) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not mention %q:\n%s", part, err)
				}
			}
		})
	}
}

// TestWholeBlocksMissing takes blocks out of which nothing is left to show
// their sizes. The error lists their tensors and nothing else.
func TestWholeBlocksMissing(t *testing.T) {
	dir, all := openModel(t, modelA), originalA.tensors(t)
	var wants []string
	for _, part := range [][]string{
		{unetPrefix + "input_blocks.1.", unetPrefix + "input_blocks.4.", unetPrefix + "output_blocks.4."}, // resnets, a downsampler
		{vaePrefix + "encoder.down.0.", vaePrefix + "encoder.down.2.", vaePrefix + "decoder.up.3."},
		{textPrefix + "text_model.encoder.layers.0."},
	} {
		n := 0
		for _, block := range part {
			n += without(all, block)
		}
		wants = append(wants, fmt.Sprintf("\n%d missing", n))
	}
	_, err := Open(t.Context(), saved(t, all), like(dir), WithTokenizerDir(modelA+"/tokenizer"))
	if err == nil {
		t.Fatal("it opens")
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not mention %q:\n%s", want, err)
		}
	}
	if strings.Contains(err.Error(), "not used") || strings.Contains(err.Error(), "wrong shape") {
		t.Errorf("more is wrong than what is missing:\n%s", err)
	}
}

func TestOpenRefusesBrokenFiles(t *testing.T) {
	path := saved(t, originalA.tensors(t))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{info.Size() - 1, 100, 4, 0} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), path); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%d bytes of %d: %v", size, info.Size(), err)
		}
	}
}
