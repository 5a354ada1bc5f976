package show

import (
	"image"
	"image/color"
	"testing"
)

// TestLabelled finds the picture below its text, and letters that grow.
func TestLabelled(t *testing.T) {
	red := color.RGBA{200, 0, 0, 255}
	dark := func(m *image.RGBA) (n int) {
		for y := range m.Bounds().Dy() {
			for x := range m.Bounds().Dx() {
				if m.RGBAAt(x, y) == (color.RGBA{0, 0, 0, 255}) {
					n++
				}
			}
		}
		return n
	}
	letters := map[int]int{}
	for width, size := range map[int]image.Point{5: {20, 23}, 256: {256, 23}, 600: {600, 42}} {
		m := Labelled(filled(width, 4, red), "ab")
		if got := m.Bounds().Size(); got != size {
			t.Errorf("a picture of %d×4: %v, want %v", width, got, size)
			continue
		}
		for _, at := range []image.Point{{0, size.Y - 4}, {width - 1, size.Y - 1}} {
			if got := m.RGBAAt(at.X, at.Y); got != red {
				t.Errorf("a picture of %d×4: %v at %v, want the picture's", width, got, at)
			}
		}
		if got := m.RGBAAt(0, size.Y-5); got != (color.RGBA{255, 255, 255, 255}) {
			t.Errorf("a picture of %d×4: %v above it, want white", width, got)
		}
		letters[width] = dark(m)
	}
	if letters[5] < 15 || letters[256] != letters[5] || letters[600] != 4*letters[5] {
		t.Errorf("letters of %v black pixels", letters)
	}
}
