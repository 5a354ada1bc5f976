package detect

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// openCLIP opens a model of the module's testdata: "openclip", which has no tokenizer, or "models/b/clip".
func openCLIP(t *testing.T, dir string) CLIP {
	t.Helper()
	f, err := clip.Open(t.Context(), filepath.Join("../../../testdata", dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return CLIP{Model: f.Model, Tokenizer: f.Tokenizer, Colours: f.Colours, Name: f.Name, SHA256: f.SHA256}
}

// pixels are a picture [1, 3, side, side] of a golden as a network is given it.
func (g golden) pixels(name string) *gt.Dense {
	v, s := g.get(name)
	out := make([]float32, len(v))
	for i, f := range v {
		out[i%(s[2]*s[3])*3+i/(s[2]*s[3])] = f
	}
	return tensor.FromFloat32s(out, 1, s[2]*s[3], 3)
}

// TestWinCLIPGolden has what the method gives by its definition, written out with open_clip's model.
func TestWinCLIPGolden(t *testing.T) {
	file, err := tensor.Open("testdata/winclip.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	g := golden{t, file}
	sight := newWindowSight(openCLIP(t, "openclip"), []int{2, 3})
	look := func(name string) windowed {
		all, err := sight.clip.vectors(t.Context(), sight.exec, tensor.Float32s(g.pixels(name)))
		if err != nil {
			t.Fatal(err)
		}
		return newWindowed(all)
	}
	seen := look("pixels")
	for name, got := range map[string]features{"image_embeds": seen.picture, "patch_tokens": seen.tokens, "windows.2": seen.windows[0], "windows.3": seen.windows[1]} {
		want, _ := g.get(name)
		unitNear(t, name, got.values, unit(want, got.c))
	}
	references := &windowReferences{}
	for _, f := range look("references").places() {
		references.banks = append(references.banks, newMemoryBank(f.values, f.c))
	}
	text, shape := g.get("text")
	texts := &classTexts{unit(text[:shape[1]], shape[1]), unit(text[shape[1]:], shape[1])}
	for name, r := range map[string]*windowReferences{"zero_shot": nil, "shots_1": references} {
		for end, temperature := range map[string]float64{"": 0.07, ".temperature_0.01": 0.01} {
			w := &WinCLIP{sight: sight, options: WinCLIPOptions{Temperature: temperature, Scales: []int{2, 3}}}
			score, tokens := w.judge(seen, texts, r)
			want, _ := g.get(name + end + ".score")
			unitNear(t, name+end+", score", []float32{float32(score)}, want)
			m, err := images.ResizeMap(tokens, 5, 5, 1, 80, 80, images.TorchBilinear)
			if err != nil {
				t.Fatal(err)
			}
			var some []float32 // every seventh pixel of every seventh row
			for y := 0; y < 80; y += 7 {
				for x := 0; x < 80; x += 7 {
					some = append(some, m[y*80+x])
				}
			}
			want, _ = g.get(name + end + ".map")
			unitNear(t, name+end+", map", some, want)
		}
	}
	for _, k := range []int{2, 3} {
		in, s := g.get(fmt.Sprintf("harmonic.%d.in", k))
		out, _ := g.get(fmt.Sprintf("harmonic.%d.out", k))
		for i := range s[0] {
			var numbers []float64
			for _, v := range in[i*s[1]:][:s[1]] {
				numbers = append(numbers, float64(v))
			}
			var got []float32
			for _, v := range spreadWindows(numbers, 5, k) {
				got = append(got, float32(v))
			}
			unitNear(t, "harmonic means", got, out[i*25:][:25])
		}
	}
}

// unitNear fails unless numbers of about 1 agree to 1e-5.
func unitNear(t *testing.T, name string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", name, len(got), len(want))
	}
	worst := 0.0
	for i, w := range want {
		worst = max(worst, math.Abs(float64(got[i])-float64(w)))
	}
	if t.Logf("%s: %.2g off", name, worst); !(worst <= 1e-5) {
		t.Errorf("%s: %.2g off", name, worst)
	}
}

// TestWindowsDiffer would fail if every window of a picture had the same embedding, as where tokens and batch are confused.
func TestWindowsDiffer(t *testing.T) {
	c := openCLIP(t, "openclip")
	sight := newWindowSight(c, []int{2})
	seen, err := sight.look(t.Context(), part(60, 50, 1))
	if err != nil {
		t.Fatal(err)
	}
	w := seen.windows[0]
	for i := range w.w {
		for j := range i {
			if slices.Equal(w.at(0, 0, i), w.at(0, 0, j)) {
				t.Fatalf("windows %d and %d have the same embedding", i, j)
			}
		}
	}
	if got := len(windowsOf(15, 2)); got != 196 {
		t.Errorf("%d windows of 2×2 in 15×15, want 196", got)
	}
	last := windowsOf(15, 3)
	if got := last[len(last)-1]; len(last) != 169 || !slices.Equal(got, []int{192, 193, 194, 207, 208, 209, 222, 223, 224}) {
		t.Errorf("%d windows of 3×3, the last of %v", len(last), got)
	}
	// A window that looks wholly normal clears its tokens.
	if got := spreadWindows([]float64{0, 1, 1, 1}, 3, 2); got[0] != 0 || got[4] != 0 || got[8] != 1 {
		t.Errorf("harmonic means %v", got)
	}
}

// TestSentences counts what is said: anomalib lacks two templates and has one twice.
func TestSentences(t *testing.T) {
	for reading, n := range map[Reading]int{Official: 22, Anomalib: 21} {
		templates := templatesOf(reading)
		normal, defective := sentences("metal nut", normalStates, templates), sentences("metal nut", anomalousStates, templates)
		if len(normal) != 7*n || len(defective) != 4*n {
			t.Errorf("%v: %d and %d sentences, want %d and %d", reading, len(normal), len(defective), 7*n, 4*n)
		}
		if got := defective[len(defective)-1]; got != "a photo of a metal nut with damage for anomaly detection." {
			t.Errorf("%v: the last is %q", reading, got)
		}
		if first := normal[0]; first != "a cropped photo of the metal nut." {
			t.Errorf("%v: the first is %q", reading, first)
		}
	}
	official, other := templatesOf(Official), templatesOf(Anomalib)
	if slices.Contains(other, official[1]) || slices.Contains(other, official[8]) || !slices.Contains(official, official[8]) {
		t.Error("anomalib has what it lacks")
	}
	if got, err := spoken(" metal__nut "); err != nil || got != "metal nut" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestWinCLIP goes from pictures and words to scores and maps, and shows what references change.
func TestWinCLIP(t *testing.T) {
	c := openCLIP(t, "models/b/clip")
	c.Memory = NewMemory(1 << 20)
	w, err := NewWinCLIP(c, "metal_nut", WinCLIPOptions{Scales: []int{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	picture := part(50, 40, 1)
	zero, err := w.Detect(t.Context(), picture)
	if err != nil {
		t.Fatal(err)
	}
	if zero.Map.Width != 50 || zero.Map.Height != 40 || len(zero.Map.Values) != 2000 || !(zero.Score > 0 && zero.Score < 1) {
		t.Errorf("score %v, map of %d×%d", zero.Score, zero.Map.Width, zero.Map.Height)
	}
	if err := w.Fit(t.Context(), samples(normals(50, 40, 2)...)); err != nil {
		t.Fatal(err)
	}
	if got := w.References(); len(got) != 2 {
		t.Errorf("references %q", got)
	}
	few, err := w.Detect(t.Context(), picture)
	if err != nil {
		t.Fatal(err)
	}
	if few.Score == zero.Score || slices.Equal(few.Map.Values, zero.Map.Values) {
		t.Error("references change nothing")
	}
	// A reference itself is as it is: half of what it was without.
	if err := w.Fit(t.Context(), samples(anomaly.Sample{Picture: picture})); err != nil {
		t.Fatal(err)
	}
	same, err := w.Detect(t.Context(), picture)
	if err != nil {
		t.Fatal(err)
	}
	if d := same.Score - zero.Score/2; math.Abs(d) > 1e-6 {
		t.Errorf("a reference scores %v, want half of %v", same.Score, zero.Score)
	}
	if err := w.Fit(t.Context(), samples()); !errors.Is(err, ErrNoReferences) {
		t.Errorf("error %v of no references", err)
	}
}

// TestTextsAreCut gives a sentence the same embedding whether tokens behind its end are computed or not.
func TestTextsAreCut(t *testing.T) {
	c := openCLIP(t, "models/b/clip")
	short, err := c.embedTexts(t.Context(), []string{"a nut"})
	if err != nil {
		t.Fatal(err)
	}
	both, err := c.embedTexts(t.Context(), []string{"a nut", "a damaged nut"})
	if err != nil {
		t.Fatal(err)
	}
	unitNear(t, "a short sentence", both[:len(short)], short)
	_, err = c.embedTexts(t.Context(), []string{strings.Repeat("nut ", 100)})
	if !errors.Is(err, nn.ErrArgument) || !strings.Contains(err.Error(), "too long") {
		t.Errorf("error %v", err)
	}
}
