package vae

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
)

// taesd is the narrow model of testdata, with weights.
func taesd(t testing.TB) *Tiny {
	t.Helper()
	dir := tensor.OnDisk(filepath.Join("testdata", "taesd"))
	c, err := ReadTinyConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewTiny(c)
	if err != nil {
		t.Fatal(err)
	}
	set, err := dir.OpenSet("diffusion_pytorch_model")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	if err := nn.Load(t.Context(), m, set); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTinyGolden compares with diffusers: what is decoded and encoded, and the gradient of each.
func TestTinyGolden(t *testing.T) {
	m := taesd(t)
	f, err := tensor.Open(filepath.Join("testdata", "taesd", "golden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	golden := func(name string) *gt.Dense {
		d, err := f.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for run, c := range map[string]struct {
		in, out string
		build   func(b *nn.Build, x *G.Node) *G.Node
	}{"decode": {"latent", "image", m.Decode}, "encode": {"image", "latent", m.Encode}} {
		got := nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
			y := c.build(b, in[0])
			return append(G.Nodes{y}, b.Grad(nn.Dot(y, in[1]), in[0])...)
		}, []*gt.Dense{golden(run + "." + c.in), golden(run + ".cotangent")})
		for i, name := range []string{c.out, "grad"} {
			if worst := apart(got[i], tensor.Float32s(golden(run+"."+name))); !(worst <= 1e-4) {
				t.Errorf("%s: %s is %.1e off", run, name, worst)
			}
		}
	}
}

// apart is the largest difference as a share of the largest number that is wanted.
func apart(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	worst, largest := 0.0, 0.0
	for i, w := range want {
		worst, largest = max(worst, math.Abs(float64(got[i]-w))), max(largest, math.Abs(float64(w)))
	}
	return worst / largest
}

// tinyTiny is two levels, narrow.
func tinyTiny() TinyConfig {
	c := TAESD()
	c.EncoderBlockOutChannels, c.DecoderBlockOutChannels = []int{8, 8}, []int{8, 8}
	c.NumEncoderBlocks, c.NumDecoderBlocks = []int{1, 1}, []int{1, 0}
	return c
}

func randomTiny(t testing.TB, c TinyConfig) *Tiny {
	t.Helper()
	m, err := NewTiny(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := nn.Randomize(m, 1, gt.Float32); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTinyNames counts the published model's weights and finds those at its corners.
func TestTinyNames(t *testing.T) {
	m, err := NewTiny(TAESD())
	if err != nil {
		t.Fatal(err)
	}
	params, err := nn.Params(m)
	if err != nil {
		t.Fatal(err)
	}
	shapes, numbers := map[string]string{}, map[string]int{}
	for _, p := range params {
		shapes[p.Name] = strings.Trim(strings.ReplaceAll(fmt.Sprint(p.Shape()), " ", ""), "()")
		half, _, _ := strings.Cut(p.Name, ".")
		numbers[half] += p.Shape().TotalSize()
	}
	for name, want := range map[string]string{
		"encoder.layers.0.weight": "64,3,3,3", "encoder.layers.1.conv.4.bias": "64", "encoder.layers.2.weight": "64,64,3,3", "encoder.layers.2.bias": "",
		"encoder.layers.14.weight": "4,64,3,3", "encoder.layers.14.bias": "4",
		"decoder.layers.0.weight": "64,4,3,3", "decoder.layers.1.weight": "", "decoder.layers.2.conv.0.weight": "64,64,3,3", "decoder.layers.6.weight": "64,64,3,3",
		"decoder.layers.6.bias": "", "decoder.layers.18.weight": "3,64,3,3", "decoder.layers.18.bias": "3",
	} {
		if shapes[name] != want {
			t.Errorf("%s is %q, want %q", name, shapes[name], want)
		}
	}
	if e, d := numbers["encoder"], numbers["decoder"]; e != 1222532 || d != 1222531 {
		t.Errorf("%d and %d numbers", e, d)
	}
	if f := TAESD().Factor(); f != 8 {
		t.Errorf("factor %d, want 8", f)
	}
}

// TestTinyOneHalf decodes without an encoder.
func TestTinyOneHalf(t *testing.T) {
	m := randomTiny(t, tinyTiny())
	m.Encoder = nil
	nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node { return G.Nodes{m.Decode(b, in[0])} }, []*gt.Dense{nntest.Normal(1, 1, 4, 4, 4)})
	_, err := nn.Compile(func(b *nn.Build) []*G.Node { return G.Nodes{m.Encode(b, b.Input("x", 1, 3, 8, 8))} })
	if err == nil || !strings.Contains(err.Error(), "has no encoder") {
		t.Errorf("error %v", err)
	}
}

func TestTinyConfigErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{"_class_name": "AutoencoderKL"}`:                                       "_class_name is AutoencoderKL",
		`{"act_fn": "gelu"}`:                                                     "act_fn is gelu",
		`{"latent_magnitude": 4}`:                                                "latent_magnitude is 4",
		`{"latent_shift": 0}`:                                                    "latent_shift is 0",
		`{"upsampling_scaling_factor": 4}`:                                       "upsampling_scaling_factor is 4",
		`{"upsample_fn": "bilinear"}`:                                            "upsample_fn is bilinear",
		`{"force_upcast": true}`:                                                 "force_upcast is true",
		`{"scaling_factor": 0.18215}`:                                            "scaling_factor is 0.18215",
		`{"shift_factor": 0.1}`:                                                  "shift_factor is 0.1",
		`{"num_decoder_blocks": []}`:                                             "num_decoder_blocks has 0 entries, want 1 to 10",
		`{"num_decoder_blocks": [1, 1]}`:                                         "decoder_block_out_channels has 4 entries for 2 of num_decoder_blocks",
		`{"num_decoder_blocks": [1, 1, 1, 2000000000]}`:                          "num_decoder_blocks[3] is 2000000000, want 0 to 64",
		`{"encoder_block_out_channels": [64, 64, 64, 128]}`:                      "encoder_block_out_channels are [64 64 64 128], want one number",
		`{"encoder_block_out_channels": [0, 0, 0, 0]}`:                           "encoder_block_out_channels[0] is 0, want 1 to 65536",
		`{"latent_channels": 2000000000}`:                                        "latent_channels is 2000000000, want 1 to 65536",
		`{"num_encoder_blocks": [1, 1], "encoder_block_out_channels": [64, 64]}`: "num_encoder_blocks has 2 entries and num_decoder_blocks 4",
	} {
		_, err := readTinyConfig(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
	c, err := readTinyConfig(t, `{"_class_name": "AutoencoderTiny", "block_out_channels": [64, 64, 64, 64], "latent_magnitude": 3}`)
	if err != nil || c.Factor() != 8 || c.NumDecoderBlocks[3] != 1 {
		t.Errorf("%+v: %v", c, err)
	}
}
