package anomaly

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// distanceTo is that of a pixel to the nearest one in a box.
func distanceTo(box image.Rectangle, x, y int) float64 {
	dx := max(box.Min.X-x, 0, x-box.Max.X+1)
	dy := max(box.Min.Y-y, 0, y-box.Max.Y+1)
	return math.Hypot(float64(dx), float64(dy))
}

// TestKeepRestore: outside the defect every pixel is the photograph's where the generated picture has another tone alone,
// and the defect has the photograph's tone.
func TestKeepRestore(t *testing.T) {
	box := image.Rect(20, 15, 30, 22)
	photograph, made := filled(64, 48, color.RGBA{100, 120, 140, 255}), filled(64, 48, color.RGBA{90, 130, 140, 255}) // the autoencoder's tone
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			made.SetRGBA(x, y, color.RGBA{20, 30, 250, 255})
		}
	}
	before, generated := images.Cut(photograph, photograph.Rect), images.Cut(made, made.Rect)
	got, err := DefaultKeep().Restore(photograph, made, maskOf(64, 48, box))
	if err != nil {
		t.Fatal(err)
	}
	for y := range 48 {
		for x := range 64 {
			want := color.RGBA{100, 120, 140, 255} // the seam, too: its tone is that of the photograph now
			if distanceTo(box, x, y) == 0 {
				want = color.RGBA{30, 20, 250, 255} // the tones differ by +10, -10, 0
			}
			if c := got.RGBAAt(x, y); c != want {
				t.Fatalf("pixel %d, %d: %v, want %v", x, y, c, want)
			}
		}
	}
	if !cmp.Equal(photograph, before) || !cmp.Equal(made, generated) {
		t.Error("an argument was changed")
	}
}

// TestKeepSeam looks at a generated picture whose change grows beyond the mask, so that no tone explains it.
func TestKeepSeam(t *testing.T) {
	box := image.Rect(20, 15, 30, 22)
	photograph, made := pattern(64, 48), filled(64, 48, color.Black)
	for i := range 64 * 48 {
		made.SetRGBA(i%64, i/64, color.RGBA{uint8(i * i % 251), uint8(i * 7 % 241), uint8(i % 13 * 15), 255})
	}
	k := Keep{Margin: 8, Feather: 5}
	got, err := k.Restore(photograph, made, maskOf(64, 48, box))
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for y := range 48 {
		for x := range 64 {
			same := got.RGBAAt(x, y) == photograph.RGBAAt(x, y)
			switch d := distanceTo(box, x, y); {
			case d >= k.Margin && !same:
				t.Fatalf("pixel %d, %d, %.1f pixels from the mask, is %v, in the photograph %v", x, y, d, got.RGBAAt(x, y), photograph.RGBAAt(x, y))
			case d > 0 && d < k.Margin && !same:
				changed++
			}
		}
	}
	if changed == 0 {
		t.Error("there is no seam outside the mask")
	}
	for d := 0.0; d <= 9; d += 0.25 {
		w := k.weight(d)
		if next := k.weight(d + 0.25); next > w || w < 0 || w > 1 || d <= 3 && w != 1 || d >= 8 && w != 0 {
			t.Errorf("the generated picture's weight is %g at %g pixels from the mask, %g at %g", w, d, next, d+0.25)
		}
	}
}

// TestKeepRegions gives each region its own tone.
func TestKeepRegions(t *testing.T) {
	photograph, made := filled(96, 32, color.RGBA{100, 100, 100, 255}), filled(96, 32, color.RGBA{100, 100, 100, 255})
	left, right := image.Rect(12, 12, 20, 20), image.Rect(70, 12, 78, 20)
	for i, tone := range []int{+20, -30} { // of all around the box, and of the box
		for y := range 32 {
			for x := 48 * i; x < 48*i+48; x++ {
				v := uint8(100 + tone)
				if image.Pt(x, y).In(left) || image.Pt(x, y).In(right) {
					v = uint8(60 + tone)
				}
				made.SetRGBA(x, y, color.RGBA{v, v, v, 255})
			}
		}
	}
	mask := maskOf(96, 32, left)
	for i, v := range maskOf(96, 32, right).Pix {
		mask.Pix[i] |= v
	}
	got, err := DefaultKeep().Restore(photograph, made, mask)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []image.Point{{15, 15}, {75, 15}} {
		if c := got.RGBAAt(at.X, at.Y); c.R != 60 {
			t.Errorf("the defect at %v is %v, want 60", at, c)
		}
	}
}

// TestCanvasKeeps puts a defect into a whole photograph and into a window, whose edges stay as they are.
func TestCanvasKeeps(t *testing.T) {
	photograph := pattern(200, 160)
	keep := DefaultKeep()
	place, defect := image.Rect(60, 40, 110, 90), image.Rect(70, 50, 80, 60)
	for name, with := range map[string]func(*image.RGBA, *image.Gray, int, int) (*Canvas, error){"window": NewWindow, "all": NewCanvas} {
		for _, paste := range []bool{false, true} {
			c := newCanvasFor(t, with, photograph, maskOf(200, 160, place), 80, 20)
			c.Keep, c.Paste = &keep, paste
			whole := c.Photograph()
			input, _ := c.Input()
			size := input.Rect.Size()
			mask := flat(size.X, size.Y, 0)
			at := defect // in the results
			if name == "window" {
				at = image.Rect(place.Min.X, place.Min.Y, place.Min.X+12, place.Min.Y+12)
				for i := range mask.Values {
					if p := image.Pt(i%size.X, i/size.X).Add(c.part.Min); p.In(at) {
						mask.Values[i] = 1
					}
				}
			} else {
				at = image.Rect(at.Min.X/2, at.Min.Y/2, at.Max.X/2, at.Max.Y/2)
				for i := range mask.Values {
					if image.Pt(i%size.X, i/size.X).In(at) {
						mask.Values[i] = 1
					}
				}
			}
			s, _, err := c.Compose(filled(size.X, size.Y, red), mask, mask)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := s.Picture.Rect.Size(), whole.Rect.Size(); got != want || s.Mask.Rect.Size() != want {
				t.Fatalf("%s: a picture of %v, a mask of %v, want %v", name, got, s.Mask.Rect.Size(), want)
			}
			beyond := 0 // the place
			for y := range whole.Rect.Dy() {
				for x := range whole.Rect.Dx() {
					if s.Picture.RGBAAt(x, y) == whole.RGBAAt(x, y) {
						continue
					}
					if d := distanceTo(at, x, y); d >= keep.Margin {
						t.Fatalf("%s: pixel %d, %d has changed, %.1f pixels from the defect", name, x, y, d)
					}
					if name == "window" && !image.Pt(x, y).In(place) {
						beyond++
					}
				}
			}
			if name == "window" && paste == (beyond > 0) {
				t.Errorf("window, Paste %v: %d pixels beyond the place have changed", paste, beyond)
			}
		}
	}
}

// TestKeepNothing leaves the photograph alone where nothing is defective.
func TestKeepNothing(t *testing.T) {
	photograph := pattern(40, 30)
	got, err := DefaultKeep().Restore(photograph, filled(40, 30, red), maskOf(40, 30, image.Rectangle{}))
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(got, photograph) {
		t.Error("the photograph has changed")
	}
}

// TestCanvasSeen: what was composed is seen as the photograph was.
func TestCanvasSeen(t *testing.T) {
	photograph := pattern(200, 160)
	for name, c := range map[string]*Canvas{
		"all":    newCanvasFor(t, NewCanvas, photograph, nil, 80, 20),
		"as is":  newCanvasFor(t, NewCanvas, photograph, nil, 0, 1),
		"window": newCanvasFor(t, NewWindow, photograph, maskOf(200, 160, image.Rect(60, 40, 110, 90)), 80, 20),
	} {
		input, _ := c.Input()
		got, err := c.Seen(c.Photograph())
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(got.Pix, input.Pix) || got.Rect.Size() != input.Rect.Size() {
			t.Errorf("%s: of the photograph the model would see another picture than its input", name)
		}
		if want := float64(input.Rect.Dx()) / float64(c.part.Dx()); c.Scale() != want || name != "window" && want != 1 {
			t.Errorf("%s: the scale is %g, want %g", name, c.Scale(), want)
		}
	}
}
