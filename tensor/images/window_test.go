package images

import (
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"
)

func maskOf(w, h int, box image.Rectangle) *image.RGBA {
	p := plain(w, h, color.RGBA{0, 0, 0, 255})
	draw.Draw(p, box, image.White, image.Point{}, draw.Src)
	return p
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		w, h int
		box  image.Rectangle
		size int
		want string
	}{
		// small, in the middle and at a corner
		{1500, 1000, image.Rect(700, 500, 750, 540), 512, "512×512 at 469,264 of 1500×1000, pixel for pixel"},
		{1500, 1000, image.Rect(1490, 0, 1500, 10), 512, "512×512 at 988,0 of 1500×1000, pixel for pixel"},
		{1500, 1000, image.Rect(700, 500, 750, 540), 600, "576×576 at 437,232 of 1500×1000, pixel for pixel"},
		// wide and high: longer windows
		{1500, 1000, image.Rect(300, 500, 900, 600), 512, "768×512 at 216,294 of 1500×1000, pixel for pixel"},
		{1000, 1500, image.Rect(500, 300, 600, 900), 512, "512×768 at 294,216 of 1000×1500, pixel for pixel"},
		// larger than any window
		{1500, 1000, image.Rect(200, 100, 1200, 900), 512, "1250×1000 at 75,0 of 1500×1000, seen at 640×512 because the mask is larger than that"},
		{1500, 1000, image.Rect(0, 0, 1500, 1000), 512, "1500×1000 at 0,0 of 1500×1000, seen at 768×512 because the mask is larger than that"},
		// nearly square: a longer window would gain next to nothing
		{3000, 2500, image.Rect(1000, 600, 2400, 1990), 512, "1750×1750 at 825,420 of 3000×2500, seen at 512×512 because the mask is larger than that"},
		// not all of it fits in any
		{1300, 1000, image.Rect(0, 0, 1300, 1000), 512, "1250×1000 at 25,0 of 1300×1000, seen at 640×512 because the mask is larger than that; the mask reaches further and is cut off"},
		// nothing to gain
		{200, 100, image.Rect(50, 20, 60, 30), 512, "100×100 at 5,0 of 200×100, seen at 512×512 because the photograph is smaller than that"},
	} {
		got, err := Choose(maskOf(c.w, c.h, c.box), c.size, 64)
		if err != nil {
			t.Errorf("%v: %v", c.box, err)
			continue
		}
		if got.String() != c.want {
			t.Errorf("%v of %d×%d: %s, want %s", c.box, c.w, c.h, got, c.want)
		}
		if !got.Part.In(image.Rect(0, 0, c.w, c.h)) || got.Size.X%64 != 0 || got.Size.Y%64 != 0 {
			t.Errorf("%v: the window is %+v", c.box, got)
		}
		if !got.Cut && !c.box.In(got.Part) {
			t.Errorf("%v is not in %v", c.box, got.Part)
		}
	}
}

// TestChooseAt: with one size of the model's picture a larger box is seen smaller, or cut.
func TestChooseAt(t *testing.T) {
	for _, c := range []struct {
		box  image.Rectangle
		want string
	}{
		{image.Rect(700, 500, 750, 540), "512×512 at 469,264 of 1500×1000, pixel for pixel"},
		{image.Rect(300, 500, 900, 600), "750×750 at 225,175 of 1500×1000, seen at 512×512 because the mask is larger than that"},
		{image.Rect(0, 0, 1500, 10), "1000×1000 at 250,0 of 1500×1000, seen at 512×512 because the mask is larger than that; the mask reaches further and is cut off"},
	} {
		got, err := ChooseAt(maskOf(1500, 1000, c.box), image.Pt(512, 512))
		if err != nil || got.String() != c.want {
			t.Errorf("%v: %s, want %s: %v", c.box, got, c.want, err)
		}
	}
	if _, err := ChooseAt(maskOf(100, 100, image.Rectangle{}), image.Pt(64, 64)); err == nil || !strings.Contains(err.Error(), "the mask is empty") {
		t.Errorf("error %v, want one about an empty mask", err)
	}
}

func TestChooseErrors(t *testing.T) {
	for name, c := range map[string]struct {
		box  image.Rectangle
		size int
		says string
	}{
		"empty": {image.Rectangle{}, 64, "the mask is empty"},
		"small": {image.Rect(0, 0, 9, 9), 63, "smallest picture is 64×64"},
	} {
		if _, err := Choose(maskOf(100, 100, c.box), c.size, 64); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %s", name, err, c.says)
		}
	}
}
