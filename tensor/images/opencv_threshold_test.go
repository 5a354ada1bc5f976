package images

import (
	"image"
	"testing"
)

// TestOpenCVThresholds holds both thresholds to those of OpenCV 4.10, and the masks that squares close and open to
// scikit-image 0.24's (testdata/cut_foreground.py).
func TestOpenCVThresholds(t *testing.T) {
	for name, want := range map[string]struct{ otsu, triangle uint8 }{
		"dark_ground": {65, 24}, "light_ground": {190, 232}, "photograph": {183, 155}, "coins": {138, 106},
	} {
		picture, err := Read(t.Context(), "testdata/foreground-"+name+".png")
		if err != nil {
			t.Fatal(err)
		}
		masks, err := Read(t.Context(), "testdata/foreground-"+name+"-masks.png")
		if err != nil {
			t.Fatal(err)
		}
		grey := OpenCVGrey(picture)
		otsu, triangle := OpenCVOtsu(grey), OpenCVTriangle(grey)
		if otsu != want.otsu || triangle != want.triangle {
			t.Errorf("%s: Otsu %d, triangle %d, want %d and %d", name, otsu, triangle, want.otsu, want.triangle)
		}
		for k, threshold := range []uint8{otsu, otsu, triangle, triangle} {
			part := image.Rect(0, 64*k, 64, 64*k+64)
			checkSquares(t, name, aboveByte(grey, threshold), Cut(masks, part), 6-3*(k%2))
		}
	}
}

func aboveByte(grey []uint8, threshold uint8) []float32 {
	mask := make([]float32, len(grey))
	for i, v := range grey {
		if v > threshold {
			mask[i] = 1
		}
	}
	return mask
}

func checkSquares(t *testing.T, name string, mask []float32, want *image.RGBA, side int) {
	t.Helper()
	closed, err := SquareClosed(mask, 64, 64, side)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := SquareOpened(closed, 64, 64, side)
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for i, v := range opened {
		if (v == 1) != (want.Pix[want.PixOffset(i%64, i/64)] > 0) {
			differ++
		}
	}
	if differ > 0 {
		t.Errorf("%s: %d pixels of the mask differ after squares of %d", name, differ, side)
	}
}

// TestThresholdsOfFewLevels: no levels, and one level, are thresholds, too.
func TestThresholdsOfFewLevels(t *testing.T) {
	for _, v := range []uint8{0, 100, 255} {
		grey := []uint8{v, v, v}
		if got := OpenCVOtsu(grey); got != 0 {
			t.Errorf("Otsu of %d alone: %d, want 0", v, got)
		}
		OpenCVTriangle(grey)
	}
	if OpenCVOtsu(nil) != 0 || OpenCVTriangle(nil) != 0 {
		t.Error("a threshold of nothing is not 0")
	}
}

// TestSquares has a gap of two pixels closed by a square of three, and not by one of two; and a dot opened.
func TestSquares(t *testing.T) {
	line := []float32{1, 1, 1, 0, 0, 1, 1, 1}
	for side, want := range map[int]float32{1: 0, 2: 0, 3: 1} {
		got, err := SquareClosed(line, 1, 8, side)
		if err != nil || got[3] != want {
			t.Errorf("a gap of two, closed with %d: %v, %v", side, got, err)
		}
	}
	dot := []float32{0, 0, 0, 1, 1, 0, 0, 0}
	for side, want := range map[int]float32{1: 1, 2: 1, 3: 0} {
		got, err := SquareOpened(dot, 1, 8, side)
		if err != nil || got[3] != want {
			t.Errorf("a dot of two, opened with %d: %v, %v", side, got, err)
		}
	}
	if _, err := SquareClosed(dot, 1, 8, 0); err == nil {
		t.Error("a square of 0 pixels is taken")
	}
}
