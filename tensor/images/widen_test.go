package images

import (
	"slices"
	"strings"
	"testing"
)

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
