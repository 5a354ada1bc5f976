package images

import (
	"image"
	"image/color"
	"math"
	"testing"
)

// TestNoPanicOfRegions gives every exported function pictures that are none, and numbers that make no sense: an error, or
// nothing wrong, but no panic.
func TestNoPanicOfRegions(t *testing.T) {
	pictures := map[string]*image.RGBA{
		"none":    nil,
		"zero":    {},
		"empty":   image.NewRGBA(image.Rect(3, 3, 3, 9)),
		"no rows": {Rect: image.Rect(0, 0, 4, 4), Stride: 16},
		"narrow":  {Rect: image.Rect(0, 0, 4, 4), Stride: 4, Pix: make([]uint8, 64)},
		"wide":    {Rect: image.Rect(0, 0, math.MaxInt, 1), Stride: 16, Pix: make([]uint8, 64)},
	}
	ok := plain(4, 4, light)
	for name, p := range pictures {
		if _, err := Foreground(p); err == nil {
			t.Errorf("Foreground of %s: no error", name)
		}
		if grey := OpenCVGrey(p); grey != nil {
			t.Errorf("OpenCVGrey of %s: %d levels", name, len(grey))
		}
		if _, err := Choose(p, 64, 64); err == nil {
			t.Errorf("Choose of %s: no error", name)
		}
		if _, err := ChooseAt(p, image.Pt(64, 64)); err == nil {
			t.Errorf("ChooseAt of %s: no error", name)
		}
		if _, err := Paste(p, image.Rect(0, 0, 4, 4), ok, make([]float32, 16)); err == nil {
			t.Errorf("Paste into %s: no error", name)
		}
		if _, err := Paste(ok, image.Rect(0, 0, 4, 4), p, make([]float32, 16)); err == nil {
			t.Errorf("Paste of %s: no error", name)
		}
		for i, call := range []func() (*image.RGBA, error){
			func() (*image.RGBA, error) { return Poisson(t.Context(), p, ok, make([]float32, 16), false) },
			func() (*image.RGBA, error) { return Poisson(t.Context(), ok, p, make([]float32, 16), false) },
			func() (*image.RGBA, error) { return SeamlessClone(p, ok, reds(ok), image.Point{}, SourceGradients) },
			func() (*image.RGBA, error) { return SeamlessClone(ok, p, reds(ok), image.Point{}, SourceGradients) },
		} {
			if _, err := call(); err == nil {
				t.Errorf("blending of %s, %d: no error", name, i)
			}
		}
	}
	for _, c := range [][2]int{{64, 0}, {64, -1}, {0, 64}, {-64, 64}, {math.MaxInt, 1}, {math.MaxInt, 64}, {100_000, 8}} {
		if _, err := Choose(ok, c[0], c[1]); err == nil {
			t.Errorf("size %d in multiples of %d: no error", c[0], c[1])
		}
	}
	for _, size := range []image.Point{{}, {X: -1, Y: 64}, {X: math.MaxInt, Y: math.MaxInt}} {
		if _, err := ChooseAt(ok, size); err == nil {
			t.Errorf("a window seen at %v: no error", size)
		}
	}
	if _, err := Paste(ok, image.Rectangle{}, &image.RGBA{}, nil); err == nil {
		t.Error("an empty part: no error")
	}
	_ = Window{}.String()
}

// TestPartOfPicture takes pictures that are parts of others, whose bounds begin elsewhere.
func TestPartOfPicture(t *testing.T) {
	large := plain(20, 20, light)
	part := large.SubImage(image.Rect(10, 10, 14, 14)).(*image.RGBA)
	mask := make([]float32, 16)
	for i := range mask {
		mask[i] = 1
	}
	got, err := Paste(plain(8, 8, dark), image.Rect(2, 2, 6, 6), part, mask)
	if err != nil || got.RGBAAt(3, 3) == dark || got.RGBAAt(1, 1) != dark {
		t.Errorf("pasted %v, error %v", got, err)
	}
	w, err := Choose(part, 4, 4)
	if err != nil || w.Part != image.Rect(0, 0, 4, 4) {
		t.Errorf("window %v, error %v", w, err)
	}
}

var light, dark = color.RGBA{255, 255, 255, 255}, color.RGBA{0, 0, 0, 255}
