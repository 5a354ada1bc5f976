package vision

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// memory is a source of tensors by their names.
type memory map[string]*gt.Dense

func (m memory) Names() []string                    { return slices.Sorted(maps.Keys(m)) }
func (m memory) Get(name string) (*gt.Dense, error) { return m[name], nil }
func zeros(shape ...int) *gt.Dense                  { return gt.New(gt.WithShape(shape...), gt.Of(gt.Float32)) }
func weightsOf(t *testing.T, name string) (all memory) {
	t.Helper()
	g := openGolden(t, name)
	all = memory{}
	for _, n := range g.Names() {
		if strings.HasSuffix(n, "num_batches_tracked") {
			continue
		}
		d, err := g.Get(n)
		if err != nil {
			t.Fatal(err)
		}
		all[n] = d
	}
	return all
}

// TestLoadWithoutCounters has what norms count in training passed over (TestGoldens has it), or left out.
func TestLoadWithoutCounters(t *testing.T) {
	for name, network := range narrow() {
		if err := network.Load(t.Context(), weightsOf(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLoadListsEverything spoils a file in several places.
func TestLoadListsEverything(t *testing.T) {
	weights := weightsOf(t, "wide_resnet50_2")
	delete(weights, "layer1.0.bn1.running_mean")
	weights["layer4.2.conv3.weight"] = zeros(3, 4, 1, 1)
	weights["extra"] = zeros(1)
	weights["bn1.running_var"] = tensor.FromFloat32s([]float32{1, -1}, 2)
	err := narrow()["wide_resnet50_2"].Load(t.Context(), weights)
	if !errors.Is(err, tensor.ErrDamaged) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{
		"1 missing, with the shape the model needs:\n  layer1.0.bn1.running_mean (4)",
		"1 not used by the model (WithUnused lets them be):\n  extra",
		"1 of the wrong shape:\n  layer4.2.conv3.weight: (3, 4, 1, 1), want (64, 32, 1, 1)",
		"1 a variance below zero:\n  bn1.running_var: -1 at [1]",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nhas not %q", err, want)
		}
	}
}

// TestLoadIncomplete lists what a file lacks that was cut, and does not take it for another network's.
func TestLoadIncomplete(t *testing.T) {
	for name, network := range narrow() {
		for _, part := range []string{".conv2.weight", "layer1.0.", "layer4.", "_blocks.3.", "_depthwise_conv", "layer1.0.conv3."} {
			weights := weightsOf(t, name)
			maps.DeleteFunc(weights, func(n string, _ *gt.Dense) bool { return strings.Contains(n, part) })
			if err := network.Load(t.Context(), weights); err != nil && !strings.Contains(err.Error(), " missing, with the shape") {
				t.Errorf("%s without %s: %v", name, part, err)
			}
		}
	}
}

// TestOtherArchitecture says in one line whose weights they are.
func TestOtherArchitecture(t *testing.T) {
	residual := func(bottleneck bool, inner, in, out int, blocks ...int) memory {
		m := memory{"conv1.weight": zeros(1)}
		for layer, n := range blocks {
			for block := range n {
				at := "layer" + string(rune('1'+layer)) + "." + string(rune('0'+block)) + "."
				m[at+"conv2.weight"] = zeros(inner, in, 3, 3)
				if bottleneck {
					m[at+"conv3.weight"] = zeros(out, inner, 1, 1)
				}
			}
		}
		return m
	}
	lite := memory{}
	for _, block := range strings.Fields("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19") {
		lite["_blocks."+block+"._depthwise_conv.weight"] = zeros(1)
	}
	timm := memory{}
	for _, block := range strings.Fields("0.0 1.0 1.1 2.0 2.1 3.0 3.1 3.2 4.0 4.1 4.2 5.0 5.1 5.2 5.3 6.0") {
		timm["blocks."+block+".conv_dw.weight"] = zeros(1)
	}
	b0 := maps.Clone(lite)
	b0["_blocks.0._se_reduce.weight"] = zeros(1)
	timmB0 := maps.Clone(timm)
	timmB0["blocks.1.0.se.conv_reduce.weight"] = zeros(1)
	const torchvisions = "torchvision's Inception v3, which is another network than that of Inception Scores"
	const squeezing = "an EfficientNet with squeeze-and-excitation, not a Lite one"
	for _, c := range []struct {
		weights memory
		want    string
	}{
		{residual(false, 64, 64, 0, 3, 4, 6, 3), "ResNet-34"},
		{residual(true, 64, 64, 256, 3, 4, 6, 3), "ResNet-50"},
		{weightsOf(t, "wide_resnet50_2"), "Wide ResNet-50-2"},
		{residual(true, 128, 4, 256, 3, 4, 6, 3), "ResNeXt-50"},
		{weightsOf(t, "efficientnet_lite0"), "EfficientNet-Lite0"},
		{timm, "EfficientNet-Lite0"},
		{lite, "a larger EfficientNet-Lite, of 20 blocks"},
		{b0, squeezing},
		{timmB0, squeezing},
		{memory{"embeddings.patch_embeddings.projection.weight": zeros(1)}, "a vision transformer of another kind than DINOv2"},
		{weightsOf(t, "inception_v3_fidelity"), "Inception v3 of torch-fidelity"},
		{memory{"Mixed_5b.branch1x1.conv.weight": zeros(1), "fc.weight": zeros(1000, 2)}, torchvisions},
		{memory{"Mixed_5b.branch1x1.conv.weight": zeros(1), "AuxLogits.fc.weight": zeros(1)}, torchvisions},
		{weightsOf(t, "vgg16"), "VGG16"},
		{memory{"features.26.weight": zeros(1), "features.28.weight": zeros(1), "features.34.weight": zeros(1)}, "VGG19"},
		{memory{"features.27.weight": zeros(1), "features.28.weight": zeros(1), "features.28.running_mean": zeros(1)}, "a VGG with batch norms"},
	} {
		err := NewResNet18().Load(t.Context(), c.weights)
		if line := "these are the weights of " + c.want + ", want ResNet-18"; !errors.Is(err, tensor.ErrDamaged) || err.Error() != line {
			t.Errorf("error %v, want %s", err, line)
		}
	}
	if err := NewResNet18().Load(t.Context(), memory{"w": zeros(1)}); err == nil || !strings.Contains(err.Error(), "102 missing") {
		t.Errorf("weights of nobody: %v", err)
	}
}

// TestTimm has every name of timm's file become one of ours, where there are as many in both.
func TestTimm(t *testing.T) {
	for timm, want := range map[string]string{
		"conv_stem.weight":              "_conv_stem.weight",
		"bn1.running_var":               "_bn0.running_var",
		"blocks.0.0.conv_dw.weight":     "_blocks.0._depthwise_conv.weight",
		"blocks.0.0.bn1.bias":           "_blocks.0._bn1.bias",
		"blocks.0.0.conv_pw.weight":     "_blocks.0._project_conv.weight",
		"blocks.0.0.bn2.weight":         "_blocks.0._bn2.weight",
		"blocks.1.0.conv_pw.weight":     "_blocks.1._expand_conv.weight",
		"blocks.2.1.bn1.weight":         "_blocks.4._bn0.weight",
		"blocks.4.2.conv_dw.weight":     "_blocks.10._depthwise_conv.weight",
		"blocks.5.0.bn2.running_mean":   "_blocks.11._bn1.running_mean",
		"blocks.5.3.conv_pwl.weight":    "_blocks.14._project_conv.weight",
		"blocks.6.0.bn3.weight":         "_blocks.15._bn2.weight",
		"conv_head.weight":              "_conv_head.weight",
		"bn2.bias":                      "_bn1.bias",
		"classifier.bias":               "_fc.bias",
		"blocks.7.0.conv_pw.weight":     "blocks.7.0.conv_pw.weight",
		"blocks.1.2.conv_pw.weight":     "blocks.1.2.conv_pw.weight",
		"blocks.1.0.se.weight":          "blocks.1.0.se.weight",
		"blocks.-1.0.conv_pw.weight":    "blocks.-1.0.conv_pw.weight",
		"_blocks.1._expand_conv.weight": "_blocks.1._expand_conv.weight",
		"":                              "",
	} {
		if got := fromTimm(timm); got != want {
			t.Errorf("%q is %q, want %q", timm, got, want)
		}
	}
}

// TestVGGOfTimm has timm's names and shapes give the same weights as torchvision's.
func TestVGGOfTimm(t *testing.T) {
	ours, g := loaded(t, "vgg16")
	timm := memory{}
	for name, d := range weightsOf(t, "vgg16") {
		for from, to := range map[string]string{"classifier.0.": "pre_logits.fc1.", "classifier.3.": "pre_logits.fc2.", "classifier.6.": "head.fc."} {
			name = strings.Replace(name, from, to, 1)
		}
		shape := d.Shape().Clone()
		switch name {
		case "pre_logits.fc1.weight":
			shape = gt.Shape{shape[0], shape[1] / 49, 7, 7}
		case "pre_logits.fc2.weight":
			shape = gt.Shape{shape[0], shape[1], 1, 1}
		}
		timm[name] = tensor.FromFloat32s(tensor.Float32s(d), shape...)
	}
	theirs := narrow()["vgg16"]
	if err := theirs.Load(t.Context(), timm); err != nil {
		t.Fatal(err)
	}
	if shape := timm["pre_logits.fc1.weight"].Shape(); len(shape) != 4 {
		t.Errorf("the source's tensor has the shape %v now", shape)
	}
	want, err1 := nn.Params(ours)
	got, err2 := nn.Params(theirs)
	if err := errors.Join(err1, err2); err != nil || len(got) != len(want) {
		t.Fatal(len(got), err)
	}
	for i, p := range want {
		if e := relative(tensor.Float32s(got[i].Value()), tensor.Float32s(p.Value())); e != 0 {
			t.Errorf("%s differs by %g", p.Name, e)
		}
	}
	if s := (flatVGG{g}); len(s.Paths()) != 1 {
		t.Errorf("the file is not named in errors: %q", s.Paths())
	}
}

// TestOpen opens a file and a directory, and refuses what is neither.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	network := NewResNet18()
	if err := nn.Randomize(network, 1, tensor.Float16); err != nil {
		t.Fatal(err)
	}
	params, err := nn.Params(network)
	if err != nil {
		t.Fatal(err)
	}
	weights := map[string]*gt.Dense{}
	for _, p := range params {
		weights[p.Name] = p.Value()
	}
	if err := tensor.Save(path, weights, nil); err != nil {
		t.Fatal(err)
	}
	sums := map[string]bool{}
	for _, at := range []string{path, dir} {
		f, err := Open(t.Context(), "resnet18", at)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name != "resnet18" || len(f.SHA256) != 64 || f.Scaling() != ImageNet {
			t.Errorf("%+v", f)
		}
		sums[f.SHA256] = true
		if err := errors.Join(f.Changed(), f.Close(), f.Close()); err != nil {
			t.Error(err)
		}
	}
	if len(sums) != 1 {
		t.Errorf("one file has the hashes %v", sums)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ended, "resnet18", path); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	_, err = Open(t.Context(), "wide_resnet50_2", path)
	if want := path + ": these are the weights of ResNet-18, want Wide ResNet-50-2"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if err := os.WriteFile(path, []byte("\x80\x02pickle"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = Open(t.Context(), "resnet18", path); !errors.Is(err, tensor.ErrDamaged) || !strings.Contains(err.Error(), "a pickle") {
		t.Errorf("a pickle: %v", err)
	}
	if _, err = Open(t.Context(), "resnet18", t.TempDir()); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "model.safetensors") {
		t.Errorf("an empty directory: %v", err)
	}
}

// TestOpenTorch opens a file of torch's own, which is another network's.
func TestOpenTorch(t *testing.T) {
	_, err := Open(t.Context(), "vgg16", "../../tensor/pth/testdata/old.pth")
	if !errors.Is(err, tensor.ErrDamaged) || !strings.Contains(err.Error(), "old.pth: weights do not fit") {
		t.Errorf("error %v", err)
	}
}

// FuzzTimm has no name become another one twice.
func FuzzTimm(f *testing.F) {
	f.Add("blocks.1.0.conv_pw.weight")
	f.Add("blocks.-1.99999999999999999999.conv_pw.weight")
	f.Add("bn1.bn1.weight")
	f.Fuzz(func(t *testing.T, name string) {
		if once := fromTimm(name); fromTimm(once) != once {
			t.Errorf("%q becomes %q, and that %q", name, once, fromTimm(once))
		}
	})
}
