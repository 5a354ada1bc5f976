package images

import (
	"fmt"
	"math"
)

// Distances returns how far each pixel of a mask [h, w] is from the nearest one that is at least 0.5, in pixels from
// centre to centre: 0 where the mask is, +Inf where there is none. It is the exact Euclidean distance transform of
// Felzenszwalb and Huttenlocher (Theory of Computing 8, 2012).
func Distances(mask []float32, h, w int) ([]float32, error) {
	if err := checkMap(mask, h, w, h, w); err != nil {
		return nil, err
	}
	squares := make([]float64, len(mask))
	for i, m := range mask {
		if !(m >= 0.5) {
			squares[i] = math.Inf(1)
		}
	}
	var e envelope
	for x := range w {
		e.along(squares[x:], h, w)
	}
	for y := range h {
		e.along(squares[y*w:], w, 1)
	}
	out := make([]float32, len(mask))
	for i, s := range squares {
		out[i] = float32(math.Sqrt(s))
	}
	return out, nil
}

// envelope is the lower envelope of parabolas, one above each place of a line.
type envelope struct {
	line, from []float64 // heights; where each parabola begins to be the lowest
	at         []int     // whose parabolas
}

// along replaces n numbers, step apart, by the least of (place - other place)² plus the number at the other place.
func (e *envelope) along(v []float64, n, step int) {
	e.line, e.from, e.at = e.line[:0], e.from[:0], e.at[:0]
	for i := range n {
		e.line = append(e.line, v[i*step])
	}
	for i, height := range e.line {
		if math.IsInf(height, 1) {
			continue
		}
		begins := math.Inf(-1)
		for len(e.at) > 0 {
			k := e.at[len(e.at)-1]
			begins = (height + float64(i*i) - e.line[k] - float64(k*k)) / float64(2*(i-k))
			if begins > e.from[len(e.from)-1] {
				break
			}
			e.at, e.from = e.at[:len(e.at)-1], e.from[:len(e.from)-1]
			begins = math.Inf(-1)
		}
		e.at, e.from = append(e.at, i), append(e.from, begins)
	}
	if len(e.at) == 0 {
		return
	}
	k := 0
	for i := range n {
		for k+1 < len(e.at) && e.from[k+1] < float64(i) {
			k++
		}
		d := float64(i - e.at[k])
		v[i*step] = d*d + e.line[e.at[k]]
	}
}

// Grown returns a mask [h, w] with every pixel that is at most r pixels from it: 1 there, 0 elsewhere.
func Grown(mask []float32, h, w int, r float64) ([]float32, error) {
	d, err := Distances(mask, h, w)
	if err != nil {
		return nil, err
	}
	for i, v := range d {
		d[i] = 0
		if float64(v) <= r {
			d[i] = 1
		}
	}
	return d, nil
}

// Closed returns a mask [h, w] without the gaps that a disc of radius r, 0 to 1000, does not fit into (closing): 1 and
// 0. Beyond the picture's border the mask goes on as it is there.
func Closed(mask []float32, h, w int, r float64) ([]float32, error) {
	if err := checkMap(mask, h, w, h, w); err != nil {
		return nil, err
	}
	if !(r >= 0 && r <= maxSigma) {
		return nil, fmt.Errorf("images: a mask is closed with a radius of %g pixels, want 0 to %d", r, maxSigma)
	}
	pad := int(r) + 1
	wide, high := w+2*pad, h+2*pad
	m := make([]float32, wide*high)
	for i := range m {
		x, y := i%wide-pad, i/wide-pad
		m[i] = mask[min(max(y, 0), h-1)*w+min(max(x, 0), w-1)]
	}
	grown, err := Grown(m, high, wide, r)
	if err != nil {
		return nil, err
	}
	for i, v := range grown {
		grown[i] = 1 - v
	}
	open, err := Grown(grown, high, wide, r)
	if err != nil {
		return nil, err
	}
	out := make([]float32, len(mask))
	for i := range out {
		out[i] = 1 - open[(i/w+pad)*wide+i%w+pad]
	}
	return out, nil
}

// Filled returns a mask [h, w] with its holes filled: 1 where it is at least 0.5, and where no way of pixels side by
// side leads from a pixel to the picture's border without crossing it; 0 elsewhere.
func Filled(mask []float32, h, w int) ([]float32, error) {
	if err := checkMap(mask, h, w, h, w); err != nil {
		return nil, err
	}
	around := make([]float32, len(mask)) // what the border leads to
	var front []int
	reach := func(x, y int) {
		if i := y*w + x; x >= 0 && x < w && y >= 0 && y < h && around[i] == 0 && !(mask[i] >= 0.5) {
			around[i] = 1
			front = append(front, i)
		}
	}
	for x := range w {
		reach(x, 0)
		reach(x, h-1)
	}
	for y := range h {
		reach(0, y)
		reach(w-1, y)
	}
	for len(front) > 0 {
		x, y := front[len(front)-1]%w, front[len(front)-1]/w
		front = front[:len(front)-1]
		reach(x-1, y)
		reach(x+1, y)
		reach(x, y-1)
		reach(x, y+1)
	}
	for i, v := range around {
		around[i] = 1 - v
	}
	return around, nil
}

// Regions returns the connected regions of a mask [h, w], pixels that are at least 0.5 and touch, if only at a corner:
// for each its pixels, in no order. The regions come in the order of their first pixels.
func Regions(mask []float32, h, w int) ([][]int, error) {
	if err := checkMap(mask, h, w, h, w); err != nil {
		return nil, err
	}
	seen := make([]bool, len(mask))
	var all [][]int
	for first := range mask {
		if seen[first] || !(mask[first] >= 0.5) {
			continue
		}
		seen[first] = true
		region := []int{first}
		for k := 0; k < len(region); k++ {
			x, y := region[k]%w, region[k]/w
			for ny := max(0, y-1); ny <= min(h-1, y+1); ny++ {
				for nx := max(0, x-1); nx <= min(w-1, x+1); nx++ {
					if i := ny*w + nx; !seen[i] && mask[i] >= 0.5 {
						seen[i] = true
						region = append(region, i)
					}
				}
			}
		}
		all = append(all, region)
	}
	return all, nil
}
