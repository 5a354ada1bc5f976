package images

import (
	"image"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// filter weights inputs by their distance; it is 0 beyond support.
type filter struct {
	support float64
	at      func(x float64) float64
}

// pillowRule resizes as Pillow's Resample.c: by one filter of its own for each output, in double precision, cut off and
// normalised at the edges; for bytes rounded to pillowBits.
func pillowRule(name string, f filter) rule {
	return rule{
		name: name,
		taps: func(in, out int) kernels.Taps {
			t := kernels.Taps{In: in, Out: out}
			for i := range out {
				first, row := f.around(i, in, out)
				weight := make([]float32, len(row))
				for j, w := range row {
					weight[j] = float32(w)
				}
				t.Start, t.Count, t.Weight = append(t.Start, first), append(t.Count, len(row)), append(t.Weight, weight)
			}
			return t
		},
		bytes: func(out, picture *image.RGBA, from, to image.Point) {
			rows, columns := f.whole(from.X, to.X), f.whole(from.Y, to.Y)
			if columnsFirst(from, to) {
				pillowRows(out.Pix, pillowColumns(packed(picture), 4*from.X, columns), to.Y, rows)
				return
			}
			half := make([]byte, 4*to.X*from.Y)
			pillowRows(half, packed(picture), from.Y, rows)
			copy(out.Pix, pillowColumns(half, 4*to.X, columns))
		},
	}
}

// columnsFirst reports whether Pillow resizes along columns first, which rounds otherwise. Pillow 13.0 does so where the
// height loses more than twice what the width does: it was found by comparison, at 4000 sizes. Pillow 12 never does.
func columnsFirst(from, to image.Point) bool {
	return to.Y < from.Y && from.Y-to.Y > 2*(from.X-to.X)
}

// around returns the weights of output i, from input first on. Conversions keep compilers from fusing operations,
// which would round otherwise than Pillow does.
func (f filter) around(i, in, out int) (first int, weights []float64) {
	scale := float64(in) / float64(out)
	wide := max(scale, 1)
	support := float64(f.support * wide)
	center := float64((float64(i) + 0.5) * scale)
	first = max(0, int(center-support+0.5))
	end := min(in, int(center+support+0.5))
	narrow, sum := 1/wide, 0.0
	for p := first; p < end; p++ {
		w := f.at((float64(p) - center + 0.5) * narrow)
		weights = append(weights, w)
		sum += w
	}
	for j := range weights {
		weights[j] /= sum
	}
	return first, weights
}

// pillowBits is how fine weights of bytes are, 2⁻²²: of 32 bits, eight are the picture's, and two are left for filters
// that overshoot.
const pillowBits = 22

// whole returns the filter of an axis in multiples of 2⁻²², rounded half away from 0.
func (f filter) whole(in, out int) taps {
	var t taps
	for i := range out {
		first, row := f.around(i, in, out)
		weight := make([]int32, len(row))
		for j, w := range row {
			weight[j] = int32(math.Round(w * (1 << pillowBits)))
		}
		t.start, t.weight = append(t.start, first), append(t.weight, weight)
	}
	return t
}

// pillowHalf is half of a shade.
const pillowHalf = 1 << (pillowBits - 1)

// pillowRows filters each of so many rows of pixels.
func pillowRows(out, in []byte, rows int, t taps) {
	from, to := len(in)/rows/4, len(t.start)
	eachRow(rows, 4*from, func(lo, hi int) {
		line := make([]pair, from)
		for r := lo; r < hi; r++ {
			row := in[4*r*from:][:4*from]
			for x := range line {
				line[x] = paired(row[4*x:])
			}
			for i, first := range t.start {
				weighted(line[first:], t.weight[i]).round(out[4*(r*to+i):])
			}
		}
	})
}

// weighted returns the weighted sum of pixels, and half of a shade.
func weighted(pixels []pair, weight []int32) pair {
	redBlue, greenAlpha := both(pillowHalf), both(pillowHalf)
	pixels = pixels[:len(weight)]
	for j, w := range weight {
		redBlue += pixels[j].redBlue * int64(w)
		greenAlpha += pixels[j].greenAlpha * int64(w)
	}
	return pair{redBlue, greenAlpha}
}

// pillowColumns returns rows of so many bytes filtered along columns.
func pillowColumns(in []byte, width int, t taps) []byte {
	out := make([]byte, width*len(t.start))
	eachRow(len(t.start), width, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			above, to := in[t.start[r]*width:], out[r*width:][:width]
			for k := 0; k < width; k += 4 {
				weightedBelow(above[k:], width, t.weight[r]).round(to[k:])
			}
		}
	})
	return out
}

// weightedBelow is weighted of a column of bytes, whose rows are so far apart.
func weightedBelow(in []byte, apart int, weight []int32) pair {
	redBlue, greenAlpha := both(pillowHalf), both(pillowHalf)
	for j, w := range weight {
		p := paired(in[j*apart:])
		redBlue += p.redBlue * int64(w)
		greenAlpha += p.greenAlpha * int64(w)
	}
	return pair{redBlue, greenAlpha}
}

// round writes the bytes nearest to a pixel's sums.
func (p pair) round(to []byte) {
	r, b := halves(p.redBlue)
	g, a := halves(p.greenAlpha)
	o := to[:4:4]
	o[0], o[1], o[2], o[3] = clipped(r>>pillowBits), clipped(g>>pillowBits), clipped(b>>pillowBits), clipped(a>>pillowBits)
}

// clipped is the byte nearest to a sum, which filters that overshoot carry beyond.
func clipped(v int32) byte { return byte(max(0, min(v, 255))) }

// pillowNearest takes the inputs under the outputs' centres, whose places Pillow adds up step by step (Geometry.c).
func pillowNearest(in, out int) []int {
	step := float64(in) / float64(out)
	place := float64(step * 0.5)
	at := make([]int, out)
	for i := range at {
		at[i] = min(int(place), in-1)
		place += step
	}
	return at
}

func box(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}

func triangle(x float64) float64 { return max(0, 1-math.Abs(x)) }

// cubic is Keys's piecewise cubic (1981) with slope -0.5 at distance one.
func cubic(x float64) float64 {
	const a = -0.5
	switch x = math.Abs(x); {
	case x < 1:
		return float64(float64(float64(float64((a+2)*x)-(a+3))*x)*x) + 1
	case x < 2:
		return float64((float64((float64((x-5)*x)+8)*x) - 4) * a)
	}
	return 0
}

// lanczos is the sinc of three lobes; FitTo's filter without an end.
func lanczos(x float64) float64 {
	if x < -3 || x >= 3 {
		return 0
	}
	return lanczos3.At(x)
}
