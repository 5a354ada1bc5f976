package main

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// writeScene draws a shaded ellipse on a light ground with some texture, in the
// middle or around a point, in shares of the sides.
func writeScene(t *testing.T, w, h int, atX, atY, radius float64) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := 215 + 10*math.Sin(float64(x*x+y)/50)
			d := math.Hypot(float64(x)-atX*float64(w), float64(y)-atY*float64(h)) / (radius * float64(h))
			if d < 1 {
				v = 140 - 70*d + 8*math.Sin(float64(x*y)/90)
			}
			m.SetRGBA(x, y, color.RGBA{uint8(v), uint8(v * 0.85), uint8(v * 0.7), 255})
		}
	}
	return save(t, "part.png", m)
}

// differences counts the pixels that two pictures do not share, where the mask
// is 0 and where it is 1.
func differences(a, b *image.RGBA, mask []float32) (outside, within int) {
	for i, m := range mask {
		x, y := i%a.Rect.Dx(), i/a.Rect.Dx()
		if a.RGBAAt(x, y) != b.RGBAAt(x, y) {
			if m == 0 {
				outside++
			} else {
				within++
			}
		}
	}
	return outside, within
}

// TestPaste compares a result with what the model was given: outside the mask
// every pixel is the same with --paste, and only then.
func TestPaste(t *testing.T) {
	f := small(t)
	f.Image, f.Mask = writeScene(t, 150, 100, 0.5, 0.5, 0.4), writeMask(t, 150, 100, 0.15, 0.05, 0.5, 0.8)
	fit, err := images.FitTo(image.Pt(150, 100), f.Size, 64)
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string, with func(*image.RGBA) (*image.RGBA, error)) *image.RGBA {
		m, err := images.Read(t.Context(), path)
		if err == nil {
			m, err = with(m)
		}
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	input, mask := read(f.Image, fit.Picture), images.Binary(read(f.Mask, fit.Nearest))
	for _, paste := range []bool{false, true} {
		f.Paste, f.Out = paste, filepath.Join(t.TempDir(), "out")
		runAll(t, f)
		outside, within := differences(readPicture(t, f, "hazelnut-crack-0000.png"), input, mask)
		if within == 0 || (outside == 0) != paste {
			t.Errorf("paste %v: %d pixels differ outside the mask, %d within", paste, outside, within)
		}
	}
}

// TestTile works in a window and leaves the rest of the file as it is.
func TestTile(t *testing.T) {
	for name, c := range map[string]struct {
		w, h   int
		radius float64
		fit    string
	}{
		"pixel for pixel": {500, 300, 0.13, "128×128 at 286,56 of 500×300, pixel for pixel"},
		"seen smaller":    {500, 300, 0.3, "223×223 at 239,9 of 500×300, seen at 128×128 because the mask is larger than that"},
	} {
		f := small(t)
		f.Size, f.Image, f.Mask, f.Tile = 128, writeScene(t, c.w, c.h, 0.7, 0.4, c.radius), autoMask, true
		names := runAll(t, f)
		photograph, err := images.Read(t.Context(), f.Image)
		if err != nil {
			t.Fatal(err)
		}
		object := images.Binary(readPicture(t, f, "part-foreground.png"))
		if outside, within := differences(readPicture(t, f, "hazelnut-crack-0000.png"), photograph, object); outside != 0 || within == 0 {
			t.Errorf("%s: %d pixels differ outside the mask, %d within", name, outside, within)
		}
		for _, file := range names {
			if filepath.Ext(file) == ".png" && readPicture(t, f, file).Bounds() != photograph.Bounds() {
				t.Errorf("%s: %s has not the photograph's size", name, file)
			}
		}
		white := 0
		for i, m := range images.Binary(readPicture(t, f, "hazelnut-crack-0000-mask.png")) {
			if m == 1 && object[i] == 0 {
				t.Fatalf("%s: the defect's mask reaches beyond the mask of the object", name)
			}
			white += int(m)
		}
		r := readRecord(t, f, "hazelnut-crack-0000.json")
		if white == 0 || r.MaskShare != float64(white)/float64(c.w*c.h) || r.Size != [2]int{c.w, c.h} {
			t.Errorf("%s: %d white pixels, the record says %g of %v", name, white, r.MaskShare, r.Size)
		}
		if r.Fit != c.fit {
			t.Errorf("%s: the window is %s, want %s", name, r.Fit, c.fit)
		}
	}
}

// TestTileOfLargePhotograph needs memory for the window's activations and a few
// copies of the photograph, not for the photograph's activations.
func TestTileOfLargePhotograph(t *testing.T) {
	if testing.Short() {
		t.Skip("reads and writes large pictures")
	}
	const w, h = 3000, 2000
	f := small(t)
	f.Image, f.Tile = writeScene(t, w, h, 0.2, 0.6, 0.06), true
	f.Mask = save(t, "spot.png", spot(w, h, image.Rect(590, 1190, 640, 1240)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	runAll(t, f)
	runtime.ReadMemStats(&after)
	if perPixel := float64(after.TotalAlloc-before.TotalAlloc) / (w * h); perPixel > 100 { // one activation of 64 channels takes 256
		t.Errorf("%.0f bytes were allocated for each of the photograph's pixels", perPixel)
	}
	photograph, err := images.Read(t.Context(), f.Image)
	if err != nil {
		t.Fatal(err)
	}
	got := readPicture(t, f, "hazelnut-crack-0000.png")
	changed := image.Rectangle{}
	for i := range w * h {
		if x, y := i%w, i/w; !bytes.Equal(got.Pix[4*i:4*i+4], photograph.Pix[4*i:4*i+4]) {
			changed = changed.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	if changed.Empty() || !changed.In(image.Rect(590, 1190, 640, 1240)) {
		t.Errorf("changed: %v", changed)
	}
}

// spot is black but for a white rectangle.
func spot(w, h int, white image.Rectangle) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for y := white.Min.Y; y < white.Max.Y; y++ {
		for x := white.Min.X; x < white.Max.X; x++ {
			m.SetGray(x, y, color.Gray{Y: 255})
		}
	}
	return m
}

// TestMaskAuto says where the mask can be looked at, and the mask can be given
// back as a file.
func TestMaskAuto(t *testing.T) {
	f := small(t)
	f.Image = writeScene(t, 150, 100, 0.4, 0.4, 0.35)
	var stderr strings.Builder
	cmd := clitest.Program(t, "--model", modelA, "--image", f.Image, "--mask", "auto", "--object", "hazelnut", "--anomaly", "crack",
		"--size", "64", "--steps", "4", "--precision", "f32", "--no-keep-part", "--out", f.Out)
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	shown := filepath.Join(f.Out, "part-foreground.png")
	if !strings.Contains(stderr.String(), shown) {
		t.Errorf("stderr does not mention %s:\n%s", shown, &stderr)
	}
	again := f
	again.Mask, again.Out = shown, filepath.Join(t.TempDir(), "again")
	if names := runAll(t, again); slices.Contains(names, "part-foreground.png") {
		t.Error("a mask that was given is written as if it was found")
	}
	for _, name := range []string{"hazelnut-crack-0000.png", "hazelnut-crack-0000-mask.png"} {
		if !bytes.Equal(readPicture(t, f, name).Pix, readPicture(t, again, name).Pix) {
			t.Errorf("%s differs with the mask as a file", name)
		}
	}
}

func TestCanvasMistakes(t *testing.T) {
	plain := save(t, "plain.png", image.NewGray(image.Rect(0, 0, 100, 100)))
	for name, c := range map[string]struct {
		change func(f *Spec)
		says   []string
	}{
		"paste":      {func(f *Spec) { f.Paste = true }, []string{"--keep-outside-mask needs --mask"}},
		"tile":       {func(f *Spec) { f.Tile = true }, []string{"--tile needs --mask"}},
		"no object":  {func(f *Spec) { f.Image, f.Mask = plain, autoMask }, []string{"plain.png", "no contrast", "--mask FILE", "leave --mask away"}},
		"empty tile": {func(f *Spec) { f.Tile, f.Mask = true, writeMask(t, 150, 100, 0, 0, 0, 0) }, []string{"--tile", "the mask is empty"}},
		"small tile": {func(f *Spec) { f.Tile, f.Size, f.Mask = true, 63, writeMask(t, 150, 100, 0, 0, 1, 1) }, []string{"64×64"}},
		"auto alone": {func(f *Spec) { f.Image, f.Mask = "", autoMask }, []string{"--mask needs --image"}},
	} {
		f := small(t)
		c.change(&f)
		err := f.Validate()
		if err == nil {
			err = run(t.Context(), f)
		}
		for _, part := range c.says {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %v, want one that mentions %q", name, err, part)
			}
		}
		if names := clitest.Written(t, f.Out); len(names) > 0 {
			t.Errorf("%s: left %v", name, names)
		}
	}
}
