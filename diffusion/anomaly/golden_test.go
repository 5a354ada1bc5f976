package anomaly

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

const testdata = "../../testdata"

// golden is a run of testdata/reference/anomalyany.py.
type golden struct {
	Prompt, Detailed, Word string
	T, R                   int
	Gamma, Mu              float64
	Lambda                 float64 `json:"lam"`
	EtaE                   float64 `json:"eta_e"`
	Guidance               float32
	Tokens                 []int `json:"token_indices"`
	Steps                  []StepTrace

	in, ref map[string]*gt.Dense
}

func readGolden(t *testing.T, model, kind string) golden {
	t.Helper()
	dir := filepath.Join(testdata, "goldens", model)
	data, err := os.ReadFile(filepath.Join(dir, "anomalyany"+kind+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	g.in = readTensors(t, filepath.Join(dir, "anomalyany_in"+kind+".safetensors"))
	g.ref = readTensors(t, filepath.Join(dir, "anomalyany_ref"+kind+".safetensors"))
	return g
}

func readTensors(t *testing.T, path string) map[string]*gt.Dense {
	t.Helper()
	f, err := tensor.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	all := map[string]*gt.Dense{}
	for _, name := range f.Names() {
		if all[name], err = f.Get(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func openModel(t *testing.T, dir string, opts ...diffusion.OpenOption) *diffusion.Pipeline {
	t.Helper()
	p, err := diffusion.Open(dir, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestGoldens compares whole runs with the algorithm in PyTorch: the trace, the
// latent after every step and the results.
func TestGoldens(t *testing.T) {
	if testing.Short() {
		t.Skip("whole runs")
	}
	for _, model := range []string{"a", "b"} {
		p := openModel(t, filepath.Join(testdata, "models", model))
		for _, kind := range []string{"", "_mask"} {
			t.Run(model+kind, func(t *testing.T) {
				want := readGolden(t, model, kind)
				g, err := New(t.Context(), p, want.in["image"], want.options())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want.Tokens, g.Tokens()); diff != "" {
					t.Errorf("tokens: %s", diff)
				}
				r, err := g.RunNoise(t.Context(), tensor.Float32s(want.in["noise"]), func(s StepTrace, z diffusion.Latent) error {
					want.compare(t, fmt.Sprintf("latent.%d", s.I), z.Floats())
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				want.compare(t, "image", tensor.Float32s(r.Image))
				want.compare(t, "embedding", tensor.Float32s(r.Embedding))
				want.compare(t, "soft_map", r.SoftMap)
				if diff := cmp.Diff(want.Steps, r.Trace, cmpopts.EquateApprox(1e-3, 1e-4)); diff != "" {
					t.Errorf("trace, PyTorch -, ours +:\n%s", diff)
				}
			})
		}
	}
}

func (g golden) options() Options {
	o := Paper()
	o.Prompt, o.Detail, o.Word = g.Prompt, g.Detailed, g.Word
	o.Steps, o.Gamma, o.Guidance, o.Refine = g.T, g.Gamma, g.Guidance, g.R
	o.Lambda, o.Mu, o.EtaE = g.Lambda, g.Mu, g.EtaE
	for _, v := range tensor.Float32s(g.in["mask"]) {
		if v != 1 {
			o.Mask = tensor.Float32s(g.in["mask"])
		}
	}
	return o
}

func (g golden) compare(t *testing.T, name string, got []float32) {
	t.Helper()
	want := tensor.Float32s(g.ref[name])
	if len(got) != len(want) {
		t.Fatalf("%s has %d numbers, want %d", name, len(got), len(want))
	}
	worst, largest := 0.0, 0.0
	for i, v := range want {
		worst = math.Max(worst, math.Abs(float64(got[i])-float64(v)))
		largest = math.Max(largest, math.Abs(float64(v)))
	}
	if !(worst <= 1e-3*largest) {
		t.Errorf("%s: largest error %g of %g", name, worst, largest)
	}
}
