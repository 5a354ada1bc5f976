package detect

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
)

// golden is what testdata/make.py wrote of a method: tensors, and numbers beside them.
type golden struct {
	t    *testing.T
	file *tensor.File
}

func readGolden(t *testing.T, name string, numbers any) golden {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err == nil {
		err = json.Unmarshal(data, numbers)
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := tensor.Open(filepath.Join("testdata", name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return golden{t, file}
}

// get returns a tensor's numbers and shape.
func (g golden) get(name string) ([]float32, []int) {
	g.t.Helper()
	d, err := g.file.Get(name)
	if err != nil {
		g.t.Fatal(err)
	}
	return tensor.Float32s(d), d.Shape()
}

// layers are tensors [n, c, h, w] as features.
func (g golden) layers(names ...string) []features {
	g.t.Helper()
	var all []features
	for _, name := range names {
		v, s := g.get(name)
		f := newFeatures(s[0], s[2], s[3], s[1])
		for i := range f.n {
			for y := range f.h {
				for x := range f.w {
					for c := range f.c {
						f.at(i, y, x)[c] = v[((i*f.c+c)*f.h+y)*f.w+x]
					}
				}
			}
		}
		all = append(all, f)
	}
	return all
}

// near fails where numbers are farther from a tensor's than a share of its largest.
func (g golden) near(name string, got []float32, share float64) {
	g.t.Helper()
	want, _ := g.get(name)
	if len(got) != len(want) {
		g.t.Fatalf("%s has %d numbers, want %d", name, len(got), len(want))
	}
	largest, worst, at := 0.0, 0.0, 0
	for i, w := range want {
		largest = max(largest, math.Abs(float64(w)))
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= worst) {
			worst, at = d, i
		}
	}
	g.t.Logf("%s: %.1e of the largest", name, worst/largest)
	if !(worst <= share*largest) {
		g.t.Errorf("%s: number %d is %g, want %g (largest %g)", name, at, got[at], want[at], largest)
	}
}

// entry is picture i alone.
func (f features) entry(i int) features {
	size := f.h * f.w * f.c
	return features{1, f.h, f.w, f.c, f.values[i*size:][:size]}
}

type patchCoreGolden struct {
	Picture  [2]int
	Pre      int `json:"pretrain_dimension"`
	Target   int `json:"target_dimension"`
	Official struct{ Starts, Selected []int }
	Anomalib struct {
		Start, Neighbours int
		Selected          []int
	}
}

// TestPatchCoreOfficial follows amazon-science/patchcore-inspection from layers to maps.
func TestPatchCoreOfficial(t *testing.T) {
	var want patchCoreGolden
	g := readGolden(t, "patchcore", &want)
	bank := preprocessed(g.layers("train.layer2", "train.layer3"), want.Pre, want.Target)
	query := preprocessed(g.layers("test.layer2", "test.layer3"), want.Pre, want.Target)
	g.near("official.bank", bank.values, 1e-6)
	g.near("official.query", query.values, 1e-6)
	rows, err := approximateGreedy(t.Context(), bank.values, bank.c, want.Official.Starts, len(want.Official.Selected))
	if err != nil || !slices.Equal(rows, want.Official.Selected) {
		t.Fatalf("the coreset is %v (%v), want %v", rows, err, want.Official.Selected)
	}
	core, _ := g.get("official.coreset")
	g.judged("official", PatchCoreOptions{Reading: Official, Neighbours: 1, Sigma: 4}, newMemoryBank(core, bank.c), query, want.Picture)
}

// TestPatchCoreAnomalib follows anomalib.
func TestPatchCoreAnomalib(t *testing.T) {
	var want patchCoreGolden
	g := readGolden(t, "patchcore", &want)
	bank := locallyAware(g.layers("train.layer2", "train.layer3"))
	query := locallyAware(g.layers("test.layer2", "test.layer3"))
	g.near("anomalib.bank", bank.values, 1e-6)
	g.near("anomalib.query", query.values, 1e-6)
	rows, err := greedy(t.Context(), bank.values, bank.c, want.Anomalib.Start, len(want.Anomalib.Selected))
	if err != nil || !slices.Equal(rows, want.Anomalib.Selected) {
		t.Fatalf("the coreset is %v (%v), want %v", rows, err, want.Anomalib.Selected)
	}
	core, _ := g.get("anomalib.coreset")
	o := PatchCoreOptions{Reading: Anomalib, Neighbours: want.Anomalib.Neighbours, Sigma: 4}
	g.judged("anomalib", o, newMemoryBank(core, bank.c), query, want.Picture)
}

// judged compares scores, numbers of patches and maps of a reading.
func (g golden) judged(reading string, o PatchCoreOptions, bank *memoryBank, query features, picture [2]int) {
	g.t.Helper()
	var scores, numbers, maps []float32
	for i := range query.n {
		score, patches := o.judge(bank, query.entry(i), nil)
		m, err := o.enlarge().square(patches, query.h, query.w, picture[0], picture[1])
		if err != nil {
			g.t.Fatal(err)
		}
		scores, numbers, maps = append(scores, float32(score)), append(numbers, patches...), append(maps, m...)
	}
	g.near(reading+".patch_scores", numbers, 1e-5)
	g.near(reading+".score", scores, 1e-5)
	g.near(reading+".map", maps, 1e-5)
}

type paDiMGolden struct {
	Index   map[string][]int `json:"index_of_the_reference_implementation"`
	Picture [2]int
}

// TestPaDiM follows both implementations from layers to maps, and this package's own rule for one picture.
func TestPaDiM(t *testing.T) {
	var want paDiMGolden
	g := readGolden(t, "padim", &want)
	index, _ := g.get("index")
	var channels []int
	for _, v := range index {
		channels = append(channels, int(v))
	}
	train := chosen(g.layers("train.layer1", "train.layer2", "train.layer3"), channels)
	test := chosen(g.layers("test.layer1", "test.layer2", "test.layer3"), channels)
	for _, c := range []struct {
		options                   PaDiMOptions
		shots                     int
		distance, mapped, maximum string
	}{
		{PaDiMOptions{Sigma: 4}, train.n, "reference.distance", "reference.map", "reference.score"},
		{PaDiMOptions{Sigma: 4, Reading: Anomalib}, train.n, "distance", "anomalib.map", "anomalib.score"},
		{PaDiMOptions{Sigma: 4}, 1, "one_shot.distance", "one_shot.map", ""},
	} {
		shots := features{c.shots, train.h, train.w, train.c, train.values[:c.shots*train.h*train.w*train.c]}
		fit, err := fitGaussians(t.Context(), shots, c.options.ridge())
		if err != nil {
			t.Fatal(err)
		}
		var distances, maps, scores []float32
		for i := range test.n {
			d := fit.distances(test.entry(i).values)
			m, err := c.options.enlarge().square(d, test.h, test.w, want.Picture[0], want.Picture[1])
			if err != nil {
				t.Fatal(err)
			}
			distances, maps, scores = append(distances, d...), append(maps, m...), append(scores, float32(largest(m)))
		}
		g.near(c.distance, distances, 1e-5)
		g.near(c.mapped, maps, 1e-5)
		if c.maximum != "" {
			g.near(c.maximum, scores, 1e-5)
		}
	}
}

// TestPaDiMChannels: the channels are those of Python's random.
func TestPaDiMChannels(t *testing.T) {
	var want paDiMGolden
	readGolden(t, "padim", &want)
	for name, total := range map[string]int{"resnet18": 448, "wide_resnet50_2": 1792} {
		if got := pythonSample(paDiMSeed, total, len(want.Index[name])); !slices.Equal(got, want.Index[name]) {
			t.Errorf("%s: %v, want %v", name, got, want.Index[name])
		}
	}
}
