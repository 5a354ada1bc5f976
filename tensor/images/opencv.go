package images

import (
	"image"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// openCVNearest is OpenCV's choice: the corner's position in double precision, rounded down.
func openCVNearest(in, out int) []int {
	scale := 1 / (float64(out) / float64(in))
	at := make([]int, out)
	for i := range at {
		at[i] = min(int(float64(i)*scale), in-1)
	}
	return at
}

// openCVTaps interpolates between half-pixel centres, whose places are rounded to float32 at the end only.
func openCVTaps(in, out int) kernels.Taps {
	return lines(in, out, openCVPosition(in, out))
}

func openCVPosition(in, out int) func(i int) float32 {
	scale := 1 / (float64(out) / float64(in))
	return func(i int) float32 { return float32(float64((float64(i)+0.5)*scale) - 0.5) }
}

// openCVBits is how fine weights of bytes are, 2⁻¹¹ (resize.cpp, INTER_RESIZE_COEF_BITS).
const openCVBits = 11

// openCVBytes resizes as resize.cpp does bytes: along rows without rounding, along columns in 16 bits. Above the first
// row and below the last it mixes two copies of one, which does not round as that row alone: they are laid around.
func openCVBytes(out, picture *image.RGBA, from, to image.Point) {
	row := 4 * to.X
	half := make([]int32, row*(from.Y+2))
	openCVAlong(half[row:][:row*from.Y], packed(picture), from.Y, openCVColumns(from.X, to.X))
	copy(half, half[row:][:row])
	copy(half[row*(from.Y+1):], half[row*from.Y:][:row])
	rows := openCVRows(from.Y, to.Y)
	eachRow(to.Y, row, func(lo, hi int) {
		for y := lo; y < hi; y++ {
			openCVAcross(out.Pix[y*row:][:row], half[rows.start[y]*row:], rows.weight[y])
		}
	})
}

// openCVColumns are the weights along rows: at the ends the last pixel's alone.
func openCVColumns(in, out int) taps {
	var t taps
	position := openCVPosition(in, out)
	for i := range out {
		first, f := linear(position(i), in)
		weight := openCVWeights(f)
		if f == 0 {
			weight = weight[:1]
		}
		t.start, t.weight = append(t.start, first), append(t.weight, weight)
	}
	return t
}

// openCVRows are the weights along columns, of rows with one more at either end.
func openCVRows(in, out int) taps {
	var t taps
	position := openCVPosition(in, out)
	for i := range out {
		floor := math.Floor(float64(position(i)))
		first := max(-1, min(int(floor), in-1))
		t.start = append(t.start, first+1)
		t.weight = append(t.weight, openCVWeights(position(i)-float32(floor)))
	}
	return t
}

// openCVWeights are the weights of two neighbours, rounded half to even.
func openCVWeights(f float32) []int32 {
	fixed := func(w float32) int32 { return int32(math.RoundToEven(float64(w * (1 << openCVBits)))) }
	return []int32{fixed(1 - f), fixed(f)}
}

// openCVAlong filters each of so many rows of pixels.
func openCVAlong(out []int32, in []byte, rows int, t taps) {
	from, to := len(in)/rows, 4*len(t.start)
	eachRow(rows, from, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			for i, first := range t.start {
				weight := t.weight[i]
				p := in[r*from+4*first:][:4*len(weight)]
				o := out[r*to+4*i:][:4:4]
				for k := range o {
					o[k] = int32(p[k]) * weight[0]
				}
				if len(weight) == 2 {
					for k := range o {
						o[k] += int32(p[4+k]) * weight[1]
					}
				}
			}
		}
	})
}

// openCVAcross weights two rows, each product cut to 16 bits as vectors of them are multiplied.
func openCVAcross(out []byte, in []int32, weight []int32) {
	upper, lower := in[:len(out)], in[len(out):][:len(out)]
	a, b := weight[0], weight[1]
	for k := range out {
		out[k] = clipped((((upper[k]>>4)*a)>>16 + ((lower[k]>>4)*b)>>16 + 2) >> 2)
	}
}
