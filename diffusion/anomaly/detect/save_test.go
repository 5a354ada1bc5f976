package detect

import (
	"errors"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// opened is what Load is given: the network of the tests.
func opened(string, string) (Network, error) { return network(), nil }

// fitted are detectors of each kind that have learned from few pictures and from more than PaDiM has channels.
func fitted(t *testing.T, shots int) map[string]anomaly.Detector {
	t.Helper()
	all := made(t, network(), Anomalib)
	for name, d := range all {
		train := append(normals(64, 64, shots), spotted(64, 64, 99, image.Rect(20, 20, 40, 40)))
		if err := d.Fit(t.Context(), samples(train...)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}

// TestSavedAndLoaded: a detector that is loaded scores as the one that was saved, to the bit, and says from whom it has
// learned; saved again it is the same file.
func TestSavedAndLoaded(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	picture := spotted(90, 70, 5, image.Rect(30, 30, 40, 45)).Picture
	for _, shots := range []int{1, 3, 14} {
		for name, d := range fitted(t, shots) {
			want, err := d.Detect(t.Context(), picture)
			if err != nil {
				t.Fatal(err)
			}
			if err := Save(first, d); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			loaded, err := Load(t.Context(), first, opened)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := loaded.Detect(t.Context(), picture)
			if err != nil || got.Score != want.Score || !slices.Equal(got.Map.Values, want.Map.Values) {
				t.Errorf("%s, %d shots: score %v (%v), want %v", name, shots, got.Score, err, want.Score)
			}
			if err := Save(second, loaded); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			a, _ := os.ReadFile(first)
			b, _ := os.ReadFile(second)
			if !slices.Equal(a, b) {
				t.Errorf("%s, %d shots: saved again it is another file", name, shots)
			}
			said, err := Describe(first)
			if err != nil || said.Network != "blocks" || len(said.References) != shots || said.References[0] != "a.png" {
				t.Errorf("%s: %+v, %v", name, said, err)
			}
		}
	}
}

// TestFilesOfOthers: each is refused with an error of its kind that says what is wrong, and nothing panics.
func TestFilesOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "detector")
	type file struct {
		tensors map[string]*gt.Dense
		meta    map[string]string
	}
	nan := float32(0)
	nan /= nan
	replace := func(old, new string) func(f *file) {
		return func(f *file) { f.meta["detector"] = strings.Replace(f.meta["detector"], old, new, 1) }
	}
	set := func(name string, d *gt.Dense) func(f *file) { return func(f *file) { f.tensors[name] = d } }
	const any = ""
	all := fitted(t, 3)
	for _, c := range []struct {
		of     string
		change func(f *file)
		says   string
	}{
		{any, func(f *file) { f.meta["format"] = "sdgraph detector 2" }, `want "sdgraph detector 1"`},
		{any, func(f *file) { f.meta = nil }, "holds no detector"},
		{any, func(f *file) { f.meta["detector"] = "{" }, "its description: "},
		{any, func(f *file) { f.meta["detector"] = strings.Repeat(" ", maxDescription+1) }, "bytes, want at most"},
		{any, replace(`"SHA256":"0`, `"SHA":"0`), "no SHA-256"},
		{any, replace(`"Kind":"p`, `"Kind":"q`), "which there is not"},
		{any, replace(`"Size":64`, `"Size":-64`), "a square of -64 pixels"},
		{any, replace(`"Size":64`, `"Size":640000`), "a square of 640000 pixels"},
		{any, replace(`"Size":64`, `"Size":"large"`), "its options: "},
		{any, replace(`"Options":{`, `"Options":[{`), "its description: "},
		{any, replace(`"anomalib"`, `"mine"`), "want official or anomalib"},
		{any, replace(`"16"`, `"17"`), "no layer 17"},
		{"PatchCore", set("bank", dense([]float32{1, 2, 3}, 1, 3)), "its vectors have 3 numbers"},
		{"PatchCore", set("bank", dense(make([]float32, 12), 12)), "want 2 dimensions"},
		{"PatchCore", set("bank", dense(slices.Repeat([]float32{nan}, 12), 1, 12)), "NaN"},
		{"PatchCore", func(f *file) { delete(f.tensors, "bank") }, `no tensor "bank"`},
		{"PaDiM", set("mean", dense(make([]float32, 12), 1, 12)), "its means are"},
		{"PaDiM", set("basis", dense(make([]float32, 12), 1, 1, 12)), "its bases are"},
		{"PaDiM", func(f *file) {
			delete(f.tensors, "basis")
			f.tensors["factor"] = dense(make([]float32, 256*triangle(12)), 256, triangle(12))
		}, "on its diagonal"},
		{"PaDiM", replace(`"Channels":[`, `"Channels":[9999,`), "13 are said"},
		{"weighted PaDiM", replace(`"Kind":"padim"`, `"Kind":"probe"`), "it is made of"},
		{"weighted PatchCore", func(f *file) { delete(f.tensors, "probe.bias") }, `no tensor "bias"`},
		{"Probe", set("weights", dense(make([]float32, 3), 3)), "it has 3 weights"},
	} {
		for name, d := range all {
			if c.of != name && (c.of != any || strings.HasPrefix(name, "weighted")) {
				continue
			}
			description, tensors, err := d.(interface {
				save() (Description, learned, error)
			}).save()
			if err != nil {
				t.Fatal(err)
			}
			if err := Save(path, d); err != nil {
				t.Fatal(err)
			}
			whole, err := tensor.Read(path, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			f := &file{tensors, whole.Metadata()}
			c.change(f)
			if err := tensor.Save(path, f.tensors, f.meta); err != nil {
				t.Fatal(err)
			}
			_, err = Load(t.Context(), path, opened)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), path) {
				t.Errorf("%s (%s): %v, want %q", name, description.Kind, err, c.says)
			}
			if !errors.Is(err, tensor.ErrDamaged) && c.says != "no layer 17" {
				t.Errorf("%s: %v is not ErrDamaged", name, err)
			}
		}
	}
}

// TestOtherNetwork: a detector is of use with the weights that it was fitted with, and an error names both.
func TestOtherNetwork(t *testing.T) {
	path := filepath.Join(t.TempDir(), "detector")
	d := fitted(t, 1)["PatchCore"]
	if err := Save(path, d); err != nil {
		t.Fatal(err)
	}
	_, err := Load(t.Context(), path, func(string, string) (Network, error) {
		return Network{Backbone: blocks{1}, Name: "resnet18", SHA256: strings.Repeat("a", 64)}, nil
	})
	if !errors.Is(err, ErrOtherNetwork) || !strings.Contains(err.Error(), "blocks (SHA-256 000000000000…), and here is resnet18 (SHA-256 aaaaaaaaaaaa…)") {
		t.Errorf("%v", err)
	}
	missing := errors.New("it is not here")
	if _, err := Load(t.Context(), path, func(string, string) (Network, error) { return Network{}, missing }); !errors.Is(err, missing) {
		t.Errorf("%v", err)
	}
	if err := os.Truncate(path, 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), path, opened); !errors.Is(err, tensor.ErrDamaged) {
		t.Errorf("a file cut short: %v", err)
	}
	nameless := Network{Backbone: blocks{1}, Name: "blocks"}
	p, err := NewPatchCore(nameless, PatchCoreOptions{Layers: fine, Size: 64})
	if err == nil {
		err = p.Fit(t.Context(), samples(normals(64, 64, 1)...))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := Save(path, p); !errors.Is(err, ErrArgument) {
		t.Errorf("saved of a network without SHA-256: %v", err)
	}
}
