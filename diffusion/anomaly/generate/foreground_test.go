package generate

import (
	"encoding/json"
	"image"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// disc is a part of one colour on a background of another, with some noise, side×side pixels.
func disc(part, background [3]uint8, side int) *image.RGBA {
	p := noisy(side, side)
	for i := range side * side {
		colour := background
		if onDisc(i, side) {
			colour = part
		}
		for k, v := range colour {
			p.Pix[4*i+k] = v - v/8 + p.Pix[4*i+k]/16
		}
	}
	return p
}

func onDisc(i, side int) bool {
	dx, dy := i%side-side*30/64, i/side-side*34/64
	return dx*dx+dy*dy < side*side/10
}

// TestForegroundOf finds a part on a lighter and a darker background by the thresholds of categories that have such
// ones, and one that differs in blue alone by that of circuit boards.
func TestForegroundOf(t *testing.T) {
	light, dark := [3]uint8{200, 190, 180}, [3]uint8{40, 45, 50}
	for category, p := range map[string]*image.RGBA{
		"pill": disc(light, dark, 64), "hazelnut": disc(light, dark, 64), "bottle": disc(dark, light, 64), "candle": disc(light, dark, 64),
		"pcb1": disc([3]uint8{100, 100, 220}, [3]uint8{160, 100, 20}, 64),
	} {
		f, known := ForegroundOf(category)
		if !known {
			t.Fatalf("%s is not known", category)
		}
		mask, note := f.mask(p)
		if mask == nil {
			t.Errorf("%s: %s", category, note)
			continue
		}
		wrong := 0
		for i, v := range mask.Pix {
			if (v == 255) != onDisc(i, 64) {
				wrong++
			}
		}
		if wrong > 64 { // squares leave corners of a disc
			t.Errorf("%s: %d pixels of 4096 are wrong", category, wrong)
		}
	}
	for category, want := range map[string]Foreground{"wood": "realnet:wood", "teapot": Found, "": Found, "realnet:wood": Found} {
		if f, known := ForegroundOf(category); f != want || known != (category == "wood") {
			t.Errorf("%q: %s, known %v, want %s", category, f, known, want)
		}
	}
}

// TestForegroundsByName has all categories of both data sets, with names that options can be given and JSON can hold.
func TestForegroundsByName(t *testing.T) {
	mvtec := "bottle cable capsule carpet grid hazelnut leather metal_nut pill screw tile toothbrush transistor wood zipper"
	visa := "candle capsules cashew chewinggum fryum macaroni1 macaroni2 pcb1 pcb2 pcb3 pcb4 pipe_fryum"
	for _, category := range strings.Fields(mvtec + " " + visa) {
		f, known := ForegroundOf(category)
		if !known || f.check() != nil {
			t.Errorf("%s: known %v, %v", category, known, f.check())
		}
		text, err := json.Marshal(f)
		var again Foreground
		if err != nil || json.Unmarshal(text, &again) != nil || again != f {
			t.Errorf("%s as JSON: %s, %v", category, text, err)
		}
	}
	for _, f := range []Foreground{"", "realnet", "realnet:", "realnet:teapot", "FOUND"} {
		if f.check() == nil {
			t.Errorf("the foreground %q is taken", f)
		}
	}
}

// TestForegroundKeepsOff has no method change a picture where the part is not, and where no part is found, everywhere
// with a note.
func TestForegroundKeepsOff(t *testing.T) {
	g := cutPasteOf(t, CutPasteUnion, func(o *CutPasteOptions) { o.Foreground = "realnet:hazelnut" })
	p := disc([3]uint8{200, 190, 180}, [3]uint8{40, 45, 50}, 64)
	part, _ := g.options.Foreground.mask(p)
	for seed := range uint64(10) {
		r, err := g.Generate(t.Context(), anomaly.Input{Normal: p}, anomaly.NewDraws(seed))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range r.Mask.Pix {
			if v != 0 && part.Pix[i] == 0 {
				t.Fatalf("seed %d: the background changes", seed)
			}
		}
	}
	flat := image.NewRGBA(image.Rect(0, 0, 32, 32))
	r, err := g.Generate(t.Context(), anomaly.Input{Normal: flat}, anomaly.NewDraws(0))
	if err == nil {
		t.Errorf("a flat picture changes: %v", r.Provenance)
	}
	if mask, note := g.options.Foreground.mask(flat); mask != nil || note == "" {
		t.Errorf("a flat picture has a part, or no note: %q", note)
	}
}
