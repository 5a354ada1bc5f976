package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/demo/judge"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// drawn is the Spec of a small measurement on drawings.
func drawn(t *testing.T) Spec {
	f := small(t)
	f.Image, f.Object, f.Anomaly = "", "", nil
	return f
}

func readJSONFile(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// TestMeasure measures in two goes, and wants what one go with other workers
// gives.
func TestMeasure(t *testing.T) {
	if testing.Short() {
		t.Skip("whole runs")
	}
	f := drawn(t)
	a := Ablation{Runs: 2, PerPicture: 2, Workers: 1, Only: []string{"full", "no-attention"}}
	if err := a.run(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(f.Out, "full", "hazelnut-crack-0.png")
	before, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	a.Runs = 3
	if err := a.run(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(first); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("what was measured before was measured again: %v", err)
	}
	other := f
	other.Out = filepath.Join(t.TempDir(), "other")
	a.Workers = 2
	if err := a.run(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	var inTwo, inOne findings
	readJSONFile(t, filepath.Join(f.Out, "ablation.json"), &inTwo)
	readJSONFile(t, filepath.Join(other.Out, "ablation.json"), &inOne)
	if diff := cmp.Diff(inOne.Done, inTwo.Done); diff != "" {
		t.Errorf("one go -, two goes +:\n%s", diff)
	}
	if len(inTwo.Done) != 4 {
		t.Errorf("%d pieces of work, want 2 drawings in 2 variants", len(inTwo.Done))
	}
	var table struct {
		Variants   []summary
		References references
	}
	readJSONFile(t, filepath.Join(f.Out, "table.json"), &table)
	pictures := 0
	for _, f := range faultless(slices.Collect(maps.Values(inTwo.Done))) {
		if f.Variant == "full" {
			pictures += len(f.Runs)
		}
	}
	if len(table.Variants) != 2 || table.Variants[0].Pictures != pictures || table.References.Drawings != 2 {
		t.Errorf("the table is %+v, want %d pictures of 2 drawings", table, pictures)
	}
	full, without := inTwo.Done["full hazelnut/crack 0+2"], inTwo.Done["no-attention hazelnut/crack 0+2"]
	if full == nil || without == nil || len(full.Runs) != 2 || full.Spread == nil {
		t.Fatalf("the findings are %+v", inTwo.Done)
	}
	if cmp.Equal(full.Runs, without.Runs) {
		t.Error("the variants have the same pictures")
	}
	readPicture(t, f, "ablation.png")

	f.Lambda = 1
	if err := a.run(t.Context(), f); err == nil || !strings.Contains(err.Error(), "--lambda") {
		t.Errorf("other options: %v, want that they are refused", err)
	}
}

// TestMeasureInterrupted wants the context's error, and no table.
func TestMeasureInterrupted(t *testing.T) {
	f := drawn(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := Ablation{Runs: 1, PerPicture: 1, Workers: 1}
	if err := a.run(ctx, f); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
	if names := clitest.Written(t, f.Out); slices.Contains(names, "table.md") {
		t.Errorf("there is %v", names)
	}
}

func TestAblationRefused(t *testing.T) {
	for name, c := range map[string]struct {
		of   Ablation
		says string
	}{
		"no runs":     {Ablation{Runs: 0, PerPicture: 1}, "--runs is 0"},
		"no pictures": {Ablation{Runs: 1, PerPicture: 0}, "--per-picture is 0"},
		"workers":     {Ablation{Runs: 1, PerPicture: 1, Workers: -1}, "--workers is -1"},
		"variant":     {Ablation{Runs: 1, PerPicture: 1, Only: []string{"half"}}, "--only half: the variants are full, no-condition"},
	} {
		if err := c.of.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	a := Ablation{Runs: 1, PerPicture: 1, Pairs: "some"}
	if err := a.run(t.Context(), drawn(t)); err == nil || !strings.Contains(err.Error(), "--pairs") {
		t.Errorf("unknown pairs: %v", err)
	}
	a.Pairs = "seen"
	if err := a.run(t.Context(), small(t)); err == nil || !strings.Contains(err.Error(), "--image") {
		t.Errorf("pairs and a picture: %v", err)
	}
}

// TestPlan spreads pictures over drawings, all variants of one before the next.
func TestPlan(t *testing.T) {
	a := Ablation{Runs: 7, PerPicture: 3, Pairs: "seen"}
	all, err := a.plan(Spec{Seed: 100})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 3*len(ablations) {
		t.Fatalf("%d pieces of work", len(all))
	}
	keys := map[string]bool{}
	for i, w := range all {
		drawing := i / len(ablations)
		if want := []int{3, 3, 1}[drawing]; w.runs != want || w.first != uint64(100+3*drawing) || w.trial.Unseen() {
			t.Errorf("piece %d: %d pictures from seed %d of %v", i, w.runs, w.first, w.key())
		}
		if w.variant.name != ablations[i%len(ablations)].name {
			t.Errorf("piece %d is %s", i, w.variant.name)
		}
		keys[w.key()] = true
	}
	if len(keys) != len(all) {
		t.Errorf("%d keys for %d pieces of work", len(keys), len(all))
	}
}

// TestCompare measures a picture of which everything is known: 32×32, changed
// by 0.2 everywhere outside, its mask a square, the judge's half of it.
func TestCompare(t *testing.T) {
	const n = 32
	grey := func(v byte) *gt.Dense {
		rgb := make([]byte, 3*n*n)
		for i := range rgb {
			rgb[i] = v
		}
		return images.ForModel(images.FromBytes(rgb, n, n))
	}
	r := &anomalyany.Result{SoftMap: make([]float32, n*n), Mask: make([]float32, n*n)}
	v := judge.Verdict{Defect: "crack", Mask: make([]float32, n*n)}
	for y := range 4 {
		for x := range 4 {
			r.Mask[y*n+x], r.SoftMap[y*n+x] = 1, 1
			if x < 2 {
				v.Mask[y*n+x] = 1
			}
		}
	}
	f := compare(grey(100), grey(130), grey(110), r, v)
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"outside, after the autoencoder", *f.Outside, 20 * math.Log10(255.0/10)},
		{"outside", *f.OutsideDrawn, 20 * math.Log10(255.0/30)},
		{"share outside", f.OutsideShare, 1 - 12.0*12/(n*n)},
		{"IoU", *f.IoU, 0.5},
		{"AUROC", *f.AUROC, 1 - 0.5*8/(n*n-8)}, // eight of the others score as much as the defect
		{"area", f.Area, 16.0 / (n * n)},
	} {
		if math.Abs(c.got-c.want) > 1e-4 {
			t.Errorf("%s is %v, want %v", c.what, c.got, c.want)
		}
	}
	v.Defect = ""
	if f := compare(grey(100), grey(130), grey(110), r, v); f.IoU != nil || f.AUROC != nil {
		t.Errorf("without a defect there is an IoU: %+v", f)
	}
}

// TestSummarise counts two pictures.
func TestSummarise(t *testing.T) {
	v := func(x float64) *float64 { return &x }
	found := []*finding{
		{Defect: "crack", Drawing: 1, Runs: []runFound{{Judge: "crack", Outside: v(30), IoU: v(0.5)}}, Reference: reference{PSNR: 28, Normal: "", Drawn: "crack"}},
		{Defect: "hole", Drawing: 2, Runs: []runFound{{Judge: "dent", Outside: v(20)}}, Spread: v(0.3), Reference: reference{PSNR: 26, Normal: "dent", Drawn: "hole"}},
	}
	s := summarise("full", found)
	want := summary{Variant: "full", Pictures: 2, Named: v(0.5), Found: v(1), Outside: v(25), IoU: v(0.5), Area: v(0), Spread: v(0.3)}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff(references{2, v(1), v(0.5), v(27), nil}, refer(append(found, found...))); diff != "" {
		t.Errorf("references: want -, got +:\n%s", diff)
	}
	if clean := faultless(found); len(clean) != 1 || clean[0] != found[0] {
		t.Errorf("%d drawings without fault, want the first alone", len(clean))
	}
	if table := ablationTable([]summary{s}, refer(found)); !strings.Contains(table, "| 50 % ") || !strings.Contains(table, "| -") {
		t.Errorf("the table is\n%s", table)
	}
}
