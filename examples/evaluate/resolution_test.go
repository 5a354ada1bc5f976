package main

import (
	"image"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// TestResolution brings a map and a mask with one defect, of columns 10 to 19, to each size.
func TestResolution(t *testing.T) {
	m := anomaly.Map{Values: make([]float32, 40*60), Width: 60, Height: 40}
	truth := image.NewGray(image.Rect(0, 0, 60, 40))
	for i := range m.Values {
		m.Values[i] = float32(i % 60)
		if x := i % 60; x >= 10 && x < 20 {
			truth.Pix[i] = 1
		}
	}
	for _, c := range []struct {
		to            resolution
		width, height int
		from, until   int     // columns that are defective
		first         float32 // number of the map
	}{
		{resolution{}, 60, 40, 10, 20, 0},
		{resolution{side: 20}, 30, 20, 5, 10, 0.5},
		{resolution{side: 80}, 120, 80, 20, 40, 0},
		{resolution{side: 20, square: true}, 20, 20, 4, 7, 1},
		{resolution{side: 20, crop: 10}, 10, 10, 0, 0, 20.5},
		{resolution{side: 20, crop: 20}, 20, 20, 0, 5, 10.5},
		{resolution{side: 15, whole: true}, 22, 15, 0, 0, 0},
	} {
		if c.to.whole { // wholly defective are fewer than those whose centre is
			c.from, c.until = 4, 7
			c.first = float32(60./22/2 - 0.5)
		}
		small, mask, err := c.to.apply(m, truth)
		if err != nil {
			t.Fatal(err)
		}
		if small.Width != c.width || small.Height != c.height || small.Values[0] != c.first || mask.Rect.Size() != image.Pt(c.width, c.height) {
			t.Errorf("%s: %d×%d from %v, want %d×%d from %v", c.to, small.Width, small.Height, small.Values[0], c.width, c.height, c.first)
			continue
		}
		for x := range c.width {
			if got, want := mask.GrayAt(x, c.height/2).Y > 0, x >= c.from && x < c.until; got != want {
				t.Errorf("%s: column %d is %v, want %v", c.to, x, got, want)
			}
		}
		if normal, none, err := c.to.apply(m, nil); err != nil || none != nil || normal.Width != c.width {
			t.Errorf("%s: a normal picture: %v", c.to, err)
		}
		if got, want := c.to.pixels(image.Pt(60, 40)), c.width*c.height; got != want {
			t.Errorf("%s: %d pixels, want %d", c.to, got, want)
		}
	}
	method, err := parseResolution("method")
	if err != nil || method.of("patchcore", "official") != (resolution{side: 256, crop: 224, whole: true}) || method.of("padim", "official") != (resolution{side: 256, crop: 224}) || method.of("patchcore", "anomalib") != (resolution{side: 256, square: true}) {
		t.Errorf("method: %v", err)
	}
}
