package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

func wishOf(t *testing.T, text string) (s wish) {
	t.Helper()
	if err := s.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return s
}

func pointOf(t *testing.T, text string) (p point) {
	t.Helper()
	if err := p.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return p
}

// placeOfRecord is the mask that a picture's record has.
func placeOfRecord(t *testing.T, r record) image.Image {
	t.Helper()
	if r.Place == nil {
		t.Fatal("the record has no place")
	}
	m, err := png.Decode(bytes.NewReader(r.Place.Mask))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func isWhite(m image.Image, x, y int) bool {
	r, _, _, _ := m.At(x, y).RGBA()
	return r > 1<<15
}

// TestWishes reads what flags say.
func TestWishes(t *testing.T) {
	none := anomaly.Range{}
	for text, want := range map[string]anomaly.Range{
		"40": {Lo: 40, Hi: 40}, "20..60": {Lo: 20, Hi: 60}, "10%..30%": {Lo: 20, Hi: 60}, "10..30%": {Lo: 20, Hi: 60}, "10%..30": none,
		"40±10": {Lo: 40, Hi: 40, Deviation: 10}, "20%±5%": {Lo: 40, Hi: 40, Deviation: 10}, "15%": {Lo: 30, Hi: 30},
		"-45..45": {Lo: -45, Hi: 45}, "1e1": {Lo: 10, Hi: 10},
		"": none, "..": none, "3..": none, "60..20": none, "NaN": none, "Inf..3": none, "3±": none, "3 px": none, strings.Repeat("1", 200): none,
	} {
		var s wish
		err := s.UnmarshalText([]byte(text))
		if got := s.of(200); got != want || (err == nil) != (want != none) {
			t.Errorf("%q is %v, want %v: %v", text, got, want, err)
		}
	}
	for text, want := range map[string]image.Point{"12,7": {X: 12, Y: 7}, "50%,25%": {X: 100, Y: 25}, "100%,100%": {X: 199, Y: 99}, "3,50%": {X: 3, Y: 50}} {
		if got, err := pointOf(t, text).of(image.Pt(200, 100)); got != want || err != nil {
			t.Errorf("%q is %v, want %v: %v", text, got, want, err)
		}
	}
	for _, text := range []string{"", "3", "3,", "-1,2", "a,b", "NaN,3", "1e99,1"} {
		if err := new(point).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is a point", text)
		}
	}
}

// TestShapesOfPictures: each seed has a mask of its own, inside --mask, which the
// record has; the defect lies in it, and the same command makes the same files.
func TestShapesOfPictures(t *testing.T) {
	f := small(t)
	f.Mask, f.N, f.Shape, f.ShapeSize = writeMask(t, 150, 100, 0.2, 0.1, 0.8, 0.9), 3, "dot", wishOf(t, "40%..60%")
	names := runAll(t, f)
	fit, err := images.FitTo(image.Pt(150, 100), f.Size, 64)
	if err != nil {
		t.Fatal(err)
	}
	var last []byte
	for seed := range 3 {
		name := fmt.Sprintf("hazelnut-crack-%04d", seed)
		r := readRecord(t, f, name+".json")
		place := placeOfRecord(t, r)
		if b := r.Place.Box; b[0] < 30 || b[1] < 10 || b[2] > 120 || b[3] > 90 || max(b[2]-b[0], b[3]-b[1]) < 28 || r.Place.Pixels < 300 {
			t.Errorf("seed %d: the box is %v, of %d pixels", seed, b, r.Place.Pixels)
		}
		if bytes.Equal(last, r.Place.Mask) {
			t.Errorf("seed %d has the mask of the one before", seed)
		}
		last = r.Place.Mask
		for i, m := range images.Binary(readPicture(t, f, name+"-mask.png")) {
			x, y := i%fit.Size().X+fit.Crop.Min.X, i/fit.Size().X+fit.Crop.Min.Y
			if m == 1 && r.Place.Widened == 0 && !isWhite(place, (2*x+1)*150/(2*fit.Scaled.X), (2*y+1)*100/(2*fit.Scaled.Y)) {
				t.Fatalf("seed %d: pixel %d, %d of the defect lies outside its place", seed, x, y)
			}
		}
		if r.Options.Shape != "dot" || r.Options.ShapeSize != "40%..60%" {
			t.Errorf("the record's options are %+v", r.Options.Places)
		}
	}
	other := f
	other.Out = filepath.Join(t.TempDir(), "again")
	if again := runAll(t, other); !slices.Equal(again, names) {
		t.Errorf("%v, and again %v", names, again)
	}
	for _, name := range names {
		if filepath.Ext(name) == ".png" && !slices.Equal(readPicture(t, f, name).Pix, readPicture(t, other, name).Pix) {
			t.Errorf("%s is another picture the second time", name)
		}
	}
}

// TestShapeAgain: --from makes a picture with its mask again.
func TestShapeAgain(t *testing.T) {
	f := small(t)
	f.Shape, f.Seed, f.ShapeAngle, f.ShapeSize, f.Precision = "ellipse", 7, wishOf(t, "0"), wishOf(t, "60"), "f32"
	runAll(t, f)
	again, err := parse(t, "--from", filepath.Join(f.Out, "hazelnut-crack-0007.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	first, second := readRecord(t, f, "hazelnut-crack-0007.json"), readRecord(t, again, "hazelnut-crack-0007.json")
	if !bytes.Equal(first.Place.Mask, second.Place.Mask) || first.Hashes["picture"] != second.Hashes["picture"] {
		t.Errorf("another picture: %v, %v", first.Hashes, second.Hashes)
	}
	if b := first.Place.Box; b[2]-b[0] < 57 || b[2]-b[0] > 61 || b[3]-b[1] > b[2]-b[0] {
		t.Errorf("the ellipse lies at %v, want 60 pixels long and horizontal", b)
	}
}

// TestFolderOfMasks: masks are taken in turn, and a picture's options have its own,
// with which it is made again, be it thin or seen in a window.
func TestFolderOfMasks(t *testing.T) {
	dir := t.TempDir()
	for name, box := range map[string][4]float64{"b.png": {0.5, 0.2, 0.8, 0.9}, "a.png": {0.3, 0.2, 0.6, 0.9}, "c.png": {0.4, 0.4, 0.45, 0.44}} {
		data, err := os.ReadFile(writeMask(t, 150, 100, box[0], box[1], box[2], box[3]))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, tile := range []bool{false, true} {
		f := small(t)
		f.Mask, f.N, f.Precision, f.Tile = dir, 4, "f32", tile
		runAll(t, f)
		for seed, want := range []string{"a.png", "b.png", "c.png", "a.png"} {
			name := fmt.Sprintf("hazelnut-crack-%04d", seed)
			r := readRecord(t, f, name+".json")
			if r.Options.Mask != filepath.Join(dir, want) || r.Place.Box[0] != map[string]int{"a.png": 45, "b.png": 75, "c.png": 60}[want] {
				t.Errorf("seed %d has the mask %s, at %v", seed, r.Options.Mask, r.Place.Box)
			}
			if seed == 0 {
				continue
			}
			again, err := parse(t, "--from", filepath.Join(f.Out, name+".png"), "--out", filepath.Join(t.TempDir(), "again"))
			if err != nil {
				t.Fatal(err)
			}
			if err := run(t.Context(), again); err != nil {
				t.Fatal(err)
			}
			if second := readRecord(t, again, name+".json"); !maps.Equal(r.Hashes, second.Hashes) || r.Fit != second.Fit {
				t.Errorf("tile %v: %s is another picture the second time: %s, %s", tile, want, r.Fit, second.Fit)
			}
		}
	}
}

// TestThinMasks: a mask that leaves nothing at the size of the attention maps is
// magnified where the photograph has the pixels, and else widened; the record says so.
func TestThinMasks(t *testing.T) {
	large := func(f *Spec, x0, y0, x1, y1 float64) {
		f.Image, f.Mask = writeScene(t, 900, 600, 0.5, 0.5, 0.4), writeMask(t, 900, 600, x0, y0, x1, y1)
	}
	for name, c := range map[string]struct {
		change func(f *Spec)
		note   string
	}{
		"widened":   {func(f *Spec) { f.Mask = writeMask(t, 150, 100, 0.4, 0.5, 0.6, 0.53) }, "widened by"},
		"magnified": {func(f *Spec) { large(f, 0.44, 0.5, 0.5, 0.57) }, "2×2: it was magnified by a window"},
		"both":      {func(f *Spec) { large(f, 0.45, 0.5, 0.5, 0.505) }, "even magnified"},
		"shape":     {func(f *Spec) { f.Shape, f.ShapeSize = "line", wishOf(t, "10") }, "widened by"},
		"window": {func(f *Spec) {
			large(f, 0, 0, 1, 1)
			f.Mask, f.Shape, f.ShapeSize, f.Tile = "", "dot", wishOf(t, "5"), true
		}, "widened by"},
	} {
		f := small(t)
		c.change(&f)
		runAll(t, f)
		r := readRecord(t, f, "hazelnut-crack-0000.json")
		if !strings.Contains(strings.Join(r.Notes, ";"), c.note) {
			t.Errorf("%s: the notes are %q, want one with %q", name, r.Notes, c.note)
		}
		size := readPicture(t, f, "hazelnut-crack-0000.png").Rect.Size()
		if got := image.Pt(r.Size[0], r.Size[1]); got != size || f.Tile != (size == image.Pt(900, 600)) {
			t.Errorf("%s: the picture is %v, the record says %v", name, size, got)
		}
	}
}

// TestShapeFlags refuses what makes no sense, and keeps records of pictures without
// shapes as they were.
func TestShapeFlags(t *testing.T) {
	for want, change := range map[string]func(f *Spec){
		"--shape-size needs --shape": func(f *Spec) { f.ShapeSize = wishOf(t, "30") },
		`--shape is "star"`:          func(f *Spec) { f.Shape = "star" },
		"want degrees":               func(f *Spec) { f.Shape, f.ShapeAngle = "dot", wishOf(t, "30%") },
		"size from 0.2 to 0.2":       func(f *Spec) { f.Shape, f.ShapeSize = "dot", wishOf(t, "0.2") },
		"a shape at 400,3":           func(f *Spec) { f.Shape, f.ShapeAt = "dot", pointOf(t, "400,3") },
		"that pixel is not inside": func(f *Spec) {
			f.Shape, f.ShapeAt, f.Mask = "dot", pointOf(t, "3,3"), writeMask(t, 150, 100, 0.5, 0.5, 1, 1)
		},
		"the place is empty":              func(f *Spec) { f.Shape, f.Mask = "dot", writeMask(t, 150, 100, 0, 0, 0, 0) },
		"--shape needs --image":           func(f *Spec) { f.Shape, f.Drawn, f.Image = "dot", true, "" },
		"there is no picture in the fold": func(f *Spec) { f.Mask = t.TempDir() },
	} {
		f := small(t)
		change(&f)
		err := f.Validate()
		if err == nil {
			err = run(t.Context(), f)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
	f := small(t)
	data, err := json.Marshal(&f)
	if err != nil || strings.Contains(string(data), "shape") {
		t.Errorf("options without shapes are %s: %v", data, err)
	}
}
