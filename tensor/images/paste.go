package images

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"math"
)

// Feather is how wide the seam is over which Paste leads from the original to the generated picture, in pixels.
const Feather = 6

// Paste returns a copy of an original picture that has, in the part at, the generated picture of the part's size
// where the part's mask [H, W] is 1. Where it is not, and outside the part, every pixel is the original's. The
// seam lies inside the mask: over the Feather pixels next to the mask's edge the two are mixed, by the distance
// from it. The picture's own border is no edge.
func Paste(original *image.RGBA, at image.Rectangle, generated *image.RGBA, mask []float32) (*image.RGBA, error) {
	if err := errors.Join(Check(original), Check(generated)); err != nil {
		return nil, err
	}
	size := at.Size()
	if at.Empty() || !at.In(original.Bounds()) || generated.Bounds().Size() != size || len(mask) != size.X*size.Y {
		return nil, fmt.Errorf("a picture of %v and a mask of %d pixels cannot be put into the part %v of a picture of %v",
			generated.Bounds().Size(), len(mask), at, original.Bounds().Size())
	}
	out := image.NewRGBA(original.Bounds())
	draw.Draw(out, out.Bounds(), original, original.Bounds().Min, draw.Src)
	for i, d := range distances(mask, size.X, size.Y) {
		if d == 0 {
			continue
		}
		share := min(1, float64(d)/(step*(Feather+1)))
		x, y := i%size.X, i/size.X
		to := out.Pix[out.PixOffset(at.Min.X+x, at.Min.Y+y):][:3]
		from := generated.Pix[y*generated.Stride+4*x:][:3]
		for c, old := range to {
			to[c] = uint8(math.RoundToEven(share*float64(from[c]) + (1-share)*float64(old)))
		}
	}
	return out, nil
}

// step and diagonal approximate the distances of neighbouring pixels, 1 and √2, in whole numbers.
const step, diagonal = 3, 4

// distances returns how far each pixel is from the nearest one outside the mask, in thirds of a pixel: 0
// outside, and at most as far as matters. It is the 3-4 chamfer distance (Borgefors 1986): two passes, each
// taking the way over the neighbours that it has seen.
func distances(mask []float32, w, h int) []int16 {
	d := make([]int16, len(mask))
	for i, m := range mask {
		if m >= 0.5 {
			d[i] = step * (Feather + 1)
		}
	}
	over := func(i, dx, dy int, cost int16) {
		x, y := i%w+dx, i/w+dy
		if x >= 0 && x < w && y >= 0 && y < h {
			d[i] = min(d[i], d[y*w+x]+cost)
		}
	}
	pass := func(i, back int) {
		if d[i] == 0 {
			return
		}
		over(i, back, 0, step)
		over(i, -1, back, diagonal)
		over(i, 0, back, step)
		over(i, 1, back, diagonal)
	}
	for i := range d {
		pass(i, -1)
	}
	for i := len(d) - 1; i >= 0; i-- {
		pass(i, 1)
	}
	return d
}
