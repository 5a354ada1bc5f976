package diffusion

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

const (
	modelA = "../testdata/models/a"
	modelB = "../testdata/models/b"
)

// copyModel is a copy of model a that a test may spoil.
func copyModel(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// spoiled is a model directory in which something is wrong.
type spoiled struct {
	t   *testing.T
	dir string
}

func (s spoiled) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

func (s spoiled) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s spoiled) remove(names ...string) {
	for _, n := range names {
		s.must(os.RemoveAll(s.path(n)))
	}
}

func (s spoiled) write(name, content string) {
	s.must(os.MkdirAll(filepath.Dir(s.path(name)), 0o700))
	s.must(os.WriteFile(s.path(name), []byte(content), 0o600))
}

// set changes fields of a JSON file; nil takes a field out.
func (s spoiled) set(name string, fields map[string]any) {
	data, err := os.ReadFile(s.path(name))
	s.must(err)
	all := map[string]any{}
	s.must(json.Unmarshal(data, &all))
	for k, v := range fields {
		if all[k] = v; v == nil {
			delete(all, k)
		}
	}
	data, err = json.Marshal(all)
	s.must(err)
	s.must(os.WriteFile(s.path(name), data, 0o600))
}

// nest puts the object of a JSON file into a field of a new one, with others.
func (s spoiled) nest(name, field string, others map[string]any) {
	data, err := os.ReadFile(s.path(name))
	s.must(err)
	others[field] = json.RawMessage(data)
	data, err = json.Marshal(others)
	s.must(err)
	s.must(os.WriteFile(s.path(name), data, 0o600))
}

// cut takes the last bytes off a file.
func (s spoiled) cut(name string, bytes int64) {
	info, err := os.Stat(s.path(name))
	s.must(err)
	s.must(os.Truncate(s.path(name), info.Size()-bytes))
}

// weights changes the tensors of a file.
func (s spoiled) weights(name string, change func(all map[string]*gt.Dense)) {
	f, err := tensor.Open(s.path(name))
	s.must(err)
	all := map[string]*gt.Dense{}
	for _, n := range f.Names() {
		d, err := f.Get(n)
		s.must(err)
		all[n] = tensor.FromFloat32s(slices.Clone(tensor.Float32s(d)), d.Shape()...)
	}
	s.must(f.Close())
	change(all)
	s.must(tensor.Save(s.path(name), all, nil))
}

const (
	unetConfig  = "unet/config.json"
	unetWeights = "unet/diffusion_pytorch_model.safetensors"
	vaeConfig   = "vae/config.json"
	vaeWeights  = "vae/diffusion_pytorch_model.safetensors"
	textWeights = "text_encoder/model.safetensors"
)

// badDirectories are what Open must refuse, and what its error must say.
var badDirectories = []struct {
	name  string
	spoil func(s spoiled)
	says  []string
}{
	{"missing parts", func(s spoiled) { s.remove("unet", "scheduler") },
		[]string{"has no unet/, no scheduler/", "text_encoder/  config.json and model.safetensors"}},
	{"empty", func(s spoiled) {
		s.remove("unet", "vae", "text_encoder", "scheduler", "clip", "tokenizer", "model_index.json")
	},
		[]string{"has no unet/, no vae/, no text_encoder/, no scheduler/", "as diffusers writes it"}},
	{"XL", func(s spoiled) {
		s.set("model_index.json", map[string]any{"_class_name": "StableDiffusionXLPipeline"})
	}, []string{"model_index.json", "StableDiffusionXLPipeline", "only Stable Diffusion 1.x"}},
	{"XL without an index", func(s spoiled) {
		s.remove("model_index.json")
		s.must(os.CopyFS(s.path("text_encoder_2"), os.DirFS(s.path("text_encoder"))))
	}, []string{"text_encoder_2", "Stable Diffusion XL"}},
	{"XL's unet", func(s spoiled) { s.set(unetConfig, map[string]any{"addition_embed_type": "text_time"}) },
		[]string{unetConfig, "addition_embed_type", "text_time"}},
	{"2's unet", func(s spoiled) {
		s.set(unetConfig, map[string]any{"use_linear_projection": true, "attention_head_dim": []int{5, 10, 20, 20}})
	}, []string{unetConfig, "use_linear_projection"}},
	{"2's widths", func(s spoiled) { s.set(unetConfig, map[string]any{"cross_attention_dim": 1024}) },
		[]string{"attn2.to_k.weight", "wrong shape"}},
	{"flow model", func(s spoiled) { s.set("model_index.json", map[string]any{"_class_name": "FluxPipeline"}) },
		[]string{"FluxPipeline"}},
	{"another unet", func(s spoiled) { s.set(unetConfig, map[string]any{"_class_name": "UNet3DConditionModel"}) },
		[]string{unetConfig, "UNet3DConditionModel"}},
	{"another vae", func(s spoiled) { s.set(vaeConfig, map[string]any{"_class_name": "AsymmetricAutoencoderKL"}) },
		[]string{vaeConfig, "AsymmetricAutoencoderKL"}},
	{"block types", func(s spoiled) {
		s.set(unetConfig, map[string]any{"up_block_types": []string{"UpBlock2D", "AttnUpBlock2D", "UpBlock2D", "UpBlock2D"}})
	}, []string{unetConfig, "AttnUpBlock2D", "CrossAttnUpBlock2D"}},
	{"groups", func(s spoiled) { s.set(unetConfig, map[string]any{"norm_num_groups": 24}) },
		[]string{unetConfig, "norm_num_groups"}},
	{"inpainting", func(s spoiled) {
		s.set(unetConfig, map[string]any{"in_channels": 9})
		s.weights(unetWeights, func(all map[string]*gt.Dense) {
			all["conv_in.weight"] = tensor.FromFloat32s(make([]float32, 32*9*9), 32, 9, 3, 3)
		})
	}, []string{"9 channels", "4", "inpainting"}},
	{"dimensions of text and unet", func(s spoiled) {
		s.remove("text_encoder", "tokenizer")
		s.must(os.CopyFS(s.path("text_encoder"), os.DirFS(modelB+"/text_encoder")))
		s.must(os.CopyFS(s.path("tokenizer"), os.DirFS(modelB+"/tokenizer")))
	}, []string{"cross_attention_dim is 32", "hidden_size 40"}},
	{"tensors", func(s spoiled) {
		s.weights(unetWeights, func(all map[string]*gt.Dense) {
			delete(all, "conv_in.bias")
			delete(all, "time_embedding.linear_1.weight")
			all["conv_extra.weight"] = all["conv_in.weight"]
			all["conv_norm_out.bias"] = tensor.FromFloat32s(make([]float32, 7), 7)
			all["conv_out.bias"].Float32s()[2] = float32(math.NaN())
		})
	}, []string{"/unet", "conv_in.bias", "time_embedding.linear_1.weight", "conv_extra.weight",
		"conv_norm_out.bias: (7), want (32)", "conv_out.bias: NaN at [2]"}},
	{"infinity in a weight", func(s spoiled) {
		s.weights(textWeights, func(all map[string]*gt.Dense) {
			for _, d := range all {
				d.Float32s()[0] = float32(math.Inf(1))
			}
		})
	}, []string{"text_encoder", "36 holding NaN or infinity", "embeddings.position_embedding.weight: +Inf at [0 0]"}},
	{"truncated", func(s spoiled) { s.cut(vaeWeights, 1000) }, []string{vaeWeights, "truncated"}},
	{"truncated header", func(s spoiled) { s.write(vaeWeights, "{}") }, []string{vaeWeights, "truncated"}},
	{"empty weights", func(s spoiled) { s.write(textWeights, "") }, []string{textWeights}},
	{"no weights", func(s spoiled) { s.remove(unetWeights) }, []string{"unet", "diffusion_pytorch_model.safetensors"}},
	{"pickles only", func(s spoiled) {
		s.remove(unetWeights)
		s.write("unet/diffusion_pytorch_model.bin", "PK")
	}, []string{"diffusion_pytorch_model.bin", "safetensors"}},
	{"missing shard", func(s spoiled) {
		s.remove("unet")
		s.must(os.CopyFS(s.path("unet"), os.DirFS(modelB+"/unet")))
		s.remove("unet/diffusion_pytorch_model-00002-of-00002.safetensors")
	}, []string{"diffusion_pytorch_model-00002-of-00002.safetensors"}},
	{"no config", func(s spoiled) { s.remove(unetConfig) }, []string{unetConfig, "no such file"}},
	{"broken config", func(s spoiled) { s.write(vaeConfig, `{"in_channels": 3,`) }, []string{vaeConfig, "unexpected end of JSON"}},
	{"wrong type", func(s spoiled) { s.set("text_encoder/config.json", map[string]any{"hidden_size": "wide"}) },
		[]string{"text_encoder/config.json", "hidden_size"}},
	{"huge", func(s spoiled) { s.set("text_encoder/config.json", map[string]any{"hidden_size": 1 << 40}) },
		[]string{"text_encoder"}},
	{"broken index", func(s spoiled) { s.write("model_index.json", "[") }, []string{"model_index.json"}},
	{"broken scheduler", func(s spoiled) { s.write("scheduler/scheduler_config.json", "{") }, []string{"scheduler_config.json"}},
	{"unknown beta_schedule", func(s spoiled) { s.set(schedulerConfig, map[string]any{"beta_schedule": "cosine"}) },
		[]string{schedulerConfig + `: beta_schedule is "cosine", it must be one of linear, scaled_linear, squaredcos_cap_v2`}},
	{"unknown prediction_type", func(s spoiled) { s.set(schedulerConfig, map[string]any{"prediction_type": "flow"}) },
		[]string{schedulerConfig + `: prediction_type is "flow", it must be one of epsilon, v_prediction, sample`}},
	{"large tokenizer", func(s spoiled) { s.remove("tokenizer") },
		[]string{"text encoder", "tokenizer has 49408 tokens", "vocab_size is 640", "it is CLIP's, since there is none of the model's own"}},
	{"broken tokenizer", func(s spoiled) { s.write("tokenizer/vocab.json", `{"a": 0`) }, []string{"tokenizer/vocab.json"}},
	{"no merges", func(s spoiled) { s.remove("tokenizer/merges.txt") }, []string{"merges.txt"}},
	{"everything", func(s spoiled) {
		s.write(unetConfig, "{")
		s.cut(vaeWeights, 1)
		s.remove(textWeights)
		s.write("clip/vocab.json", "{}")
	}, []string{unetConfig, vaeWeights, "text_encoder: no weights", "clip/merges.txt"}},
	{"broken CLIP", func(s spoiled) { s.cut("clip/model.safetensors", 8) }, []string{"clip/model.safetensors", "truncated"}},
	{"CLIP's text half", func(s spoiled) {
		s.remove("clip")
		s.must(os.CopyFS(s.path("clip"), os.DirFS(s.path("text_encoder"))))
	}, []string{"clip/config.json", "clip_text_model"}},
	{"what downloads leave behind", func(s spoiled) {
		s.write(unetWeights, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3438167540\n")
		s.write(vaeConfig, "<!DOCTYPE html>\n<html>")
		s.write(textWeights, strings.Repeat("\x00", 4096))
		s.write("clip/config.json", "")
	}, []string{
		unetWeights + ": the file is a Git LFS pointer", "git lfs pull", vaeConfig + ": the file is a web page",
		textWeights + ": the file is full of zeros", "clip/config.json: the file is empty",
	}},
	{"a pointer for an index", func(s spoiled) { s.write("model_index.json", "version https://git-lfs.github.com/spec/v1\n") },
		[]string{"model_index.json: the file is a Git LFS pointer"}},
	{"float8", func(s spoiled) {
		const header = `{"conv_in.weight":{"dtype":"F8_E4M3","shape":[32,4,3,3],"data_offsets":[0,1152]}}`
		s.write(unetWeights, string(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))+header+strings.Repeat("8", 1152))
	}, []string{unetWeights, "1 not readable:\n  tensor \"conv_in.weight\": dtype F8_E4M3 is not read; convert to F16"}},
	{"preprocessor", func(s spoiled) { s.write("clip/preprocessor_config.json", `{"image_std": [1, 0, 1]}`) },
		[]string{"preprocessor_config.json", "std positive"}},
}

// kindsOfRefusals are the kinds of the errors of bad directories and files that are
// not ErrDamaged alone.
var kindsOfRefusals = map[string][]error{
	"missing parts": {fs.ErrNotExist}, "empty": {fs.ErrNotExist}, "no weights": {fs.ErrNotExist}, "pickles only": {fs.ErrNotExist},
	"missing shard": {fs.ErrNotExist}, "no config": {fs.ErrNotExist}, "no merges": {fs.ErrNotExist},
	"everything": {ErrDamaged, fs.ErrNotExist},

	"XL": {ErrNotStableDiffusion1}, "XL without an index": {ErrNotStableDiffusion1}, "XL's unet": {ErrNotStableDiffusion1},
	"2's unet": {ErrNotStableDiffusion1}, "flow model": {ErrNotStableDiffusion1}, "another unet": {ErrNotStableDiffusion1},
	"another vae": {ErrNotStableDiffusion1}, "block types": {ErrNotStableDiffusion1}, "inpainting": {ErrNotStableDiffusion1},
	"CLIP's text half": {ErrNotStableDiffusion1},

	// single files
	"no vae and no text encoder": {fs.ErrNotExist}, "something else": {fs.ErrNotExist},
	"Stable Diffusion 2": {ErrNotStableDiffusion1}, "Stable Diffusion 3": {ErrNotStableDiffusion1}, "LoRA": {ErrNotStableDiffusion1},
	"ControlNet": {ErrNotStableDiffusion1}, "a directory's unet": {ErrNotStableDiffusion1},
	"no tokenizer, no CLIP, no bias": {ErrDamaged, fs.ErrNotExist},
}

// wantRefusal wants an error of Open to be of its kinds and of no other.
func wantRefusal(t *testing.T, name string, err error) {
	t.Helper()
	want, listed := kindsOfRefusals[name]
	if !listed {
		want = []error{ErrDamaged}
	}
	for _, kind := range []error{ErrDamaged, ErrNotStableDiffusion1, fs.ErrNotExist, ErrArgument} {
		if errors.Is(err, kind) != slices.Contains(want, kind) {
			t.Errorf("errors.Is says %v for %q:\n%v", errors.Is(err, kind), kind, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range badDirectories {
		t.Run(c.name, func(t *testing.T) {
			s := spoiled{t, copyModel(t)}
			c.spoil(s)
			p, err := Open(t.Context(), s.dir)
			if err == nil {
				t.Fatal("it opens")
			}
			if p != nil {
				t.Error("there is a pipeline beside the error")
			}
			t.Log(err)
			wantRefusal(t, c.name, err)
			text := filepath.ToSlash(err.Error())
			for _, part := range c.says {
				if !strings.Contains(text, part) {
					t.Errorf("the error does not mention %q:\n%s", part, text)
				}
			}
		})
	}
}
