package kernels

import (
	"fmt"
	"sync"

	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// Taps is a linear filter along one axis from In to Out positions: output i is the sum over j < Count[i] of
// Weight[i][j] times input Start[i]+j.
type Taps struct {
	In, Out      int
	Start, Count []int
	Weight       [][]float32
}

// Transpose is the adjoint filter, from t.Out to t.In positions: what carries a gradient back through t.
func (t Taps) Transpose() Taps {
	dense := make([]map[int]float64, t.In)
	for i := range t.In {
		dense[i] = map[int]float64{}
	}
	for i := range t.Out {
		for j, w := range t.Weight[i][:t.Count[i]] {
			dense[t.Start[i]+j][i] += float64(w)
		}
	}
	return newTaps(t.Out, dense)
}

// newTaps makes a filter over in positions whose output i has the weights of the given input positions.
func newTaps(in int, weights []map[int]float64) Taps {
	t := Taps{In: in, Out: len(weights)}
	for _, at := range weights {
		first, end := in, 0
		for p := range at {
			first, end = min(first, p), max(end, p+1)
		}
		first = min(first, end)
		row := make([]float32, end-first)
		for p, w := range at {
			row[p-first] = float32(w)
		}
		t.Start, t.Count, t.Weight = append(t.Start, first), append(t.Count, len(row)), append(t.Weight, row)
	}
	return t
}

// Resample filters x, [b, h, w, c], along the rows' axis H with rows and along the columns' axis W with cols, and sets
// out, [b, rows.Out, cols.Out, c]. rows.In must be h and cols.In must be w. The gradient is Resample with both filters
// transposed.
func Resample(out, x []float32, b, h, w, c int, rows, cols Taps) {
	wantLen("Resample", "out", out, b*rows.Out*cols.Out*c)
	wantLen("Resample", "x", x, b*h*w*c)
	if rows.In != h || cols.In != w {
		panic(fmt.Sprintf("kernels: Resample: taps for %d×%d positions on a map of %d×%d", rows.In, cols.In, h, w))
	}
	scratch := sync.Pool{New: func() any { return new(make([]float32, w*c)) }}
	Range(b*rows.Out, rowGrain(w*c*4), func(lo, hi int) {
		line := scratch.Get().(*[]float32)
		defer scratch.Put(line)
		for r := lo; r < hi; r++ {
			entry, i := r/rows.Out, r%rows.Out
			clear(*line)
			for j, weight := range rows.Weight[i][:rows.Count[i]] {
				vec.AddScaled(*line, x[(entry*h+rows.Start[i]+j)*w*c:][:w*c], weight)
			}
			cols.apply(out[r*cols.Out*c:][:cols.Out*c], *line, c)
		}
	})
}

// apply filters one line of pixels of c channels.
func (t Taps) apply(out, line []float32, c int) {
	switch c {
	case 1:
		t.applyToOne(out, line)
		return
	case 3:
		t.applyToThree(out, line)
		return
	}
	clear(out)
	for i := range t.Out {
		pixel := out[i*c:][:c]
		from := line[t.Start[i]*c:]
		for j, weight := range t.Weight[i][:t.Count[i]] {
			if c >= 8 {
				vec.AddScaled(pixel, from[j*c:][:c], weight)
				continue
			}
			for k, v := range from[j*c:][:c] {
				pixel[k] += weight * v
			}
		}
	}
}

// applyToOne filters a line of a map.
func (t Taps) applyToOne(out, line []float32) {
	for i := range out {
		weights := t.Weight[i][:t.Count[i]]
		sum := float32(0)
		for j, v := range line[t.Start[i]:][:len(weights)] {
			sum += weights[j] * v
		}
		out[i] = sum
	}
}

// applyToThree filters a line of a picture's red, green and blue.
func (t Taps) applyToThree(out, line []float32) {
	for i := range t.Out {
		var r, g, b float32
		from := line[3*t.Start[i]:]
		for _, weight := range t.Weight[i][:t.Count[i]] {
			p := from[:3]
			r += weight * p[0]
			g += weight * p[1]
			b += weight * p[2]
			from = from[3:]
		}
		pixel := out[3*i:][:3]
		pixel[0], pixel[1], pixel[2] = r, g, b
	}
}
