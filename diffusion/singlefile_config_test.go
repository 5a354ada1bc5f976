package diffusion

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
	"github.com/sdgraph/sdgraph/vae"
)

// shapesOf is a view of the names and shapes of a model, without numbers.
func shapesOf(t *testing.T, model any, nameOf func(weight string) string) view {
	t.Helper()
	params, err := nn.Params(model)
	if err != nil {
		t.Fatal(err)
	}
	shapes := map[string][]int{}
	for _, p := range params {
		shapes[nameOf(p.Name)] = p.Shape()
	}
	return view{
		names:  slices.Sorted(maps.Keys(shapes)),
		info:   func(name string) (tensor.Info, bool) { s, ok := shapes[name]; return tensor.Info{Shape: s}, ok },
		nameOf: func(name string) string { return name },
	}
}

// must is a model that can be built.
func must[M any](m M, err error) M {
	if err != nil {
		panic(err)
	}
	return m
}

// TestSizesFromShapes builds models of many sizes and reads the sizes off
// their tensors.
func TestSizesFromShapes(t *testing.T) {
	unets := map[string]func(c *unet.Config){
		"Stable Diffusion 1.5": func(*unet.Config) {},
		"inpainting":           func(c *unet.Config) { c.InChannels = 9 },
		"three levels": func(c *unet.Config) {
			c.BlockOutChannels = []int{64, 96, 128}
			c.DownBlockTypes = []string{plainDown, crossDown, crossDown}
			c.UpBlockTypes = []string{crossUp, crossUp, plainUp}
			c.CrossAttentionDim, c.OutChannels = 40, 8
		},
		"one level": func(c *unet.Config) {
			c.BlockOutChannels, c.DownBlockTypes, c.UpBlockTypes = []int{32}, []string{plainDown}, []string{plainUp}
		},
		"many layers": func(c *unet.Config) {
			c.LayersPerBlock, c.TransformerLayers = unet.PerBlock{3, 1, 12, 2}, unet.PerBlock{1, 2, 11, 3}
		},
	}
	for name, change := range unets {
		t.Run("unet, "+name, func(t *testing.T) {
			want := unet.StableDiffusion15()
			change(&want)
			v := shapesOf(t, must(unet.New(want)), unetNames(want))
			if diff := cmp.Diff(want, v.unetConfig()); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
			flat := unetNames(want)
			v = shapesOf(t, must(unet.New(want)), func(weight string) string { return averageOf(flat(weight)) })
			v.nameOf = averageOf
			if diff := cmp.Diff(want, v.unetConfig()); diff != "" {
				t.Errorf("moving averages: want (-), got (+):\n%s", diff)
			}
		})
	}
	for name, change := range map[string]func(c *vae.Config){
		"Stable Diffusion 1.5": func(*vae.Config) {},
		"another": func(c *vae.Config) {
			c.BlockOutChannels, c.LayersPerBlock, c.LatentChannels, c.OutChannels, c.InChannels = []int{32, 64}, 3, 16, 1, 4
		},
		"without parts": func(c *vae.Config) { c.MidBlockAttn, c.UseQuantConv, c.UsePostQuantConv = false, false, false },
	} {
		t.Run("vae, "+name, func(t *testing.T) {
			want := vae.StableDiffusion15()
			change(&want)
			if diff := cmp.Diff(want, shapesOf(t, must(vae.New(want)), vaeNames(want)).vaeConfig()); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
	for name, want := range map[string]clip.TextConfig{
		"Stable Diffusion 1.5": clip.ViTL14Text(),
		"another":              {VocabSize: 100, HiddenSize: 128, Intermediate: 300, Layers: 11, Heads: 2, MaxPositions: 20, HiddenAct: "quick_gelu", LayerNormEps: 1e-5},
	} {
		t.Run("text encoder, "+name, func(t *testing.T) {
			v := shapesOf(t, must(clip.NewText(want)), func(weight string) string { return weight })
			if diff := cmp.Diff(want, v.textConfig(), cmpopts.IgnoreFields(clip.TextConfig{}, "EOSTokenID", "ProjectionDim")); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

// TestOriginalNames compares the names of Stable Diffusion 1.5 with the table
// of published files.
func TestOriginalNames(t *testing.T) {
	nameOf := unetNames(unet.StableDiffusion15())
	params, err := nn.Params(must(unet.New(unet.StableDiffusion15())))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params {
		if got, want := unetPrefix+nameOf(p.Name), originalB.unetName(t, p.Name); got != want {
			t.Errorf("%s is %s, want %s", p.Name, got, want)
		}
	}
}
