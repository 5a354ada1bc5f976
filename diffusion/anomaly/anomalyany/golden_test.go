package anomalyany

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/kernels/kerneltest"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

const testdata = "../../../testdata"

// golden is a run of testdata/reference/anomalyany.py or released.py.
type golden struct {
	Preset                         Preset
	Prompt, Detailed, Normal, Word string
	T, R, N                        int
	Gamma, Mu, Scale               float64
	Lambda                         float64 `json:"lam"`
	EtaE                           float64 `json:"eta_e"`
	Guidance                       float32
	Tokens                         []int `json:"token_indices"`
	Steps                          []StepTrace

	in, ref   map[string]*gt.Dense
	tolerance float64
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
	p, err := diffusion.Open(t.Context(), dir, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestGoldens compares whole runs with the algorithm in PyTorch: the trace, the
// latent after every step and the results.
func TestGoldens(t *testing.T) {
	for _, model := range []string{"a", "b"} {
		testGoldens(t, model)
	}
}

// TestGoldensOnDevice does the same where this machine cannot read what programs compute with.
func TestGoldensOnDevice(t *testing.T) {
	d := kerneltest.NewDevice(t)
	if d == nil {
		t.Skip("this system lacks the means for a device for tests")
	}
	testGoldens(t, "a", diffusion.WithDevice(d))
}

func testGoldens(t *testing.T, model string, opts ...diffusion.OpenOption) {
	if testing.Short() {
		t.Skip("whole runs")
	}
	p := openModel(t, filepath.Join(testdata, "models", model), opts...)
	for kind, tolerance := range map[string]float64{
		"": 1e-3, "_mask": 1e-3,
		// early optimisation amplifies rounding a thousandfold
		"_released": 1e-1, "_released_mask": 1e-3,
	} {
		if files, _ := filepath.Glob(filepath.Join(testdata, "goldens", model, "anomalyany"+kind+".json")); len(files) == 0 {
			continue
		}
		t.Run(model+kind, func(t *testing.T) {
			want := readGolden(t, model, kind)
			want.tolerance = tolerance
			size := want.in["image"].Shape()
			g, err := New(t.Context(), p, size[2], size[3], want.options())
			if err != nil {
				t.Fatal(err)
			}
			in := encoded(t, g, want.in["image"], want.mask())
			if diff := cmp.Diff(want.Tokens, g.Tokens()); diff != "" {
				t.Errorf("tokens: %s", diff)
			}
			r, err := g.RunNoises(t.Context(), in, want.noises(), func(s Step) error {
				want.compare(t, fmt.Sprintf("latent.%d", s.I), s.Latent.Floats())
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if want.Preset == ReleasedPreset {
				want.compare(t, "embedding_start", tensor.Float32s(r.Start))
				for i, v := range tensor.Float32s(r.Image) {
					tensor.Float32s(r.Image)[i] = v/2 + 0.5 // as the reference has it
				}
			}
			want.compare(t, "image", tensor.Float32s(r.Image))
			want.compare(t, "embedding", tensor.Float32s(r.Embedding))
			want.compare(t, "soft_map", r.SoftMap)
			if diff := cmp.Diff(want.Steps, r.Trace, cmpopts.EquateApprox(tolerance, 1e-4)); diff != "" {
				t.Errorf("trace, PyTorch -, ours +:\n%s", diff)
			}
		})
	}
}

func (g golden) options() Options {
	o := Paper()
	if g.Preset == ReleasedPreset {
		o = Released()
		o.Normal, o.Released.Tail, o.Released.EarlyScale = g.Normal, g.N, g.Scale
	} else {
		o.Gamma, o.Refine, o.Lambda, o.Mu, o.EtaE = g.Gamma, g.R, g.Lambda, g.Mu, g.EtaE
	}
	o.Prompt, o.Detail, o.Words = g.Prompt, g.Detailed, []string{g.Word}
	o.Steps, o.Guidance = g.T, g.Guidance
	return o
}

// mask is that of the run, nil where everything may change.
func (g golden) mask() []float32 {
	mask := tensor.Float32s(g.in["mask"])
	if slices.ContainsFunc(mask, func(v float32) bool { return v != 1 }) {
		return mask
	}
	return nil
}

func (g golden) noises() Noises {
	n := Noises{Initial: tensor.Float32s(g.in["noise"])}
	if g.Preset == ReleasedPreset {
		n.Encoder = tensor.Float32s(g.in["encoder_noise"])
	}
	if fresh := g.in["fresh_noise"]; fresh != nil {
		n.Fresh = slices.Collect(slices.Chunk(tensor.Float32s(fresh), len(n.Initial)))
	}
	return n
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
	if !(worst <= g.tolerance*largest) {
		t.Errorf("%s: largest error %g of %g", name, worst, largest)
	}
}
