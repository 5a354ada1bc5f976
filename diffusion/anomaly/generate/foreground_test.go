package generate

import (
	"encoding/json"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// disc is a part of one colour on a background of another, with some noise, 64×64 pixels.
func disc(part, background color.RGBA) *image.RGBA {
	p := noisy(64, 64)
	for i := range 64 * 64 {
		c := background
		if onDisc(i) {
			c = part
		}
		for k, v := range []uint8{c.R, c.G, c.B} {
			p.Pix[4*i+k] = v - v/8 + p.Pix[4*i+k]/16
		}
	}
	return p
}

func onDisc(i int) bool {
	dx, dy := i%64-30, i/64-34
	return dx*dx+dy*dy < 20*20
}

// TestForegroundOf finds a part on a lighter and a darker background by the thresholds of categories that have such
// ones, and one that differs in blue alone by that of circuit boards.
func TestForegroundOf(t *testing.T) {
	light, dark := color.RGBA{200, 190, 180, 255}, color.RGBA{40, 45, 50, 255}
	for category, p := range map[string]*image.RGBA{
		"pill": disc(light, dark), "hazelnut": disc(light, dark), "bottle": disc(dark, light), "candle": disc(light, dark),
		"pcb1": disc(color.RGBA{100, 100, 220, 255}, color.RGBA{160, 100, 20, 255}),
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
			if (v == 255) != onDisc(i) {
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
	p := disc(color.RGBA{200, 190, 180, 255}, color.RGBA{40, 45, 50, 255})
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
