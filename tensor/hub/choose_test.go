package hub

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseRef(t *testing.T) {
	alone(t)
	t.Setenv("HF_ENDPOINT", "https://mirror.example/hub")
	for text, want := range map[string]Ref{
		"a/b":                            {"a/b", "", ""},
		"A_1/b.c-d":                      {"A_1/b.c-d", "", ""},
		"a/b@v1.0":                       {"a/b", "v1.0", ""},
		"a/b@refs/pr/3":                  {"a/b", "refs/pr/3", ""},
		"a/b:x.safetensors":              {"a/b", "", "x.safetensors"},
		"a/b@main:sub/x.safetensors":     {"a/b", "main", "sub/x.safetensors"},
		"https://huggingface.co/a/b":     {"a/b", "", ""},
		"https://huggingface.co/a/b/":    {"a/b", "", ""},
		"https://hf.co/a/b/tree/v1":      {"a/b", "v1", ""},
		"https://mirror.example/a/b":     {"a/b", "", ""},
		"http://huggingface.co/a/b?x=1#": {"a/b", "", ""},
		"https://huggingface.co/a/b/blob/main/x.safetensors":                  {"a/b", "main", "x.safetensors"},
		"https://huggingface.co/a/b/resolve/v1/s/x.safetensors?download=true": {"a/b", "v1", "s/x.safetensors"},
	} {
		r, err := ParseRef(text)
		if err != nil || r != want {
			t.Errorf("%q is %+v, %v, want %+v", text, r, err, want)
		}
		if again, err := ParseRef(r.String()); err != nil || again != r {
			t.Errorf("%+v is written as %q and read as %+v, %v", r, r, again, err)
		}
	}
	for _, text := range []string{
		"", "a", "a/", "/b", "a/b/c", "./b", "../b", "a/..", "a/b@", "a/b:", "a/b:x.ckpt", "a/b:../x.safetensors", "a/b@../x", "a b/c", "a--b/c", "a/b..c", `a\b`, "-a/b", "a/b.git",
		"https://huggingface.co/a", "https://example.com/a/b", "https://huggingface.co/a/b/discussions/1", "https://huggingface.co/a/b/blob/main/x.bin", "ä/b", "a/b@\x00",
	} {
		if r, err := ParseRef(text); !errors.Is(err, ErrArgument) {
			t.Errorf("%q is %+v, %v", text, r, err)
		}
	}
}

const index = `{"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.6", "requires_safety_checker": true,
	"scheduler": ["diffusers", "PNDMScheduler"], "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
	"safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"], "feature_extractor": ["transformers", "CLIPFeatureExtractor"], "image_encoder": [null, null], "../x": ["a", "b"]}`

func shelfOf(names ...string) shelf {
	s := shelf{}
	for _, name := range names {
		s[name] = File{Name: name, Size: 2_130_000_000}
	}
	return s
}

func TestChoose(t *testing.T) {
	base := []string{"README.md", "model_index.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json", "tokenizer/merges.txt", "tokenizer/tokenizer.json", "unet/config.json", "safety_checker/config.json", "safety_checker/model.safetensors"}
	texts := []string{"model_index.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json", "tokenizer/merges.txt", "unet/config.json"}
	const unet = "unet/diffusion_pytorch_model"
	for name, c := range map[string]struct {
		ref, variant string
		names, want  []string
	}{
		"half precision first": {"a/b", "", append(base, unet+".safetensors", unet+".fp16.safetensors", unet+".non_ema.safetensors"), append(texts, unet+".fp16.safetensors")},
		"float32":              {"a/b", "none", append(base, unet+".safetensors", unet+".fp16.safetensors"), append(texts, unet+".safetensors")},
		"bfloat16 last":        {"a/b", "", append(base, unet+".bf16.safetensors"), append(texts, unet+".bf16.safetensors")},
		"shards": {"a/b", "", append(base, unet+"-00001-of-00002.safetensors", unet+"-00002-of-00002.safetensors", unet+".safetensors.index.json"),
			append(texts, unet+".safetensors.index.json", unet+"-00001-of-00002.safetensors", unet+"-00002-of-00002.safetensors")},
		"shards of a variant": {"a/b", "", append(base, unet+".fp16-00001-of-00001.safetensors", unet+".safetensors.index.fp16.json", unet+".safetensors"),
			append(texts, unet+".safetensors.index.fp16.json", unet+".fp16-00001-of-00001.safetensors")},
		"shards that lack one": {"a/b", "", append(base, unet+".fp16-00001-of-00002.safetensors", unet+".safetensors.index.fp16.json", unet+".safetensors"), append(texts, unet+".safetensors")},
		"with CLIP":            {"a/b", "", append(base, unet+".safetensors", "clip/config.json", "clip/model.safetensors", "anomalyany.json"), append([]string{"model_index.json", "anomalyany.json", "clip/config.json"}, append(slices.Clone(texts[1:]), "clip/model.safetensors", unet+".safetensors")...)},
		"a file":               {"a/b:x.safetensors", "", []string{"model_index.json", "x.safetensors", "x.yaml", "y.safetensors"}, []string{"x.yaml", "x.safetensors"}},
		"a lone file":          {"a/b", "", []string{"README.md", "x.safetensors"}, []string{"x.safetensors"}},
		"a CLIP":               {"a/b", "", []string{"config.json", "model.safetensors", "pytorch_model.bin", "merges.txt", "vocab.json", "tokenizer.json", "preprocessor_config.json"}, []string{"config.json", "vocab.json", "merges.txt", "preprocessor_config.json", "model.safetensors"}},
		"open_clip's":          {"a/b", "", []string{"open_clip_config.json", "open_clip_model.safetensors", "open_clip_pytorch_model.bin"}, []string{"open_clip_config.json", "open_clip_model.safetensors"}},
	} {
		r, err := ParseRef(c.ref)
		if err != nil {
			t.Fatal(err)
		}
		got, err := shelfOf(c.names...).choose(r, c.variant, func() ([]byte, error) { return []byte(index), nil })
		want := slices.Clone(c.want)
		slices.SortStableFunc(want, func(a, b string) int { return rank(a) - rank(b) })
		if err != nil || !slices.Equal(sorted(got.names), sorted(want)) {
			t.Errorf("%s: %q, %v, want %q", name, got.names, err, want)
		}
	}
}

func rank(name string) int {
	if isLarge(name) {
		return 1
	}
	return 0
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }

func TestChooseNothing(t *testing.T) {
	parts := []string{"model_index.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json", "tokenizer/merges.txt", "unet/config.json"}
	for name, c := range map[string]struct {
		variant string
		names   []string
		index   string
		says    string
	}{
		"several files":    {"", []string{"x.safetensors", "y.safetensors"}, "", "2 files of weights: say which\n  a/b:x.safetensors  (2.1 GB)\n  a/b:y.safetensors"},
		"pickles":          {"", []string{"x.ckpt"}, "", "x.ckpt, a pickle"},
		"pickles in parts": {"", append(parts, "unet/diffusion_pytorch_model.bin"), index, "unet/ has no weights in .safetensors files; there is unet/diffusion_pytorch_model.bin, a pickle"},
		"nothing":          {"", []string{"README.md"}, "", "no weights"},
		"another variant":  {"bf16", append(parts, "unet/diffusion_pytorch_model.safetensors"), index, "of variant bf16"},
		"no tokenizer":     {"", []string{"model_index.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json"}, index, "tokenizer/ has no vocab.json and merges.txt"},
		"no index":         {"", parts, "[]", "names no parts"},
		"a config alone":   {"", []string{"config.json", "pytorch_model.bin"}, "", "pytorch_model.bin, a pickle"},
	} {
		_, err := shelfOf(c.names...).choose(Ref{Repo: "a/b"}, c.variant, func() ([]byte, error) { return []byte(c.index), nil })
		if !errors.Is(err, ErrUnsuitable) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{-1: "0 bytes", 0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 2_130_000_000: "2.1 GB", 212_400_000_000: "212 GB", 999_999: "1.0 MB", 5e12: "5.0 TB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

// FuzzParseRef: what is read is written and read the same, and leads nowhere but below a cache.
func FuzzParseRef(f *testing.F) {
	for _, text := range []string{"a/b@v:x.safetensors", "https://huggingface.co/a/b/blob/main/x.safetensors", "a/../b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRef(text)
		if err != nil {
			return
		}
		if again, err := ParseRef(r.String()); err != nil || again != r {
			t.Errorf("%q is %+v, then %+v, %v", text, r, again, err)
		}
		if strings.Contains(repoDir(r.Repo), "/") || strings.Contains(repoDir(r.Repo), "..") {
			t.Errorf("%q has the folder %q", text, repoDir(r.Repo))
		}
	})
}

// FuzzIndex: whatever an index says, what is chosen of a repository is in it.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(index))
	s := shelfOf("model_index.json", "scheduler/scheduler_config.json", "tokenizer/tokenizer.json", "unet/config.json", "unet/model.safetensors")
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := s.choose(Ref{Repo: "a/b"}, "", func() ([]byte, error) { return text, nil })
		if err != nil && !errors.Is(err, ErrUnsuitable) {
			t.Error(err)
		}
		for _, name := range c.names {
			if !s.has(name) {
				t.Errorf("%q is chosen and not there", name)
			}
		}
	})
}
