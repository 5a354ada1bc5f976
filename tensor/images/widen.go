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
	far := squaredDistances(mask, h, w)
	if far == nil {
		return nil, 0, errors.New("images: the mask is empty, and cannot be widened: white is what may change")
	}
	within := func(by int) []float32 {
		out := make([]float32, len(far))
		for i, d := range far {
			if d <= float64(by)*float64(by) {
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

// squaredDistances are those of each pixel from the nearest white one, nil if there is none (Felzenszwalb and
// Huttenlocher, Distance Transforms of Sampled Functions, 2012).
func squaredDistances(mask []float32, h, w int) []float64 {
	out, white := make([]float64, len(mask)), false
	for i, m := range mask {
		if out[i] = math.Inf(1); m > 0.5 {
			out[i], white = 0, true
		}
	}
	if !white {
		return nil
	}
	column := make([]float64, h)
	hull := newParabolas(max(h, w))
	for x := range w {
		for y := range column {
			column[y] = out[y*w+x]
		}
		for y, d := range hull.lowest(column) {
			out[y*w+x] = d
		}
	}
	for y := range h {
		copy(out[y*w:][:w], hull.lowest(out[y*w:][:w]))
	}
	return out
}

// parabolas finds the lowest of those with unit curvature that stand on given heights.
type parabolas struct {
	at     []int     // of those that are lowest somewhere
	from   []float64 // where each begins to be
	height []float64
}

func newParabolas(n int) *parabolas {
	return &parabolas{make([]int, n), make([]float64, n), make([]float64, n)}
}

// lowest returns the least of height[j] + (i-j)² over j, for each i. What it returns is good until the next call.
func (p *parabolas) lowest(height []float64) []float64 {
	n := 0
	for i, h := range height {
		if math.IsInf(h, 1) {
			continue
		}
		from := math.Inf(-1)
		for ; n > 0; n-- {
			j := p.at[n-1]
			from = (h - height[j] + float64(i*i-j*j)) / float64(2*(i-j))
			if from > p.from[n-1] {
				break
			}
			from = math.Inf(-1)
		}
		p.at[n], p.from[n] = i, from
		n++
	}
	out, k := p.height[:len(height)], 0
	for i := range out {
		for k+1 < n && p.from[k+1] < float64(i) {
			k++
		}
		if out[i] = math.Inf(1); n > 0 {
			d := float64(i - p.at[k])
			out[i] = height[p.at[k]] + d*d
		}
	}
	return out
}
