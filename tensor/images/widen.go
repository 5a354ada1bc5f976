package images

import (
	"errors"
	"fmt"
	"math"
)

// Widen grows the white of a mask [h, w], 1 and 0, by the fewest pixels, up to most, with which it is enough, and
// returns by how many: 0 for a mask that is enough as it is. All pixels whose centres are no farther than that from
// those of white ones become white. A wider mask must not be less than a narrower one. It is an error if nothing of
// the mask is white, or if most is not enough either.
func Widen(mask []float32, h, w, most int, enough func(mask []float32) bool) (wide []float32, by int, err error) {
	if err := checkMap(mask, h, w, h, w); err != nil {
		return nil, 0, err
	}
	if most < 0 || enough == nil {
		return nil, 0, fmt.Errorf("images: a mask is widened by up to %d pixels, want 0 or more, and something to ask whether it is enough", most)
	}
	if enough(mask) {
		return mask, 0, nil
	}
	far, err := Distances(mask, h, w)
	if err != nil {
		return nil, 0, err
	}
	if math.IsInf(float64(far[0]), 1) {
		return nil, 0, errors.New("images: the mask is empty, and cannot be widened: white is what may change")
	}
	within := func(by int) []float32 {
		out := make([]float32, len(far))
		for i, d := range far {
			if d <= float32(by) {
				out[i] = 1
			}
		}
		return out
	}
	less, by := 0, min(most, h+w)
	if wide = within(by); !enough(wide) {
		return nil, 0, fmt.Errorf("images: the mask is still too small when it is widened by %d pixels", by)
	}
	for by-less > 1 {
		middle := less + (by-less)/2
		if m := within(middle); enough(m) {
			wide, by = m, middle
		} else {
			less = middle
		}
	}
	return wide, by, nil
}
