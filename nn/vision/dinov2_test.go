package vision

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// narrowDINO are transformers' networks of testdata. Of the one without registers the first layer is there alone.
func narrowDINO(registers int) *DINOv2 {
	c := DINOv2Config{HiddenSize: 48, Layers: 3, Heads: 3, Registers: registers, Grid: 7}
	if registers == 0 {
		c.Layers, c.Positions = 1, TransformersPositions
	}
	return newDINOv2(c)
}

// TestDINOv2Golden compares both networks with transformers', for a picture of another size than theirs and not square.
func TestDINOv2Golden(t *testing.T) {
	for registers, name := range map[int]string{0: "dinov2", 4: "dinov2_registers"} {
		network, g := narrowDINO(registers), openGolden(t, name)
		if err := network.Load(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		get := func(what string) *gt.Dense {
			d, err := g.Get("io.other." + what)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		pixels := get("pixels")
		out := run(t, pixels, func(b *nn.Build, in *G.Node) []*G.Node {
			picture := nn.FeatureMap{X: nn.ChannelsLast(in), H: 70, W: 126}
			m := network.Features(b, picture, "layernorm", "encoder.layer.0")
			if m[0].H != 5 || m[0].W != 9 {
				t.Errorf("features of %d×%d, want 5×9", m[0].H, m[0].W)
			}
			return []*G.Node{m[0].X, m[1].X, network.Pooled(b, picture)}
		})
		first := tensor.Float32s(get("hidden.1"))[(1+registers)*48:]
		if e := relative(tensor.Float32s(out[1]), first); !(e < 1e-5) {
			t.Errorf("%s: the first layer differs by %.2g of its largest value", name, e)
		} else {
			t.Logf("%s: the first layer differs by %.2g", name, e)
		}
		if registers == 0 {
			continue
		}
		last := tensor.Float32s(get("last_hidden_state"))
		for what, c := range map[string]struct{ got, want []float32 }{
			"patches": {tensor.Float32s(out[0]), last[(1+registers)*48:]}, "class": {tensor.Float32s(out[2]), last[:48]},
		} {
			if e := relative(c.got, c.want); !(e < 1e-5) {
				t.Errorf("%s: %s differ by %.2g of their largest value", name, what, e)
			} else {
				t.Logf("%s: %s differ by %.2g", name, what, e)
			}
		}
	}
}

// TestPositionRules compares the three rules with torch's interpolate, of a table of 37×37 to 32×45.
func TestPositionRules(t *testing.T) {
	g := openGolden(t, "positions")
	get := func(name string) []float32 {
		d, err := g.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		return tensor.Float32s(d)
	}
	table := get("positions")
	for name, c := range map[string]DINOv2Config{
		"positions.offset":    {Grid: 37},
		"positions.size":      {Grid: 37, Positions: TransformersPositions},
		"positions.antialias": {Grid: 37, Registers: 4, Positions: TransformersPositions},
	} {
		out := make([]float32, 32*45)
		kernels.Resample(out, table, 1, 37, 37, 1, c.taps(32), c.taps(45))
		if e := relative(out, get(name)); !(e < 5e-6) {
			t.Errorf("%s differs by %.2g", name, e)
		}
	}
	for n := 1; n < 100; n++ { // torch makes floor(37 · factor) of the factor
		if got := int(math.Floor(37 * (float64(n) + 0.1) / 37)); got != n {
			t.Errorf("a factor for %d patches makes %d", n, got)
		}
	}
}

// TestDINOv2Names loads the weights under the names of the official files, queries, keys and values in one.
func TestDINOv2Names(t *testing.T) {
	network := narrowDINO(4)
	if err := nn.Randomize(network, 1, gt.Float32); err != nil {
		t.Fatal(err)
	}
	params, err := nn.Params(network)
	if err != nil {
		t.Fatal(err)
	}
	official := memory{"mask_token": tensor.FromFloat32s(make([]float32, 48), 1, 48)}
	packed := map[string][]float32{}
	for _, p := range params {
		name := p.Name
		for to, from := range dinoOutside {
			if name == from && to != "reg_token" {
				name = to
			}
		}
		if rest, ok := strings.CutPrefix(name, "encoder.layer."); ok {
			number, layer, _ := strings.Cut(rest, ".")
			if kind, ok := strings.CutPrefix(layer, "attention.attention."); ok {
				_, kind, _ = strings.Cut(kind, ".") // query, key and value come in this order
				key := "blocks." + number + ".attn.qkv." + kind
				packed[key] = append(packed[key], p.Float32()...)
				continue
			}
			layer = strings.NewReplacer("attention.output.dense.", "attn.proj.", "layer_scale1.lambda1", "ls1.gamma", "layer_scale2.lambda1", "ls2.gamma").Replace(layer)
			name = "blocks." + number + "." + layer
		}
		official[name] = p.Value()
	}
	for name, v := range packed {
		if strings.HasSuffix(name, "weight") {
			official[name] = tensor.FromFloat32s(v, 3*48, 48)
		} else {
			official[name] = tensor.FromFloat32s(v, 3*48)
		}
	}
	other := narrowDINO(4)
	if err := other.Load(t.Context(), official); err != nil {
		t.Fatal(err)
	}
	loaded, err := nn.Params(other)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range params {
		if !slices.Equal(p.Float32(), loaded[i].Float32()) {
			t.Errorf("%s is another one", p.Name)
		}
	}
	// What it is not says so.
	err = newDINOv2(DINOv2Small(false)).Load(t.Context(), official)
	if err == nil || !strings.Contains(err.Error(), "these are the weights of DINOv2 of 48 channels with registers, want DINOv2 ViT-S/14") {
		t.Errorf("error %v", err)
	}
}

// TestDINOv2Batch sees each picture of a batch as alone, at the published size, too.
func TestDINOv2Batch(t *testing.T) {
	for _, registers := range []int{0, 4} {
		network := narrowDINO(registers)
		if err := nn.Randomize(network, 1, gt.Float32); err != nil {
			t.Fatal(err)
		}
		for _, side := range [][2]int{{98, 98}, {28, 56}} {
			h, w := side[0], side[1]
			pooled := func(b *nn.Build, in G.Nodes) []*G.Node {
				return []*G.Node{network.Pooled(b, nn.FeatureMap{X: in[0], H: h, W: w})}
			}
			x := nntest.Normal(3, 2, h*w, 3)
			both := nntest.Run(t, pooled, []*gt.Dense{x})[0]
			for i := range 2 {
				one := nntest.Run(t, pooled, []*gt.Dense{tensor.Rows(x, i, i+1)})[0]
				if e := relative(both[i*48:][:48], one); !(e < 1e-5) {
					t.Errorf("%d registers, %v: picture %d differs by %.2g in a batch", registers, side, i, e)
				}
			}
		}
	}
}

// TestDINOv2Sizes opens a directory as the hub has it, of the real names, and refuses sizes that make no sense.
func TestDINOv2Sizes(t *testing.T) {
	for _, name := range Names() {
		if rest, ok := strings.CutPrefix(name, "dinov2_vit"); ok {
			n, err := New(name)
			if err != nil {
				t.Fatal(err)
			}
			c := n.(*DINOv2).Config()
			if want := map[string]int{"s": 384, "b": 768, "l": 1024}[rest[:1]]; c.HiddenSize != want || (c.Registers == 4) != strings.HasSuffix(name, "_reg") || len(n.Layers()) != c.Layers+1 {
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
	for _, c := range []DINOv2Config{{}, {HiddenSize: 5, Layers: 1, Heads: 2, Grid: 1}, {HiddenSize: 4, Layers: 1, Heads: 2, Grid: 1, Positions: 7}, {HiddenSize: 4, Layers: 1 << 40, Heads: 2, Grid: 1}} {
		if _, err := NewDINOv2(c); err == nil {
			t.Errorf("a network of %+v", c)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "model.safetensors"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), "dinov2_vits14", dir); err == nil || !strings.Contains(fmt.Sprint(err), "model.safetensors") {
		t.Errorf("error %v", err)
	}
}

// TestDINOv2Config reads the config.json of a directory: of transformers, whose facts count, and of timm.
func TestDINOv2Config(t *testing.T) {
	const facts = `{"model_type": "dinov2", "hidden_size": 384, "num_attention_heads": 6, "layer_norm_eps": 1e-06, "hidden_act": "gelu", "use_swiglu_ffn": false}`
	for _, c := range []struct{ from, to, want string }{
		{"", "", ""},
		{`"num_attention_heads": 6`, `"num_attention_heads": 12`, "num_attention_heads is 12"},
		{"1e-06", "1e-05", "layer_norm_eps is 1e-05"},
		{`"gelu"`, `"relu"`, "hidden_act is"},
		{"false", "true", "use_swiglu_ffn is true"},
		{facts, `{"architecture": "vit_small_patch14_dinov2", "num_classes": 0}`, ""},
		{"}", "", "config.json"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(strings.Replace(facts, c.from, c.to, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		err := DINOv2Small(false).checkFile(tensor.OnDisk(dir))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: error %v, want %q", c.to, c.from, err, c.want)
		}
	}
	if err := DINOv2Small(false).checkFile(tensor.OnDisk(t.TempDir())); err != nil {
		t.Errorf("without config.json: %v", err)
	}
}

// TestDINOv2Directory opens a directory as the hub has it, of real sizes: the weights are a hole in the file, all 0.
func TestDINOv2Directory(t *testing.T) {
	dir := t.TempDir()
	hole(t, filepath.Join(dir, "model.safetensors"), newDINOv2(DINOv2Small(true)))
	open := func(heads int) error {
		facts := fmt.Sprintf(`{"model_type": "dinov2_with_registers", "num_attention_heads": %d}`, heads)
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(facts), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Open(t.Context(), "dinov2_vits14_reg", dir)
		if err != nil {
			return err
		}
		return f.Close()
	}
	if err := open(6); err != nil {
		t.Error(err)
	}
	if err := open(8); !errors.Is(err, nn.ErrUnsupported) {
		t.Errorf("a network of 8 heads: error %v, want nn.ErrUnsupported", err)
	}
}

// hole writes a safetensors file for a model, whose numbers no disk has to hold.
func hole(t *testing.T, path string, model any) {
	t.Helper()
	params, err := nn.Params(model)
	if err != nil {
		t.Fatal(err)
	}
	type entry struct {
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	header, end := map[string]entry{}, 0
	for _, p := range params {
		size := 4 * p.Shape().TotalSize()
		header[p.Name], end = entry{"F32", p.Shape(), [2]int{end, end + size}}, end+size
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := errors.Join(os.WriteFile(path, file, 0o644), os.Truncate(path, int64(len(file)+end))); err != nil {
		t.Fatal(err)
	}
}
