package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// TestRun measures a tiny random model, which is as good as chance, and wants
// the same numbers twice.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a whole model")
	}
	dir := t.TempDir()
	f := flags{
		Model: "../../../testdata/models/a", Count: 2, Seed: 9_000_000, Size: 64, Map: 4, Samples: 1, Steps: 2, Guidance: 3,
		Json: filepath.Join(dir, "gates.json"), Sheet: filepath.Join(dir, "samples.png"),
	}
	var first []byte
	for range 2 {
		if err := run(t.Context(), f); !errors.Is(err, errFailed) {
			t.Fatalf("a random model: %v, want %v", err, errFailed)
		}
		data, err := os.ReadFile(f.Json)
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && !bytes.Equal(first, data) {
			t.Error("two runs give different numbers")
		}
		first = data
	}
	var r struct {
		report
		Gates []gate
	}
	if err := json.Unmarshal(first, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Gates) != 8 || r.Reconstruction.PSNR.N != 8 || r.Naming.Seen.N != 2 || r.Seen.Word.N != 2 || r.Samples.Subject.N != 3*len(world.Subjects()) {
		t.Errorf("%d gates; counts in %s", len(r.Gates), first)
	}
	sheet, err := images.Read(t.Context(), f.Sheet)
	if err != nil {
		t.Fatal(err)
	}
	if rows := len(world.Subjects()); sheet.Bounds().Dy() < 64*rows || sheet.Bounds().Dx() < 3*64 {
		t.Errorf("the sheet is %v for %d rows of three pictures of 64×64", sheet.Bounds().Size(), rows)
	}
}

func TestMapSizeRefused(t *testing.T) {
	f := flags{Model: "../../../testdata/models/a", Count: 1, Size: 64, Map: 7}
	if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), "--map 7") {
		t.Errorf("maps of 7×7: %v", err)
	}
}

// TestContrast weakens what a defect changes to a half.
func TestContrast(t *testing.T) {
	picture := func(v byte) *gt.Dense { return images.ForModel(images.FromBytes(bytes.Repeat([]byte{v}, 12), 2, 2)) }
	good, bad, weak := picture(100), picture(200), picture(150)
	mask := []float32{1, 1, 0, 0}
	if c := contrast([2]*gt.Dense{good, bad}, [2]*gt.Dense{good, weak}, mask); math.Abs(c-0.5) > 1e-6 {
		t.Errorf("contrast kept is %v, want 0.5", c)
	}
}

// TestChromaError wants brightness not to count as colour, and red to.
func TestChromaError(t *testing.T) {
	picture := func(r, g, b byte) *gt.Dense { return images.ForModel(images.FromBytes([]byte{r, g, b}, 1, 1)) }
	if e := chromaError(picture(10, 20, 30), picture(60, 70, 80)); e > 1e-4 {
		t.Errorf("brighter: %v, want 0", e)
	}
	cb, cr := -0.299*100/1.772, (1-0.299)*100/1.402
	if e, want := chromaError(picture(100, 0, 0), picture(0, 0, 0)), math.Sqrt((cb*cb+cr*cr)/2); math.Abs(e-want) > 1e-3 {
		t.Errorf("red: %v, want %v", e, want)
	}
}

func TestWishes(t *testing.T) {
	for i, s := range world.Subjects() {
		w := wishes(s.Name, i)
		if len(w) != 3 || w[0].defect != "" || world.Unseen(s.Name, w[1].defect) || !world.Unseen(s.Name, w[2].defect) {
			t.Errorf("%s: %v", s.Name, w)
		}
	}
}

// TestGates moves one number below its gate at a time.
func TestGates(t *testing.T) {
	good := func() *report {
		a := func() *attention {
			return &attention{Word: mean{0.95, 1}, End: mean{0.6, 1}, Other: mean{0.7, 1}, Normal: mean{0.5, 1}}
		}
		return &report{
			Reconstruction: &reconstruction{PSNR: mean{28, 1}}, Naming: &naming{Subject: mean{1, 1}, Seen: mean{0.8, 1}, Unseen: mean{0.7, 1}},
			Seen: a(), Unseen: a(),
		}
	}
	if r := good(); !r.passed() {
		t.Errorf("a good model fails: %+v", r.gates())
	}
	for name, change := range map[string]func(r *report){
		"reconstruction": func(r *report) { r.Reconstruction.PSNR.Mean = 26 },
		"subject":        func(r *report) { r.Naming.Subject.Mean = 0.9 },
		"seen":           func(r *report) { r.Naming.Seen.Mean = 0.7 },
		"unseen":         func(r *report) { r.Naming.Unseen.Mean = 0.5 },
		"attention":      func(r *report) { r.Unseen.Word.Mean = 0.8 },
		"end":            func(r *report) { r.Seen.End.Mean = 0.96 },
		"other":          func(r *report) { r.Unseen.Other.Mean = 0.96 },
		"normal":         func(r *report) { r.Seen.Normal.Mean = 0.96 },
	} {
		r := good()
		if change(r); r.passed() {
			t.Errorf("%s: passed", name)
		}
	}
}

func TestValidate(t *testing.T) {
	good := flags{Count: 240, Seed: 9_000_000, Samples: 2}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for part, change := range map[string]func(*flags){
		"--count is 0, want 1 to":         func(f *flags) { f.Count = 0 },
		"--samples is -1, want 0 to":      func(f *flags) { f.Samples = -1 },
		"--size is 100000, want 0 to":     func(f *flags) { f.Size = 100_000 },
		"--steps is 1001, want 0 to 1000": func(f *flags) { f.Steps = 1001 },
		"--guidance is NaN, want 0 to":    func(f *flags) { f.Guidance = float32(math.NaN()) },
		"--seed is 18446744073709551615":  func(f *flags) { f.Seed = math.MaxUint64 },
	} {
		f := good
		change(&f)
		if err := f.Validate(); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want an error with %q", err, part)
		}
	}
}
