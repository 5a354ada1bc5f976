package clip

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
)

// tiny is CLIP with two narrow layers.
func tiny() Config {
	c := ViTL14()
	c.Text = TextConfig{
		VocabSize: 50, HiddenSize: 16, Intermediate: 32, Layers: 2, Heads: 4, MaxPositions: 9,
		HiddenAct: "quick_gelu", LayerNormEps: 1e-5, EOSTokenID: 49,
	}
	c.Vision = VisionConfig{
		HiddenSize: 24, Intermediate: 48, Layers: 2, Heads: 3, Channels: 3, ImageSize: 8, PatchSize: 4,
		HiddenAct: "gelu", LayerNormEps: 1e-5,
	}
	c.ProjectionDim = 10
	return c
}

func random(t testing.TB, c Config) *Model {
	t.Helper()
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := nn.Randomize(m, 1, gt.Float32); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestImageGradient(t *testing.T) {
	m := random(t, tiny())
	nntest.CheckGrad(t, func(b *nn.Build, in G.Nodes) *G.Node {
		return m.ImageEmbeds(b, nn.FeatureMap{X: in[0], H: 8, W: 8})
	}, []*gt.Dense{nntest.Normal(1, 2, 64, 3)})
}

// The similarity of a picture and a text is differentiable in the picture.
func TestSimilarityGradient(t *testing.T) {
	m := random(t, tiny())
	nntest.CheckGrad(t, func(b *nn.Build, in G.Nodes) *G.Node {
		ids := b.Constant("ids", []float32{48, 3, 7, 49}, 1, 4)
		text := m.TextEmbeds(b, ids, b.Constant("pooled", []float32{3}, 1))
		return nn.CosineSimilarity(m.ImageEmbeds(b, nn.FeatureMap{X: in[0], H: 8, W: 8}), text)
	}, []*gt.Dense{nntest.Normal(1, 1, 64, 3)})
}

func encode(t *testing.T, m *Model, ids ...float32) []float32 {
	t.Helper()
	return nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
		return G.Nodes{m.TextModel.Forward(b, in[0])}
	}, []*gt.Dense{tensor.FromFloat32s(ids, 1, len(ids))})[0]
}

// A token does not see later ones, so a text's beginning does not depend on its
// end.
func TestTextIsCausal(t *testing.T) {
	m := random(t, tiny())
	long, short, other := encode(t, m, 48, 3, 7, 9, 49), encode(t, m, 48, 3), encode(t, m, 48, 4)
	for i, v := range short {
		if d := v - long[i]; d > 1e-5 || d < -1e-5 {
			t.Fatalf("element %d is %g, and %g with more text behind it", i, v, long[i])
		}
	}
	if short[16] == other[16] {
		t.Error("another token has the same hidden state")
	}
}

func TestTextEmbedsTakeThePooledPosition(t *testing.T) {
	m := random(t, tiny())
	embed := func(ids []float32, pooled float32) []float32 {
		return nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
			return G.Nodes{m.TextEmbeds(b, in[0], in[1])}
		}, []*gt.Dense{tensor.FromFloat32s(ids, 1, len(ids)), tensor.FromFloat32s([]float32{pooled}, 1)})[0]
	}
	padded, plain := embed([]float32{48, 3, 49, 49, 49}, 2), embed([]float32{48, 3, 49}, 2)
	for i := range plain {
		if d := padded[i] - plain[i]; d > 1e-5 || d < -1e-5 {
			t.Errorf("element %d is %g with padding, %g without", i, padded[i], plain[i])
		}
	}
}

func TestPooledPosition(t *testing.T) {
	for _, c := range []struct {
		eos  int
		ids  []int32
		want int
	}{
		{49407, []int32{49406, 320, 49407, 49407}, 2},
		{49407, []int32{49406, 320}, 0},
		{2, []int32{49406, 320, 49407, 49407}, 2}, // a file of before transformers 4.30
		{2, []int32{49406, 2, 5}, 0},
		{2, []int32{49406, 49408, 49410, 49407, 49407}, 3}, // a learned word's ids are higher than the end token's
		{49407, []int32{49406, 49408, 49407, 49407}, 2},
	} {
		if got := (TextConfig{EOSTokenID: c.eos, VocabSize: 49408}).PooledPosition(c.ids); got != c.want {
			t.Errorf("end token %d in %v: position %d, want %d", c.eos, c.ids, got, c.want)
		}
	}
}

func TestAttentionSites(t *testing.T) {
	m := random(t, tiny())
	var paths []string
	nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
		ids := b.Constant("ids", []float32{48, 49}, 1, 2)
		return G.Nodes{m.TextModel.Forward(b, ids), m.ImageEmbeds(b, nn.FeatureMap{X: in[0], H: 8, W: 8})}
	}, []*gt.Dense{nntest.Normal(1, 1, 64, 3)}, nn.WithHooks(func(s *nn.Site) {
		s.Probs() // attention taken apart must mask as the fused one does
		paths = append(paths, s.Path)
	}))
	want := []string{
		"text_model.encoder.layers.0.self_attn", "text_model.encoder.layers.1.self_attn",
		"vision_model.encoder.layers.0.self_attn", "vision_model.encoder.layers.1.self_attn",
	}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("sites, want (-), got (+):\n%s", diff)
	}
}

func TestShapeErrors(t *testing.T) {
	m := random(t, tiny())
	for _, c := range []struct {
		name  string
		build func(b *nn.Build) *G.Node
		want  string
	}{
		{"too long", func(b *nn.Build) *G.Node { return m.TextModel.Forward(b, b.Input("ids", 1, 10)) }, "clip: tokens of shape (1, 10, 16), want [batch, at most 9, 16]"},
		{"no batch", func(b *nn.Build) *G.Node { return m.TextModel.Forward(b, b.Input("ids", 5)) }, "clip: token ids of shape (5)"},
		{"size", func(b *nn.Build) *G.Node {
			return m.ImageEmbeds(b, nn.FeatureMap{X: b.Input("x", 1, 144, 3), H: 12, W: 12})
		}, "clip: picture of 12×12, want 8×8"},
		{"channels", func(b *nn.Build) *G.Node {
			return m.ImageEmbeds(b, nn.FeatureMap{X: b.Input("x", 1, 64, 4), H: 8, W: 8})
		}, "want (1, 64, 3) for a feature map of 8×8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := nn.Compile(func(b *nn.Build) []*G.Node { return G.Nodes{c.build(b)} })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func configDir(t *testing.T, text string) tensor.Dir {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return tensor.OnDisk(dir)
}

// The text encoder of a whole CLIPModel's configuration is its text_config.
func TestTextConfigOfCLIPModel(t *testing.T) {
	got, err := ReadTextConfig(configDir(t, `{"model_type": "clip", "text_config": {"hidden_size": 64, "eos_token_id": 7}, "vision_config": {}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := defaults().Text
	want.HiddenSize, want.EOSTokenID = 64, 7
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConfigErrors(t *testing.T) {
	text := func(dir tensor.Dir) error { _, err := ReadTextConfig(dir); return err }
	whole := func(dir tensor.Dir) error { _, err := ReadConfig(dir); return err }
	for _, c := range []struct {
		name string
		read func(tensor.Dir) error
		text string
		want string
	}{
		{"T5", text, `{"model_type": "t5"}`, "model_type is t5"},
		{"text encoder only", whole, `{"model_type": "clip_text_model"}`, "model_type is clip_text_model, not a whole CLIPModel, text and vision"},
		{"heads", text, `{"hidden_size": 512, "num_attention_heads": 7}`, "hidden_size a multiple of the heads"},
		{"activation", text, `{"hidden_act": "mish"}`, `hidden_act: activation "mish" is not known`},
		{"long activation", text, `{"hidden_act": "` + strings.Repeat("m", 100_000) + `"}`, "hidden_act: activation \"mmmm"},
		{"long type", whole, `{"model_type": "` + strings.Repeat("m", 100_000) + `"}`, "model_type is mmmm"},
		{"long number", text, `{"num_hidden_layers": ` + strings.Repeat("7", 100_000) + `}`, "num_hidden_layers is 7777"},
		{"vocabulary", text, `{"vocab_size": 0}`, "vocab_size 0 and max_position_embeddings 77 must be positive"},
		{"patches", whole, `{"model_type": "clip", "vision_config": {"image_size": 224, "patch_size": 15}}`, "vision_config: image_size 224 is no multiple of patch_size 15"},
		{"vision layers", whole, `{"model_type": "clip", "vision_config": {"num_hidden_layers": 0}}`, "vision_config: "},
		{"projection", whole, `{"model_type": "clip", "projection_dim": 0}`, "projection_dim is 0, want more than 0"},
		{"many layers", text, `{"num_hidden_layers": 2000000000}`, "num_hidden_layers is 2000000000, want 1 to 1024"},
		{"many layers of vision", whole, `{"model_type": "clip", "vision_config": {"num_hidden_layers": 2000000000}}`, "vision_config: num_hidden_layers is 2000000000, want 1 to 1024"},
		{"wide", text, `{"hidden_size": 1073741824, "num_attention_heads": 1}`, "hidden_size is 1073741824, want 1 to 65536"},
		{"wide inside", text, `{"intermediate_size": 1073741824}`, "intermediate_size is 1073741824, want 1 to 262144"},
		{"many tokens", text, `{"vocab_size": 2000000000}`, "vocab_size is 2000000000, want 1 to 16777216"},
		{"many positions", text, `{"max_position_embeddings": 2000000000}`, "max_position_embeddings is 2000000000, want 1 to 65536"},
		{"large pictures", whole, `{"model_type": "clip", "vision_config": {"image_size": 2000000000, "patch_size": 1}}`, "vision_config: image_size is 2000000000, want 1 to 4096"},
		{"wide projection", whole, `{"model_type": "clip", "projection_dim": 2000000000}`, "projection_dim is 2000000000, want 1 to 65536"},
		{"epsilon", text, `{"layer_norm_eps": 1e30}`, "layer_norm_eps is 1e+30, want 0 to 1"},
		{"fraction", text, `{"num_hidden_layers": 0.5}`, "config.json: num_hidden_layers is 0.5, want a whole number"},
		{"fraction inside", whole, `{"model_type": "clip", "text_config": {"vocab_size": 0.5}}`, "config.json: text_config.vocab_size is 0.5, want a whole number"},
		{"null", text, `{"hidden_size": null}`, "config.json: hidden_size is null, want a whole number"},
		{"not JSON", whole, `{`, "config.json: unexpected end of JSON input"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.read(configDir(t, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 400 {
				t.Errorf("error %.1000v, want one of at most 400 bytes with %q", err, c.want)
			}
		})
	}
}
