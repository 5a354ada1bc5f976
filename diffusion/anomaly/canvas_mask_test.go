package anomaly

import (
	"errors"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// canvasOf is a canvas of a grey photograph, w by h, at a size.
func canvasOf(t *testing.T, w, h, size int) *Canvas {
	t.Helper()
	c, err := NewCanvas(filled(w, h, color.Gray{Y: 100}), nil, size, 8)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWithMask: another mask makes the canvas that NewCanvas makes of it, and leaves the first as it is.
func TestWithMask(t *testing.T) {
	photograph := filled(300, 210, color.Gray{Y: 100})
	first, err := NewCanvas(photograph, maskOf(300, 210, image.Rect(0, 0, 150, 210)), 64, 8)
	if err != nil {
		t.Fatal(err)
	}
	_, before := first.Input()
	before = slices.Clone(before)
	mask := maskOf(300, 210, image.Rect(90, 30, 200, 60))
	want, err1 := NewCanvas(photograph, mask, 64, 8)
	got, err2 := first.WithMask(mask)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	wantPicture, wantMask := want.Input()
	gotPicture, gotMask := got.Input()
	if !cmp.Equal(gotPicture, wantPicture) || !slices.Equal(gotMask, wantMask) || !slices.Contains(gotMask, 1) {
		t.Error("the model sees something else than of a canvas that was made with the mask")
	}
	if _, after := first.Input(); !slices.Equal(before, after) {
		t.Error("the first canvas has another mask")
	}
}

// TestMagnified has a model paint what it sees white: that lies at the mask, in a picture of the same size, and what
// the model saw was the photograph's own pixels.
func TestMagnified(t *testing.T) {
	for _, spot := range []image.Rectangle{image.Rect(100, 60, 112, 64), image.Rect(602, 10, 622, 30), image.Rect(18, 440, 22, 470), image.Rect(200, 200, 420, 300)} {
		photograph := filled(640, 480, color.Black)
		for y := range 480 {
			for x := range 640 {
				if image.Pt(x, y).In(spot) {
					photograph.SetRGBA(x, y, color.RGBA{255, 0, 0, 255})
				}
			}
		}
		whole, err := NewCanvas(photograph, nil, 96, 32) // scaled to 128×96: a fifth
		if err != nil {
			t.Fatal(err)
		}
		c, err := whole.Magnified(photograph, maskOf(640, 480, spot))
		if err != nil || c == nil {
			t.Fatalf("%v: %v, %v", spot, c, err)
		}
		seen, may := c.Input()
		red, white := 0, 0
		for i, m := range may {
			if p := seen.RGBAAt(i%128, i/128); p.R > 128 {
				red++
				if m == 1 {
					white++
				}
			}
		}
		if seen.Rect.Size() != image.Pt(128, 96) || red == 0 || float64(white) < 0.9*float64(red) {
			t.Errorf("%v: of %d red pixels of the defect %d are in the mask, in a picture of %v", spot, red, white, seen.Rect)
		}
		if n := spot.Dx() * spot.Dy(); n < 1000 && (red < n*8/10 || red > n*12/10) {
			t.Errorf("%v: the defect has %d pixels of the model's picture, want the photograph's %d", spot, red, n)
		}
		soft := Map{Values: make([]float32, len(may)), Width: 128, Height: 96}
		for i := range soft.Values {
			soft.Values[i] = 1
		}
		made, _, err := c.Compose(filled(128, 96, color.White), soft, soft)
		if err != nil {
			t.Fatal(err)
		}
		want := image.Rect(spot.Min.X/5, spot.Min.Y/5, (spot.Max.X+4)/5, (spot.Max.Y+4)/5)
		got := image.Rectangle{}
		for _, p := range whites(made.Mask) {
			got = got.Union(image.Rectangle{Min: p, Max: p.Add(image.Pt(1, 1))})
		}
		if !got.In(want.Inset(-1)) || !want.In(got.Inset(-1)) || made.Picture.Rect.Size() != image.Pt(128, 96) {
			t.Errorf("%v: the defect is at %v of the result, want %v", spot, got, want)
		}
		if p := made.Picture.RGBAAt(127-want.Min.X, 95-want.Min.Y); p.R != 0 {
			t.Errorf("%v: the picture has changed outside the mask, too: %v", spot, p)
		}
	}
}

// TestNotMagnified: a photograph that is no larger than the result has nothing to show, and a mask that is as large as
// the photograph cannot be shown larger.
func TestNotMagnified(t *testing.T) {
	for name, c := range map[string]struct {
		size int
		mask image.Rectangle
	}{"small photograph": {64, image.Rect(3, 3, 9, 9)}, "large mask": {16, image.Rect(0, 0, 64, 64)}} {
		got, err := canvasOf(t, 64, 64, c.size).Magnified(filled(64, 64, color.Black), maskOf(64, 64, c.mask))
		if got != nil || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestMaskOfPart: with another mask, a window and what is magnified stay where they are.
func TestMaskOfPart(t *testing.T) {
	photograph, spot, wide := filled(300, 200, color.Black), image.Rect(100, 60, 104, 64), image.Rect(95, 55, 109, 69)
	window, err1 := NewWindow(photograph, maskOf(300, 200, spot), 64, 8)
	whole, err2 := NewCanvas(photograph, nil, 64, 32)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	large, err := whole.Magnified(photograph, maskOf(300, 200, spot))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*Canvas{"window": window, "magnified": large} {
		other, err := c.WithMask(maskOf(300, 200, wide))
		if err != nil {
			t.Fatal(err)
		}
		before, narrow := c.Input()
		after, seen := other.Input()
		sum := func(m []float32) (n float32) {
			for _, v := range m {
				n += v
			}
			return n
		}
		if before != after || c.String() != other.String() || sum(narrow) < 12 || sum(narrow) > 20 || sum(seen) < 170 || sum(seen) > 220 {
			t.Errorf("%s: %s, and then %s; of the masks, 4×4 and 14×14 pixels, %g and %g are seen", name, c, other, sum(narrow), sum(seen))
		}
	}
}

// TestVisible is what a result's crop leaves of the photograph.
func TestVisible(t *testing.T) {
	for _, c := range []struct {
		w, h, size int
		want       image.Rectangle
	}{
		{100, 100, 64, image.Rect(0, 0, 100, 100)},
		{300, 200, 100, image.Rect(6, 4, 294, 196)}, // 150×100, of which 144×96 are kept
	} {
		if got := canvasOf(t, c.w, c.h, c.size).Visible(); got != c.want {
			t.Errorf("of %d×%d at %d %v is visible, want %v", c.w, c.h, c.size, got, c.want)
		}
	}
}

// TestOtherWindows: with another mask a window moves, and the model sees it at the size of the first.
func TestOtherWindows(t *testing.T) {
	first, err := NewWindow(filled(300, 200, color.Black), maskOf(300, 200, image.Rect(10, 10, 14, 14)), 64, 8)
	if err != nil {
		t.Fatal(err)
	}
	for _, spot := range []image.Rectangle{image.Rect(200, 100, 214, 104), image.Rect(0, 100, 300, 104)} {
		c, err := first.Around(maskOf(300, 200, spot))
		if err != nil {
			t.Fatal(err)
		}
		if seen, may := c.Input(); seen.Rect.Size() != image.Pt(64, 64) || !slices.Contains(may, 1) || !c.Paste || c.String() == first.String() {
			t.Errorf("%v: %v is seen: %s", spot, seen.Rect, c)
		}
	}
	if _, err := first.Around(maskOf(300, 200)); err == nil || !strings.Contains(err.Error(), "the mask is empty") {
		t.Errorf("an empty mask: %v", err)
	}
	if _, err := canvasOf(t, 300, 200, 64).Around(maskOf(300, 200)); err == nil || !strings.Contains(err.Error(), "is seen already") {
		t.Errorf("a window of all: %v", err)
	}
	if _, err := first.Magnified(filled(300, 200, color.Black), maskOf(300, 200)); err == nil || !strings.Contains(err.Error(), "own pixels already") {
		t.Errorf("a window is magnified: %v", err)
	}
}
