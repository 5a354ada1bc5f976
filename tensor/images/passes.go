package images

import (
	"image"

	"github.com/sdgraph/sdgraph/kernels"
)

// taps is a linear filter of whole numbers along one axis: output i is the sum of weight[i][j] times input start[i]+j.
type taps struct {
	start  []int
	weight [][]int32
}

// pass filters the middle axis of in, [groups, n, width], and sets out, [groups, len(start), width]: pixels along
// rows where width is a pixel's, rows along columns where it is a row's. sum weights numbers that are len(out) apart.
func pass[I, O any](out []O, in []I, groups, width int, t taps, sum func(out []O, in []I, weight []int32)) {
	m := len(t.start)
	n := len(in) / groups / width
	kernels.Range(groups*m, max(1, 1<<14/width), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			group, i := r/m, r%m
			sum(out[r*width:][:width], in[(group*n+t.start[i])*width:], t.weight[i])
		}
	})
}

// packed returns a picture's bytes without gaps between its rows, four a pixel.
func packed(picture *image.RGBA) []byte {
	size := picture.Rect.Size()
	if picture.Stride != 4*size.X {
		picture = Cut(picture, picture.Rect)
	}
	return picture.Pix[:4*size.X*size.Y]
}
