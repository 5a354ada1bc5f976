package vae

import (
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
)

// tiny is Stable Diffusion's autoencoder with two blocks and narrow.
func tiny() Config {
	c := StableDiffusion15()
	c.BlockOutChannels, c.LayersPerBlock, c.NormNumGroups = []int{16, 32}, 1, 8
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

func TestEncodeGradient(t *testing.T) {
	m := random(t, tiny())
	nntest.CheckGrad(t, func(b *nn.Build, in G.Nodes) *G.Node {
		mean, logvar := m.Encode(b, in[0])
		return nn.Add(mean, logvar)
	}, []*gt.Dense{nntest.Normal(1, 2, 3, 8, 12)})
}

func TestDecodeGradient(t *testing.T) {
	m := random(t, tiny())
	nntest.CheckGrad(t, func(b *nn.Build, in G.Nodes) *G.Node { return m.Decode(b, in[0]) }, []*gt.Dense{nntest.Normal(1, 2, 4, 4, 6)})
}

func TestShapes(t *testing.T) {
	c := tiny()
	c.BlockOutChannels = []int{16, 16, 32}
	m := random(t, c)
	_, err := nn.Compile(func(b *nn.Build) []*G.Node {
		mean, logvar := m.Encode(b, b.Input("picture", 1, 3, 16, 24))
		picture := m.Decode(b, mean)
		for n, want := range map[*G.Node]gt.Shape{mean: {1, 4, 4, 6}, logvar: {1, 4, 4, 6}, picture: {1, 3, 16, 24}} {
			if !n.Shape().Eq(want) {
				t.Errorf("shape %v, want %v", n.Shape(), want)
			}
		}
		return G.Nodes{picture, logvar}
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Factor() != 4 {
		t.Errorf("factor %d, want 4", c.Factor())
	}
}

func TestLogVarianceIsClamped(t *testing.T) {
	m := random(t, tiny())
	bias := m.QuantConv.Bias.Float32()
	bias[4], bias[5] = 1000, -1000 // of the first and second channel's log-variance
	out := nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
		_, logvar := m.Encode(b, in[0])
		return G.Nodes{logvar}
	}, []*gt.Dense{nntest.Normal(1, 1, 3, 4, 4)})[0]
	for i, want := range []float32{20, -30} {
		if got := out[4*i]; got != want {
			t.Errorf("the log-variance of channel %d is %g, want %g", i, got, want)
		}
	}
	if math.Abs(float64(out[8])) > 20 {
		t.Errorf("the log-variance of channel 2 is %g", out[8])
	}
}

// Later models of this class have no quantising convolutions or no attention.
func TestAbsentParts(t *testing.T) {
	c := tiny()
	c.UseQuantConv, c.UsePostQuantConv, c.MidBlockAttn = false, false, false
	m := random(t, c)
	params, err := nn.Params(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params {
		if strings.Contains(p.Name, "quant") || strings.Contains(p.Name, "attentions") {
			t.Errorf("the model has a weight %s", p.Name)
		}
	}
	nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node { return G.Nodes{m.Decode(b, in[0])} }, []*gt.Dense{nntest.Normal(1, 1, 4, 4, 4)})
}

func TestAttentionSites(t *testing.T) {
	m := random(t, tiny())
	sites := map[string]nn.Site{}
	nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
		mean, _ := m.Encode(b, in[0])
		return G.Nodes{m.Decode(b, mean)}
	}, []*gt.Dense{nntest.Normal(1, 1, 3, 8, 12)}, nn.WithHooks(func(s *nn.Site) { sites[s.Path] = *s }))
	for _, path := range []string{"encoder.mid_block.attentions.0", "decoder.mid_block.attentions.0"} {
		if s := sites[path]; s.Cross || s.Heads != 1 || s.H != 4 || s.W != 6 {
			t.Errorf("site %s is %+v", path, s)
		}
	}
	if len(sites) != 2 {
		t.Errorf("%d sites, want 2", len(sites))
	}
}

func TestShapeErrors(t *testing.T) {
	m := random(t, tiny())
	for _, c := range []struct {
		shape []int
		build func(b *nn.Build, x *G.Node) *G.Node
		want  string
	}{
		{[]int{1, 3, 7, 8}, func(b *nn.Build, x *G.Node) *G.Node { mean, _ := m.Encode(b, x); return mean }, "vae: picture of shape (1, 3, 7, 8)"},
		{[]int{1, 4, 8, 8}, func(b *nn.Build, x *G.Node) *G.Node { mean, _ := m.Encode(b, x); return mean }, "want [batch, 3, height, width] with height and width multiples of 2"},
		{[]int{1, 3, 8, 8}, m.Decode, "vae: latent of shape (1, 3, 8, 8), want [batch, 4, height, width]"},
		{[]int{4, 8, 8}, m.Decode, "vae: latent of shape (4, 8, 8)"},
	} {
		_, err := nn.Compile(func(b *nn.Build) []*G.Node { return G.Nodes{c.build(b, b.Input("x", c.shape...))} })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("shape %v: error %v, want one with %q", c.shape, err, c.want)
		}
	}
}

// decodeGradient is the graph of the decoder and the gradient of the mean of its squares.
func decodeGradient(m *Model, h, w int) func(b *nn.Build) []*G.Node {
	return func(b *nn.Build) []*G.Node {
		z := b.Input("z", 1, 4, h, w)
		picture := m.Decode(b, z)
		return append(b.Grad(nn.Mean(nn.Mul(picture, picture)), z), picture)
	}
}

// TestDecodeGradientInLittleMemory wants the gradient at 512×512 pixels, which takes 2 GiB where nothing is computed
// twice, in half of that at a third more work, and in 1.2 GiB at a quarter more.
func TestDecodeGradientInLittleMemory(t *testing.T) {
	m, err := New(StableDiffusion15())
	if err != nil {
		t.Fatal(err)
	}
	of := func(memory int64) *nn.Program {
		p, err := nn.Compile(decodeGradient(m, 64, 64), nn.WithMemory(memory))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	free := of(0)
	for memory, most := range map[int64]float64{1 << 30: 1.35, 6 << 30 / 5: 1.25} {
		p := of(memory)
		if more := float64(p.FLOPs()) / float64(free.FLOPs()); p.ArenaBytes() > memory || more > most {
			t.Errorf("%s at %.2f times the work, want %s at %g", nn.ByteSize(p.ArenaBytes()), more, nn.ByteSize(memory), most)
		}
	}
}

// TestDecodeGradientComputedTwice wants the same numbers with the least memory.
func TestDecodeGradientComputedTwice(t *testing.T) {
	c := tiny()
	c.BlockOutChannels = []int{16, 16, 32}
	build := decodeGradient(random(t, c), 8, 8)
	in := map[string]*gt.Dense{"z": nntest.Normal(1, 1, 4, 8, 8)}
	free, err := nn.Compile(build)
	if err != nil {
		t.Fatal(err)
	}
	want, err := free.Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	tight := 0
	for memory := free.ArenaBytes(); ; memory = memory * 15 / 16 {
		p, err := nn.Compile(build, nn.WithMemory(memory))
		if err != nil {
			break
		}
		tight = p.Recomputed()
		got, err := p.Run(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if !slices.Equal(tensor.Float32s(got[i]), tensor.Float32s(want[i])) {
				t.Fatalf("output %d differs with %s", i, nn.ByteSize(memory))
			}
		}
	}
	if tight < 5 {
		t.Errorf("%d blocks are computed twice with the least memory", tight)
	}
}
