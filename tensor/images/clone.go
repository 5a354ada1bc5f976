package images

import (
	"errors"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/kernels"
)

// Gradients says whose differences between neighbouring pixels SeamlessClone keeps where its weights are.
type Gradients int

const (
	// SourceGradients are the source's (OpenCV's NORMAL_CLONE).
	SourceGradients Gradients = iota
	// LargerGradients are at each pixel the longer one of the source's and the destination's, colour by colour, so that
	// what the destination has shows through (Pérez, equation 12).
	LargerGradients
	// OpenCVMixedGradients are the source's where the difference of their two components is larger than the
	// destination's (OpenCV's MIXED_CLONE). That is no length: an edge at 45° counts for nothing.
	OpenCVMixedGradients
)

// SeamlessClone returns the destination with the source blended in, its top left corner at a point of the destination, as
// OpenCV's seamlessClone does it: no pixel changes on the outline of the box around the weights, and all within change
// so that they have the source's gradients where there are weights, and the destination's elsewhere. Most of the pixels
// of the box therefore change in colour, those without weight too, by few levels. Where they must not, or the mask is no
// rectangle, Poisson is what one wants; SeamlessClone is for what others made with OpenCV, and several times as fast.
//
// Weights have the source's size; 255 is the source's gradients, 0 the destination's. They are first made smaller by
// three pixels on every side, the outermost row and column of the source not counting. The box must lie on the
// destination; without weights the destination comes back. Colours are cut to whole numbers, not rounded.
//
// OpenCV's point is not the corner: ClonePoint has it.
func SeamlessClone(destination, source *image.RGBA, weights *image.Gray, corner image.Point, g Gradients) (*image.RGBA, error) {
	if err := errors.Join(Check(destination), Check(source)); err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	if g < SourceGradients || g > OpenCVMixedGradients {
		return nil, fmt.Errorf("images: there are no gradients %d to blend with", int(g))
	}
	if err := checkGray(weights, source.Rect.Size()); err != nil {
		return nil, fmt.Errorf("images: weights of a source of %s: %w", sizeOf(source.Rect.Size()), err)
	}
	out := Cut(destination, destination.Rect)
	box := weighed(weights)
	if box.Empty() {
		return out, nil
	}
	size := out.Rect.Size()
	if least, most := (image.Point{}).Sub(box.Min), size.Sub(box.Max); corner.X < least.X || corner.X > most.X || corner.Y < least.Y || corner.Y > most.Y {
		return nil, fmt.Errorf("images: with its corner at %v what is blended in does not lie on the destination of %s pixels: corners may be at %v to %v", corner, sizeOf(size), least, most)
	}
	c := &clone{
		out: out, source: Cut(source, box.Add(source.Rect.Min)), box: box.Add(corner),
		weights: eroded(weights, box), gradients: g,
	}
	c.blend()
	return out, nil
}

// ClonePoint returns the corner that OpenCV's seamlessClone has for a point: the box around the weights, not the source,
// comes to lie with its middle there.
func ClonePoint(weights *image.Gray, point image.Point) (corner image.Point, err error) {
	if weights == nil {
		return point, errors.New("images: there are no weights")
	}
	if err := checkGray(weights, weights.Rect.Size()); err != nil {
		return point, fmt.Errorf("images: weights: %w", err)
	}
	box := weighed(weights)
	return point.Sub(box.Size().Div(2)).Sub(box.Min), nil
}

// checkGray is an error if there is no mask, or one that has not a size.
func checkGray(mask *image.Gray, size image.Point) error {
	switch {
	case mask == nil:
		return errors.New("there are none")
	case mask.Rect.Size() != size:
		return fmt.Errorf("they have %s pixels", sizeOf(mask.Rect.Size()))
	case mask.Stride < size.X || len(mask.Pix) < size.X || (len(mask.Pix)-size.X)/mask.Stride < size.Y-1:
		return fmt.Errorf("rows of %d bytes, and only %d bytes", mask.Stride, len(mask.Pix))
	}
	return nil
}

// weighed is the box around weights that are not 0, without the outermost rows and columns.
func weighed(weights *image.Gray) image.Rectangle {
	var box image.Rectangle
	size := weights.Rect.Size()
	for y := 1; y < size.Y-1; y++ {
		row := weights.Pix[y*weights.Stride:][:size.X]
		for x := 1; x < size.X-1; x++ {
			if row[x] == 0 {
				continue
			}
			if at := image.Rect(x, y, x+1, y+1); !at.In(box) {
				box = box.Union(at)
			}
		}
	}
	return box
}

// eroded are the weights within their box, the least of the 7×7 around each; around the box they are 0.
func eroded(weights *image.Gray, box image.Rectangle) []uint8 {
	const reach = 3
	w, h := box.Dx(), box.Dy()
	half, out := make([]uint8, w*h), make([]uint8, w*h)
	for y := range h {
		row := weights.Pix[(box.Min.Y+y)*weights.Stride+box.Min.X:][:w]
		for x := reach; x < w-reach; x++ {
			r := row[x-reach:][:2*reach+1]
			half[y*w+x] = min(r[0], r[1], r[2], r[3], r[4], r[5], r[6])
		}
	}
	for y := reach; y < h-reach; y++ {
		copy(out[y*w:][:w], half[(y-reach)*w:])
		for k := 1 - reach; k <= reach; k++ {
			for x, v := range half[(y+k)*w:][:w] {
				out[y*w+x] = min(out[y*w+x], v)
			}
		}
	}
	return out
}

// clone is a call of SeamlessClone.
type clone struct {
	out, source *image.RGBA     // the destination, and the source within the box
	box         image.Rectangle // on out
	weights     []uint8         // within the box; 0 along its outline, three pixels wide
	gradients   Gradients
}

// blend adds to the destination what it is short of: a number for each pixel, 0 on the box's outline, whose gradients are
// the weighed differences of both gradients. Where these are equal the destination stays as it is, to the bit.
func (c *clone) blend() {
	w, h := c.box.Dx()-2, c.box.Dy()-2
	if w < 1 || h < 1 {
		return
	}
	across := image.Pt(1, w) // distances of neighbours among the numbers: transforms are along the shorter side
	if w > h {
		across = image.Pt(h, 1)
	}
	sums := make([]float32, 3*w*h)
	kernels.Parallel(3, func(k int) { c.divergence(sums[k*w*h:][:w*h], k, across) })
	newRectangle(max(w, h), min(w, h)).solve(sums)
	kernels.Range(h, 16, func(lo, hi int) {
		for y := lo; y < hi; y++ {
			row := c.out.Pix[(c.box.Min.Y+1+y)*c.out.Stride+4*(c.box.Min.X+1):][:4*w]
			for x := range w {
				for k := range 3 {
					v := float32(row[4*x+k]) + sums[k*w*h+x*across.X+y*across.Y]
					row[4*x+k] = uint8(min(max(v, 0), 255))
				}
			}
		}
	})
}

// divergence sums, at each pixel within the outline, how much of one colour's gradients is missing: what comes in less
// what goes out.
func (c *clone) divergence(sums []float32, colour int, across image.Point) {
	w := c.box.Dx()
	sRow, dRow := c.source.Stride, c.out.Stride
	for i, weight := range c.weights {
		if weight == 0 {
			continue
		}
		x, y := i%w, i/w
		s := c.source.Pix[y*sRow+4*x+colour:]
		d := c.out.Pix[(c.box.Min.Y+y)*dRow+4*(c.box.Min.X+x)+colour:]
		sx, sy := int(s[4])-int(s[0]), int(s[sRow])-int(s[0])
		dx, dy := int(d[4])-int(d[0]), int(d[dRow])-int(d[0])
		if !c.gradients.counts(sx, sy, dx, dy) {
			continue
		}
		share := float32(weight) / 255
		rx, ry := share*float32(sx-dx), share*float32(sy-dy)
		at := (x-1)*across.X + (y-1)*across.Y
		sums[at] += rx + ry
		sums[at+across.X] -= rx
		sums[at+across.Y] -= ry
	}
}

// counts reports whether the source's gradient is taken.
func (g Gradients) counts(sx, sy, dx, dy int) bool {
	switch g {
	case LargerGradients:
		return sx*sx+sy*sy > dx*dx+dy*dy
	case OpenCVMixedGradients:
		return max(sx-sy, sy-sx) > max(dx-dy, dy-dx)
	}
	return true
}
