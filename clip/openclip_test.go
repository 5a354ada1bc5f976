package clip

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// openCLIPDir has a model of open_clip, narrow, with random weights, and what open_clip makes of io.safetensors with it:
// README.md there.
const openCLIPDir = "../testdata/openclip"

func openGolden(t *testing.T) *File {
	t.Helper()
	f, err := Open(t.Context(), openCLIPDir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if f.Tokenizer != nil {
		t.Error("a model of 200 tokens has CLIP's tokenizer")
	}
	return f
}

// near fails unless all numbers are within a share of the largest one wanted.
func near(t *testing.T, name string, got, want []float32, share float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", name, len(got), len(want))
	}
	worst, largest := 0.0, 0.0
	for i, w := range want {
		worst, largest = max(worst, math.Abs(float64(got[i]-w))), max(largest, math.Abs(float64(w)))
	}
	if t.Logf("%s: %.2g of the largest", name, worst/largest); !(worst <= share*largest) {
		t.Errorf("%s: %g off, of %g at most, want a share of %g", name, worst, largest, share)
	}
}

// TestOpenCLIPGolden compares both towers with open_clip's.
func TestOpenCLIPGolden(t *testing.T) {
	f := openGolden(t)
	io, err := tensor.Open(filepath.Join(openCLIPDir, "io.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer io.Close()
	get := func(name string) *gt.Dense {
		d, err := io.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	ids := get("ids")
	pooled := make([]float32, ids.Shape()[0])
	for i := range pooled {
		var row []int32
		for _, id := range tensor.Float32s(ids)[i*77:][:77] {
			row = append(row, int32(id))
		}
		pooled[i] = float32(f.Config.Text.PooledPosition(row))
	}
	side := f.Config.Vision.ImageSize
	out := nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
		picture := nn.FeatureMap{X: nn.ChannelsLast(in[0]), H: side, W: side}
		tokens := f.VisionModel.Tokens(b, picture)
		n := tokens.Shape()[1]
		return []*G.Node{
			f.ImageEmbeds(b, picture),
			f.VisionModel.PostLayernorm.Forward(nn.SlicePositions(tokens, 1, n)),
			f.TextEmbeds(b, in[1], in[2]),
		}
	}, []*gt.Dense{get("pixels"), ids, tensor.FromFloat32s(pooled, len(pooled))})
	for i, name := range []string{"image_embeds", "patch_tokens", "text_embeds"} {
		near(t, name, out[i], tensor.Float32s(get(name)), 1e-5)
	}
}

// TestWindows lets the encoder see windows of tokens, together and one by one; other tokens make no difference.
func TestWindows(t *testing.T) {
	m := random(t, tiny())
	windows := [][]int{{0, 1, 2}, {0, 2, 4}, {0, 3, 4}}
	embed := func(lists [][]int) func(b *nn.Build, in G.Nodes) []*G.Node {
		return func(b *nn.Build, in G.Nodes) []*G.Node {
			v := m.VisionModel
			x := v.Embed(b, nn.FeatureMap{X: in[0], H: 8, W: 8})
			return []*G.Node{v.Pool(v.Encode(b, nn.GatherPositions(x, lists)))}
		}
	}
	pictures := nntest.Normal(1, 2, 64, 3)
	all := nntest.Run(t, embed(windows), []*gt.Dense{pictures})[0]
	c := m.Config.Vision.HiddenSize
	for i, w := range windows {
		one := nntest.Run(t, embed([][]int{w}), []*gt.Dense{pictures})[0]
		for picture := range 2 {
			near(t, "window", all[(picture*len(windows)+i)*c:][:c], one[picture*c:][:c], 1e-5)
		}
	}
	if slices.Equal(all[:c], all[c:2*c]) {
		t.Error("two windows of a picture have the same embedding")
	}
}

// TestEncodeLocal has the usual stream as Encode has it, and others beside it: their numbers are held to PromptAD's goldens
// in diffusion/anomaly/detect.
func TestEncodeLocal(t *testing.T) {
	m := random(t, tiny())
	v := m.VisionModel
	out := nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
		l := v.EncodeLocal(b, v.Embed(b, nn.FeatureMap{X: in[0], H: 8, W: 8}), 0)
		return []*G.Node{l.Tokens, v.Tokens(b, nn.FeatureMap{X: in[0], H: 8, W: 8}), l.Local, l.Mid[0], m.LocalEmbeds(l.Local)}
	}, []*gt.Dense{nntest.Normal(1, 1, 64, 3)})
	near(t, "tokens", out[0], out[1], 1e-6)
	if slices.Equal(out[0], out[2]) || slices.Equal(out[0], out[3]) {
		t.Error("the local or the mid-level tokens are those of the last layer")
	}
	if want := 5 * m.Config.ProjectionDim; len(out[4]) != want {
		t.Errorf("%d numbers of local tokens, want %d", len(out[4]), want)
	}
}

// TestTextEncodeGradient differentiates a text by the vectors of its tokens.
func TestTextEncodeGradient(t *testing.T) {
	m := random(t, tiny())
	nntest.CheckGrad(t, func(b *nn.Build, in G.Nodes) *G.Node {
		return m.TextModel.Encode(b, in[0])
	}, []*gt.Dense{nntest.Normal(1, 2, 4, 16)})
}

// TestOpen opens models of both forms, and says what is wrong with others.
func TestOpen(t *testing.T) {
	f, err := Open(t.Context(), "../testdata/models/b/clip")
	if err != nil {
		t.Fatal(err)
	}
	if f.Name != "clip" || len(f.SHA256) != 64 || f.Changed() != nil || len(f.Tokenizer.Encode("a")) != f.Tokenizer.Length() {
		t.Errorf("%q, %q, changed %v", f.Name, f.SHA256, f.Changed())
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	golden, err := os.ReadFile(filepath.Join(openCLIPDir, openCLIPFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		old, new string
		kind     error
		says     string
	}{
		"as it is":          {"", "", fs.ErrNotExist, "open_clip_model.safetensors"},
		"a tower of timm":   {`"layers": 12`, `"timm_model_name": "convnext"`, nn.ErrUnsupported, "vision_cfg.timm_model_name"},
		"attention pooling": {`"layers": 12`, `"attentional_pool": true`, nn.ErrUnsupported, "attentional_pool"},
		"no text":           {`"text_cfg"`, `"other"`, nn.ErrUnsupported, "other"},
		"a ResNet":          {`"layers": 12`, `"layers": [3, 4, 6, 3]`, nn.ErrUnsupported, "vision_cfg.layers is [3, 4, 6, 3]"},
		"layers in words":   {`"layers": 12`, `"layers": "many"`, tensor.ErrDamaged, "layers"},
		"heads":             {`"head_width": 16`, `"head_width": 5`, tensor.ErrDamaged, "heads"},
		"a colour":          {`"std": [`, `"std": [1,`, tensor.ErrDamaged, "image_std"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			text := strings.Replace(string(golden), c.old, c.new, 1)
			if err := os.WriteFile(filepath.Join(dir, openCLIPFile), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Open(t.Context(), dir)
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %v that says %q", err, c.kind, c.says)
			}
		})
	}
}

// TestOpenCLIPDefaults reads what files leave out as open_clip does, and knows the published model.
func TestOpenCLIPDefaults(t *testing.T) {
	c := ViTB16Plus240()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if v, x := c.Vision, c.Text; v.Heads != 14 || v.Intermediate != 3584 || x.Intermediate != 2560 || x.VocabSize != 49408 || x.MaxPositions != 77 || v.HiddenAct != "gelu" {
		t.Errorf("%+v", c)
	}
	quick := openCLIPConfig{EmbedDim: 8, QuickGELU: true}.config()
	if quick.Vision.HiddenAct != "quick_gelu" || quick.Text.HiddenAct != "quick_gelu" {
		t.Errorf("%+v", quick)
	}
}
