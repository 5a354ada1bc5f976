package unet

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels/kerneltest"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
)

// tiny is Stable Diffusion's architecture with two blocks and narrow.
func tiny() Config {
	c := StableDiffusion15()
	c.BlockOutChannels = []int{32, 64}
	c.DownBlockTypes = []string{crossDown, plainDown}
	c.UpBlockTypes = []string{plainUp, crossUp}
	c.LayersPerBlock = PerBlock{1}
	c.CrossAttentionDim, c.AttentionHeadDim, c.NormNumGroups = 16, PerBlock{4}, 8
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

// denoise is the model on latents and texts at timesteps 7 and 900.
func denoise(m *Model) func(*nn.Build, G.Nodes) *G.Node {
	return func(b *nn.Build, in G.Nodes) *G.Node {
		batch := in[0].Shape()[0]
		return m.Forward(b, in[0], b.Constant("t", []float32{7, 900}[:batch], batch), in[1])
	}
}

func TestGradient(t *testing.T) {
	m := random(t, tiny())
	in := []*gt.Dense{nntest.Normal(1, 2, 4, 8, 6), nntest.Normal(2, 2, 5, 16)}
	nntest.CheckGrad(t, denoise(m), in)
}

// TestDeviceTraffic: of a step on a device, loss and gradient, nothing but inputs goes there, and nothing but outputs comes back.
func TestDeviceTraffic(t *testing.T) {
	d := kerneltest.NewDevice(t)
	if d == nil {
		t.Skip("this system lacks the means for a device for tests")
	}
	m := random(t, tiny())
	in := []*gt.Dense{nntest.Normal(1, 1, 4, 8, 6), nntest.Normal(2, 1, 5, 16)}
	out := nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
		y := denoise(m)(b, in)
		loss := nn.ReLU(nn.OneMinusMax(nn.Mul(y, y)))
		return append(b.Grad(loss, in...), loss)
	}, in, nn.WithArena(nn.NewArenaOn(d)))
	up, down := 2, 0 // the timestep, and the 1 that gorgonia begins a gradient with
	for _, x := range in {
		up += x.Shape().TotalSize()
	}
	for _, x := range out {
		down += len(x)
	}
	if d.Uploads != up || d.Downloads != down {
		t.Errorf("%d numbers went to the device and %d came back, want %d and %d", d.Uploads, d.Downloads, up, down)
	}
}

// With a budget of memory the numbers stay the same, bit for bit.
func TestGradientInLessMemory(t *testing.T) {
	m := random(t, tiny())
	in := []*gt.Dense{nntest.Normal(1, 1, 4, 16, 16), nntest.Normal(2, 1, 5, 16)}
	build := func(b *nn.Build, in G.Nodes) []*G.Node {
		y := denoise(m)(b, in)
		return append(b.Grad(nn.Dot(y, y), in...), y)
	}
	p, err := nn.Compile(func(b *nn.Build) []*G.Node {
		return build(b, G.Nodes{b.Input("z", 1, 4, 16, 16), b.Input("text", 1, 5, 16)})
	})
	if err != nil {
		t.Fatal(err)
	}
	want := nntest.Run(t, build, in)
	got := nntest.Run(t, build, in, nn.WithMemory(p.ArenaBytes()*6/10))
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("value %d differs", i)
		}
	}
}

// Whatever the blocks, what goes up takes all that was kept on the way down.
func TestArchitectures(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"one block": func(c *Config) {
			c.BlockOutChannels, c.DownBlockTypes, c.UpBlockTypes = []int{32}, []string{crossDown}, []string{crossUp}
		},
		"three blocks, widths that go up and down": func(c *Config) {
			c.BlockOutChannels = []int{32, 48, 16}
			c.DownBlockTypes, c.UpBlockTypes = []string{plainDown, crossDown, crossDown}, []string{crossUp, plainUp, crossUp}
		},
		"layers of each block": func(c *Config) {
			c.LayersPerBlock, c.TransformerLayers, c.NumAttentionHeads = PerBlock{1, 3}, PerBlock{2, 1}, PerBlock{2, 8}
		},
		"more channels out": func(c *Config) { c.InChannels, c.OutChannels = 9, 8 },
		"text is not looked at": func(c *Config) {
			c.DownBlockTypes, c.UpBlockTypes = []string{plainDown, plainDown}, []string{plainUp, plainUp}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := tiny()
			change(&c)
			m := random(t, c)
			in := []*gt.Dense{nntest.Normal(1, 1, c.InChannels, 8, 4), nntest.Normal(2, 1, 3, 16)}
			out := nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
				y := denoise(m)(b, in)
				if want := (gt.Shape{1, c.OutChannels, 8, 4}); !y.Shape().Eq(want) {
					t.Errorf("shape %v, want %v", y.Shape(), want)
				}
				return G.Nodes{y}
			}, in)[0]
			if err := nn.Finite(tensor.FromFloat32s(out, len(out))); err != nil {
				t.Error(err)
			}
		})
	}
}

// Each picture of a batch is denoised by itself.
func TestBatch(t *testing.T) {
	m := random(t, tiny())
	z, text := nntest.Normal(1, 2, 4, 8, 8), nntest.Normal(2, 2, 5, 16)
	build := func(b *nn.Build, in G.Nodes) []*G.Node { return G.Nodes{denoise(m)(b, in)} }
	both := nntest.Run(t, build, []*gt.Dense{z, text})[0]
	one := nntest.Run(t, build, []*gt.Dense{
		tensor.FromFloat32s(z.Data().([]float32)[:256], 1, 4, 8, 8),
		tensor.FromFloat32s(text.Data().([]float32)[:80], 1, 5, 16),
	})[0]
	for i := range one {
		if d := one[i] - both[i]; d > 1e-5 || d < -1e-5 {
			t.Fatalf("element %d is %g alone and %g in a batch", i, one[i], both[i])
		}
	}
}

// The loss on the first cross-attention layer needs little of the model.
func TestLossOnAttention(t *testing.T) {
	m := random(t, tiny())
	in := []*gt.Dense{nntest.Normal(1, 1, 4, 8, 8), nntest.Normal(2, 1, 5, 16)}
	var probs *G.Node
	hook := func(s *nn.Site) {
		if s.Path == "down_blocks.0.attentions.0.transformer_blocks.0.attn2" {
			probs = s.Probs()
		}
	}
	nntest.CheckGrad(t, func(b *nn.Build, in G.Nodes) *G.Node {
		denoise(m)(b, in)
		return nn.MeanAxis(probs, 1)
	}, in, nn.WithHooks(hook))
}

func TestSites(t *testing.T) {
	c := tiny()
	c.TransformerLayers = PerBlock{2, 1}
	m := random(t, c)
	var cross []Site
	self := 0
	hook := func(s *nn.Site) {
		if s.Queries() != s.H*s.W {
			t.Errorf("%s has %d queries for a picture of %d×%d", s.Path, s.Queries(), s.H, s.W)
		}
		if s.Heads != 4 {
			t.Errorf("%s has %d heads", s.Path, s.Heads)
		}
		if s.Cross {
			cross = append(cross, Site{s.Path, s.H, s.W})
		} else {
			self++
		}
	}
	in := []*gt.Dense{nntest.Normal(1, 1, 4, 8, 6), nntest.Normal(2, 1, 5, 16)}
	nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node { return G.Nodes{denoise(m)(b, in)} }, in, nn.WithHooks(hook))
	if want := m.CrossSites(8, 6); !slices.Equal(cross, want) || self != len(want) {
		t.Errorf("the forward pass has the cross-attention layers\n%v\nand %d others, CrossSites says\n%v", cross, self, want)
	}
	if first := cross[0]; first != (Site{"down_blocks.0.attentions.0.transformer_blocks.0.attn2", 8, 6}) {
		t.Errorf("the first layer is %v", first)
	}
}

func TestStableDiffusion15Sites(t *testing.T) {
	m, err := New(StableDiffusion15())
	if err != nil {
		t.Fatal(err)
	}
	sites := m.CrossSites(64, 64)
	size := map[int]int{}
	for _, s := range sites {
		size[s.H]++
	}
	if want := map[int]int{64: 5, 32: 5, 16: 5, 8: 1}; len(sites) != 16 || fmt.Sprint(size) != fmt.Sprint(want) {
		t.Errorf("%d cross-attention layers of sizes %v, want %v", len(sites), size, want)
	}
	if s := sites[6].Path; s != "mid_block.attentions.0.transformer_blocks.0.attn2" {
		t.Errorf("the seventh layer is %s", s)
	}
}

func TestShapeErrors(t *testing.T) {
	m := random(t, tiny())
	for _, c := range []struct {
		name       string
		z, text, t []int
		want       string
	}{
		{"channels", []int{1, 3, 8, 8}, []int{1, 5, 16}, []int{1}, "unet: sample of shape (1, 3, 8, 8), want [batch, 4, height, width]"},
		{"odd height", []int{1, 4, 7, 8}, []int{1, 5, 16}, []int{1}, "multiples of 2"},
		{"no batch", []int{4, 8, 8}, []int{1, 5, 16}, []int{1}, "unet: sample of shape (4, 8, 8)"},
		{"text channels", []int{1, 4, 8, 8}, []int{1, 5, 15}, []int{1}, "unet: text of shape (1, 5, 15), want [1, tokens, 16]"},
		{"text batch", []int{2, 4, 8, 8}, []int{1, 5, 16}, []int{2}, "unet: text of shape (1, 5, 16), want [2, tokens, 16]"},
		{"timesteps", []int{2, 4, 8, 8}, []int{2, 5, 16}, []int{1}, "unet: timestep of shape (1), want [2]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := nn.Compile(func(b *nn.Build) []*G.Node {
				return G.Nodes{m.Forward(b, b.Input("z", c.z...), b.Input("t", c.t...), b.Input("text", c.text...))}
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
