package images

import "fmt"

// SquareClosed returns a mask [h, w] without the gaps that a square of side pixels, 1 to 1000, does not fit into
// (closing): 1 and 0. Beyond its border the mask is mirrored. It is scikit-image's closing with a square; of an even
// side the square lies there as in scikit-image 0.24, one pixel further to the right and below first.
func SquareClosed(mask []float32, h, w, side int) ([]float32, error) {
	return squared(mask, h, w, side, false)
}

// SquareOpened returns a mask [h, w] without the parts that a square of side pixels, 1 to 1000, does not fit into
// (opening), by the rules of SquareClosed.
func SquareOpened(mask []float32, h, w, side int) ([]float32, error) {
	return squared(mask, h, w, side, true)
}

// squared grows a mask by a square and shrinks it again, or, of an opening, the other way round, which is to grow and
// shrink what is not the mask.
func squared(mask []float32, h, w, side int, opening bool) ([]float32, error) {
	if err := checkMap(mask, h, w, h, w); err != nil {
		return nil, err
	}
	if side < 1 || side > maxSigma {
		return nil, fmt.Errorf("images: a square of %d pixels, want 1 to %d", side, maxSigma)
	}
	in := make([]bool, len(mask))
	for i, v := range mask {
		in[i] = (v >= 0.5) != opening
	}
	before, after := (side-1)/2, side/2
	grow(in, h, w, before, after)
	for i, v := range in {
		in[i] = !v
	}
	grow(in, h, w, after, before)
	out := make([]float32, len(mask))
	for i, v := range in {
		if v == opening {
			out[i] = 1
		}
	}
	return out, nil
}

// grow sets every pixel with one that is set up to so many pixels before it or after it, along columns and rows.
func grow(in []bool, h, w, before, after int) {
	for x := range w {
		growLine(in[x:], h, w, before, after)
	}
	for y := range h {
		growLine(in[y*w:], w, 1, before, after)
	}
}

// growLine grows n pixels, step apart, of a line that is mirrored at its ends.
func growLine(in []bool, n, step, before, after int) {
	set := make([]int32, 1, n+before+after+1) // how many are set before each pixel of the mirrored line
	for i := -before; i < n+after; i++ {
		sum := set[len(set)-1]
		if in[mirrored(i, n)*step] {
			sum++
		}
		set = append(set, sum)
	}
	for i := range n {
		in[i*step] = set[i+before+after+1] > set[i]
	}
}
