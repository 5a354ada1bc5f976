package images

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestSquaredDistances compares with the nearest of all white pixels.
func TestSquaredDistances(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	for _, size := range [][2]int{{1, 1}, {1, 17}, {23, 1}, {13, 19}, {20, 9}} {
		h, w := size[0], size[1]
		mask := make([]float32, h*w)
		for range 1 + h*w/40 {
			mask[r.IntN(len(mask))] = 1
		}
		for i, got := range squaredDistances(mask, h, w) {
			want := 1 << 30
			for j, m := range mask {
				if dx, dy := i%w-j%w, i/w-j/w; m == 1 {
					want = min(want, dx*dx+dy*dy)
				}
			}
			if got != float64(want) {
				t.Fatalf("%d×%d: pixel %d is √%v from white, want √%d", w, h, i, got, want)
			}
		}
	}
}

// TestWiden: a line grows until a cell of the smaller mask is white, and no further.
func TestWiden(t *testing.T) {
	const n, cells = 64, 4
	mask := make([]float32, n*n)
	for x := 10; x < 60; x++ {
		mask[21*n+x] = 1
	}
	left := func(m []float32) bool {
		small, err := ShrinkMask(m, n, n, cells, cells)
		return err == nil && slices.Contains(small, 1)
	}
	wide, by, err := Widen(mask, n, n, n, left)
	if err != nil || by != 4 { // rows 17 to 25: of the cell's rows 16 to 31 nine, and eight are half
		t.Fatalf("widened by %d, want 4: %v", by, err)
	}
	for i, m := range wide {
		if y, x := i/n, i%n; x >= 10 && x < 60 && (m == 1) != (y >= 17 && y <= 25) || mask[i] > m {
			t.Fatalf("pixel %d, %d is %v", x, y, m)
		}
	}
	if same, by, err := Widen(wide, n, n, n, left); err != nil || by != 0 || !slices.Equal(same, wide) {
		t.Errorf("what is wide enough is widened by %d: %v", by, err)
	}
	never := func([]float32) bool { return false }
	for want, call := range map[string]func() error{
		"the mask is empty":          func() error { _, _, err := Widen(make([]float32, 9), 3, 3, 9, never); return err },
		"widened by 3 pixels":        func() error { _, _, err := Widen(mask, n, n, 3, left); return err },
		"values, not 9":              func() error { _, _, err := Widen(make([]float32, 9), 3, 4, 9, never); return err },
		"by up to -1 pixels":         func() error { _, _, err := Widen(mask, n, n, -1, left); return err },
		"something to ask whether":   func() error { _, _, err := Widen(mask, n, n, 1, nil); return err },
		"map sizes must be at least": func() error { _, _, err := Widen(nil, 0, 0, 1, never); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}
