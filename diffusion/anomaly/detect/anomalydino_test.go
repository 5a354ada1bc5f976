package detect

import (
	"errors"
	"image"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/vision"
	gt "gorgonia.org/tensor"
)

// memoryGolden is testdata/memory.json.
type memoryGolden struct {
	Grid      [2]int
	Picture   [2]int
	Dimension int     `json:"subspace_dimension"`
	Explained float64 `json:"explained"`
	Share     float64 `json:"top_fraction"`
}

// TestTokensGolden has what the formulas of AnomalyDINO's code and of SubspaceAD give of random tokens.
func TestTokensGolden(t *testing.T) {
	var numbers memoryGolden
	g := readGolden(t, "memory", &numbers)
	h, w := numbers.Grid[0], numbers.Grid[1]
	references, shape := g.get("references")
	query, _ := g.get("query")
	width := shape[1]
	if numbers.Share != topShare || numbers.Explained != explained {
		t.Fatalf("%+v, want the shares %v and %v", numbers, topShare, explained)
	}
	near := &fittedTokens{bank: newMemoryBank(unit(references, width), width)}
	var sums moments
	for part := range slices.Chunk(references, 40*width) { // as pictures come
		sums.add(part, width)
	}
	space, err := sums.subspace(explained)
	if err != nil {
		t.Fatal(err)
	}
	if k := space.directions; k != numbers.Dimension {
		t.Errorf("a subspace of %d directions, want %d", k, numbers.Dimension)
	}
	mean, _ := g.get("subspace.mean")
	for i, v := range mean {
		if d := space.mean[i] - v; d > 1e-6 || d < -1e-6 {
			t.Errorf("mean %d is %v, want %v", i, space.mean[i], v)
		}
	}
	for name, c := range map[string]struct {
		fit     *fittedTokens
		numbers string
	}{"anomalydino": {near, "anomalydino.distances"}, "subspace": {&fittedTokens{subspace: space}, "subspace.residual"}} {
		wanted, _ := g.get(c.numbers)
		scores, _ := g.get(name + ".score")
		for i := range scores {
			seen := features{1, h, w, width, query[i*h*w*width:][:h*w*width]}
			got := c.fit.unlike(seen)
			worst, largest := 0.0, 0.0
			for at, v := range wanted[i*h*w:][:h*w] {
				worst, largest = max(worst, math.Abs(got[at]-float64(v))), max(largest, float64(v))
			}
			if t.Logf("%s: %.2g of the largest", name, worst/largest); !(worst <= 1e-5*largest) {
				t.Errorf("%s, picture %d: %v off, of %v", name, i, worst, largest)
			}
			if score := topMean(got, topShare); math.Abs(score-float64(scores[i])) > 1e-5*float64(scores[i]) {
				t.Errorf("%s, picture %d: score %v, want %v", name, i, score, scores[i])
			}
			if name != "anomalydino" {
				continue
			}
			m, err := tokenMap(got, seen, image.Pt(numbers.Picture[1], numbers.Picture[0]), 4)
			if err != nil {
				t.Fatal(err)
			}
			want, s := g.get("anomalydino.map") // every ninth pixel of every ninth row
			var some []float32
			for y := 0; y < numbers.Picture[0]; y += 9 {
				for x := 0; x < numbers.Picture[1]; x += 9 {
					some = append(some, m[y*numbers.Picture[1]+x])
				}
			}
			unitNear(t, "map", some, want[i*s[1]*s[2]:][:s[1]*s[2]])
		}
	}
}

// TestForeground finds the part whatever the sign of the component.
func TestForeground(t *testing.T) {
	var numbers memoryGolden
	g := readGolden(t, "memory", &numbers)
	h, w := numbers.Grid[0], numbers.Grid[1]
	wanted, _ := g.get("mask.of_sign_plus")
	other, _ := g.get("mask.of_sign_minus")
	if !slices.Equal(wanted, other) {
		t.Log("the signs give different masks")
	}
	component, _ := g.get("mask.first_component_up_to_sign")
	for sign, want := range map[float64][]float32{1: wanted, -1: other} {
		signed := make([]float64, len(component))
		for i, v := range component {
			signed[i] = sign * float64(v)
		}
		got, err := foreground(signed, h, w)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("sign %v: %v, want %v", sign, got, want)
		}
	}
	tokens, shape := g.get("mask.tokens")
	got, err := foregroundOf(features{1, h, w, shape[1], tokens})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, wanted) && !slices.Equal(got, other) {
		t.Errorf("of tokens %v, want %v", got, wanted)
	}
}

// tinyDINO is a narrow DINOv2 with random weights.
func tinyDINO(t *testing.T) Network {
	t.Helper()
	n, err := vision.NewDINOv2(vision.DINOv2Config{HiddenSize: 24, Layers: 2, Heads: 2, Grid: 5})
	if err == nil {
		err = nn.Randomize(n, 1, gt.Float32)
	}
	if err != nil {
		t.Fatal(err)
	}
	return Network{Backbone: n, Name: "dinov2_vits14", SHA256: network().SHA256}
}

// TestAnomalyDINO finds a spot on pictures that are not square, with either score, and turns references.
func TestAnomalyDINO(t *testing.T) {
	n := tinyDINO(t)
	n.Memory = NewMemory(1 << 20)
	for _, o := range []AnomalyDINOOptions{
		{Side: 56, Rotations: 4}, {Side: 60, Rotations: 1, Score: SubspaceToken, Layers: []string{"encoder.layer.0", "encoder.layer.1"}},
	} {
		a, err := NewAnomalyDINO(n, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Detect(t.Context(), part(90, 70, 5)); !errors.Is(err, ErrNotFitted) {
			t.Errorf("error %v before Fit", err)
		}
		if err := a.Fit(t.Context(), samples(append(normals(90, 70, 2), spotted(90, 70, 9, image.Rect(1, 1, 9, 9)))...)); err != nil {
			t.Fatal(err)
		}
		if got := a.References(); len(got) != 2 {
			t.Errorf("references %q", got)
		}
		good, err := a.Detect(t.Context(), part(90, 70, 5))
		if err != nil {
			t.Fatal(err)
		}
		bad, err := a.Detect(t.Context(), spotted(90, 70, 5, image.Rect(30, 20, 50, 40)).Picture)
		if err != nil {
			t.Fatal(err)
		}
		if bad.Map.Width != 90 || bad.Map.Height != 70 || !(bad.Score > good.Score) {
			t.Errorf("%+v: a spot scores %v, and without %v", o, bad.Score, good.Score)
		}
		again, err := a.Detect(t.Context(), part(90, 70, 5))
		if err != nil || again.Score != good.Score || !slices.Equal(again.Map.Values, good.Map.Values) {
			t.Errorf("another result of the same picture: %v", err)
		}
		file := filepath.Join(t.TempDir(), "detector")
		if err := Save(file, a); err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(t.Context(), file, func(string, string) (Network, error) { return n, nil })
		if err != nil {
			t.Fatal(err)
		}
		same, err := loaded.Detect(t.Context(), part(90, 70, 5))
		if err != nil || same.Score != good.Score || !slices.Equal(same.Map.Values, good.Map.Values) {
			t.Errorf("another result after saving: score %v, want %v, %v", same.Score, good.Score, err)
		}
	}
}

// TestAnomalyDINOForeground passes over the ground of what is judged, and not of references.
func TestAnomalyDINOForeground(t *testing.T) {
	n := tinyDINO(t)
	var made [2]*AnomalyDINO
	for i := range made {
		a, err := NewAnomalyDINO(n, AnomalyDINOOptions{Side: 56, Rotations: 1, Foreground: i == 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Fit(t.Context(), samples(anomaly.Sample{Picture: part(70, 70, 1)})); err != nil {
			t.Fatal(err)
		}
		made[i] = a
	}
	if whole, masked := made[0].fitted.Load().bank, made[1].fitted.Load().bank; masked.rows != whole.rows || whole.rows != 16 {
		t.Errorf("%d patches of a reference are learned from, and %d without its ground, want all 16 in both", whole.rows, masked.rows)
	}
	// Tokens of a norm vary by less than the threshold here, so that there is no part at all.
	found, err := made[1].Detect(t.Context(), spotted(70, 70, 5, image.Rect(30, 20, 50, 40)).Picture)
	if err != nil || found.Score != 0 || slices.Max(found.Map.Values) != 0 {
		t.Errorf("score %v where all is ground, want 0; error %v", found.Score, err)
	}
}

// TestDINOHabits reads the layers that SubspaceAD would.
func TestDINOHabits(t *testing.T) {
	for layers, want := range map[int][]string{12: {"encoder.layer.6", "encoder.layer.7", "encoder.layer.8"}, 24: {"encoder.layer.13", "encoder.layer.14", "encoder.layer.15", "encoder.layer.16"}} {
		if got := dinoHabits(layers).middle; !slices.Equal(got, want) {
			t.Errorf("of %d layers %q, want %q", layers, got, want)
		}
	}
}
