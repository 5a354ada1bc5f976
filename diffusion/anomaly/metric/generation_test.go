package metric

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
)

// made is what the references make of random numbers, as testdata/make.py says.
type made struct {
	Permutation map[string][]int
	Choice      map[string][][]int
	Small       scores `json:"is_small"`
	Ten         scores `json:"is_ten"`
	Nine        scores `json:"is_nine"`
	FID         float64
	KID         struct {
		Subsets, Size int
		Mean, Std     float64
		All           float64 `json:"all_pictures_once"`
	}
	CMMD    float64
	Cluster map[string]cluster `json:"ic_lpips"`
	One     cluster            `json:"ic_lpips_one_picture"`
}

type scores struct {
	Shuffled *score `json:"ten_splits_seed_2020"`
	InOrder  *score `json:"ten_splits_in_order"`
	One      *score `json:"one_split"`
}

type score struct {
	Mean, Std float64
	Each      []float64 `json:"of_each_split"`
}

type cluster struct {
	Sizes []int
	Each  []*float64 `json:"of_each_cluster"`
	Value *float64
	Zero  float64 `json:"value_with_empty_as_zero"`
}

func readMade(t *testing.T) (m made, get func(name string) [][]float32) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "generation.json"))
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := tensor.Open(filepath.Join("testdata", "generation.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return m, func(name string) [][]float32 {
		d, err := file.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		var rows [][]float32
		for row := range slices.Chunk(tensor.Float32s(d), d.Shape()[1]) {
			rows = append(rows, row)
		}
		return rows
	}
}

// within fails unless two numbers agree to 1e-6 of the wanted one, or to 1e-9.
func within(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= max(1e-9, 1e-6*math.Abs(want))) {
		t.Errorf("%s: %.12g, want %.12g", what, got, want)
	}
}

func TestLegacyPermutation(t *testing.T) {
	m, _ := readMade(t)
	for name, n := range map[string]int{"2020,7": 7, "2020,57": 57} {
		if got := LegacyPermutation(2020, n); !slices.Equal(got, m.Permutation[name]) {
			t.Errorf("of %d: %v, want %v", n, got, m.Permutation[name])
		}
	}
	draw := newLegacy(2020)
	for i, want := range m.Choice["2020,40,20"] {
		if got := draw.choice(40, 20); !slices.Equal(got, want) {
			t.Errorf("choice %d: %v, want %v", i, got, want)
		}
	}
}

func TestInceptionScore(t *testing.T) {
	m, get := readMade(t)
	for name, want := range map[string]scores{"small": m.Small, "ten": m.Ten, "nine": m.Nine} {
		logits := get("logits." + name)
		for kind, c := range map[string]struct {
			o    InceptionScoreOptions
			want *score
		}{"shuffled": {DefaultInceptionScore(), want.Shuffled}, "in order": {InceptionScoreOptions{Splits: 10, InOrder: true}, want.InOrder}, "one": {InceptionScoreOptions{Splits: 1}, want.One}} {
			got, err := InceptionScore(logits, c.o)
			if len(logits) < c.o.Splits {
				if err == nil {
					t.Errorf("%s, %s: a score of %d splits of %d pictures", name, kind, c.o.Splits, len(logits))
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			within(t, name+", "+kind, got.Mean, c.want.Mean)
			within(t, name+", "+kind+", deviation", got.Deviation, c.want.Std)
			for i, s := range c.want.Each {
				within(t, name+", "+kind+", a split", got.OfSplits[i], s)
			}
			if got.Pictures != len(logits) || got.Splits != c.o.Splits || got.Seed != c.o.Seed {
				t.Errorf("%s, %s: %+v", name, kind, got)
			}
		}
	}
}

func TestDistances(t *testing.T) {
	m, get := readMade(t)
	a, b := get("features.a"), get("features.b")
	fid, err := FID(a, b)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "FID", fid, m.FID)
	if _, err := FID(a[:12], b[:15]); !errors.Is(err, ErrTooFew) {
		t.Errorf("FID of fewer pictures than features: %v", err)
	}
	cmmd, err := CMMD(a, b)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "CMMD", cmmd, m.CMMD)
	mean, deviation, err := SubsetKID(a, b, KIDSubsets{Subsets: 10, Size: 20, Seed: 2020})
	if err != nil {
		t.Fatal(err)
	}
	within(t, "KID of subsets", mean, m.KID.Mean)
	within(t, "its deviation", deviation, m.KID.Std)
	all, err := kid(t, a, b).Value()
	if err != nil {
		t.Fatal(err)
	}
	within(t, "KID of all pairs", all, m.KID.All)
	if _, _, err := SubsetKID(a, b, DefaultKIDSubsets()); !errors.Is(err, ErrTooFew) {
		t.Errorf("KID of subsets larger than the sets: %v", err)
	}
}

func TestICLPIPS(t *testing.T) {
	m, get := readMade(t)
	var centres [][]float64
	for _, row := range get("iclpips.centre") {
		var d []float64
		for _, v := range row {
			d = append(d, float64(v))
		}
		centres = append(centres, d)
	}
	pairs := get("iclpips.pair")
	pair := func(i, j int) (float64, error) { return float64(pairs[i][j]), nil }
	for _, rule := range []ClusterRule{AnomalyDiffusionRule, SeaSRule} {
		want := m.Cluster[rule.String()]
		clusters, err := Clusters(centres, rule, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ICLPIPS(clusters, pair)
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range want.Sizes {
			if got.Sizes[i] != min(n, rule.most()) {
				t.Errorf("%v: clusters of %v, want %v", rule, got.Sizes, want.Sizes)
			}
		}
		within(t, rule.String(), got.Mean, *want.Value)
		within(t, rule.String()+" with empty ones as 0", got.EmptyAs0, want.Zero)
		if got.Used != 4 || !math.IsNaN(got.OfCluster[1]) {
			t.Errorf("%v: %d clusters used, %v", rule, got.Used, got.OfCluster)
		}
	}
	one, err := ICLPIPS([][]int{{0}, nil, nil, nil, nil}, pair)
	if err != nil || !math.IsNaN(one.Mean) || one.EmptyAs0 != m.One.Zero || one.Used != 0 {
		t.Errorf("one picture: %+v, %v", one, err)
	}
	// Without centres all are of one cluster, of the first fifty in the order.
	alone, err := Clusters(make([][]float64, 84), AnomalyDiffusionRule, LegacyPermutation(7, 84))
	if err != nil || len(alone) != 1 || !slices.Equal(alone[0], LegacyPermutation(7, 84)[:50]) {
		t.Errorf("without centres: %v, %v", alone, err)
	}
}
