package metric

import "math"

// IoU returns the intersection over the union of two masks, where they are not 0. It is NaN of two empty masks, and
// of two that are not equally large.
func IoU(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	both, either := 0, 0
	for i, v := range a {
		if v != 0 && b[i] != 0 {
			both++
		}
		if v != 0 || b[i] != 0 {
			either++
		}
	}
	return float64(both) / float64(either)
}

// Dilated returns a mask [h, w] grown by r pixels each way, r at least 0: 1 where one of the (2r+1)² pixels around is
// not 0, and 0 elsewhere. What lies outside it is far enough from a defect to be compared without it. It is nil of a
// mask of another size.
func Dilated(mask []float32, h, w, r int) []float32 {
	if h < 1 || w < 1 || r < 0 || w > len(mask)/h || len(mask) != h*w {
		return nil
	}
	r = min(r, max(h, w))
	along := func(m []float32, lines, length, line, step int) []float32 {
		out := make([]float32, len(m))
		for l := range lines {
			for i := range length {
				for k := max(0, i-r); k <= min(length-1, i+r); k++ {
					if m[l*line+k*step] != 0 {
						out[l*line+i*step] = 1
						break
					}
				}
			}
		}
		return out
	}
	return along(along(mask, h, w, w, 1), w, h, 1, w)
}
