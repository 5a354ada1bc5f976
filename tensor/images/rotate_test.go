package images

import (
	"image"
	"image/color"
	"math"
	"testing"
)

// turned draws something that looks like nothing else, and turns it.
func turned(t *testing.T, w, h int, degrees float64) (before, after *image.RGBA) {
	t.Helper()
	before = image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			before.SetRGBA(x, y, color.RGBA{uint8(7*x + 31*y), uint8(x * y), uint8(200 - 3*x), 255})
		}
	}
	after, err := Rotate(before, degrees)
	if err != nil {
		t.Fatal(err)
	}
	return before, after
}

func TestRotate(t *testing.T) {
	for _, degrees := range []float64{0, 360, -720} {
		before, after := turned(t, 9, 7, degrees)
		for y := range 7 {
			for x := range 9 {
				if before.RGBAAt(x, y) != after.RGBAAt(x, y) {
					t.Fatalf("%v degrees: pixel %d, %d is %v, want %v", degrees, x, y, after.RGBAAt(x, y), before.RGBAAt(x, y))
				}
			}
		}
	}
	// A quarter to the left around (4, 4): what was to the right is above, and beyond the border is what was next to it.
	before, after := turned(t, 8, 8, 90)
	for y := range 8 {
		for x := range 8 {
			fx, fy := reflected(4-(y-4), 8), 4+(x-4)
			if got, want := after.RGBAAt(x, y), before.RGBAAt(fx, fy); got != want {
				t.Fatalf("a quarter: pixel %d, %d is %v, want that of %d, %d, %v", x, y, got, fx, fy, want)
			}
		}
	}
	for i, want := range map[int]int{-1: 1, -4: 4, -5: 3, 0: 0, 4: 4, 5: 3, 8: 0, 9: 1} {
		if got := reflected(i, 5); got != want {
			t.Errorf("%d of 5 is reflected to %d, want %d", i, got, want)
		}
	}
	if _, err := Rotate(nil, 1); err == nil {
		t.Error("nothing is turned")
	}
	if _, err := Rotate(before, math.Inf(1)); err == nil {
		t.Error("turned by an infinity of degrees")
	}
}
