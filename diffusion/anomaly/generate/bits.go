package generate

import (
	"image"
	"slices"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// bits is where something is in a picture or a patch: a byte for each pixel, row by row, 1 where it is and 0 elsewhere.
type bits struct {
	w, h int
	on   []uint8
}

func newBits(size image.Point) *bits { return &bits{size.X, size.Y, make([]uint8, size.X*size.Y)} }

// everywhere is all of a size.
func everywhere(size image.Point) *bits {
	b := newBits(size)
	for i := range b.on {
		b.on[i] = 1
	}
	return b
}

// bitsOf is where a mask is white; of none, nil.
func bitsOf(mask *image.Gray) *bits {
	if mask == nil {
		return nil
	}
	b := newBits(mask.Rect.Size())
	for i := range b.on {
		b.on[i] = mask.Pix[i/b.w*mask.Stride+i%b.w] / white
	}
	return b
}

func (b *bits) row(y int) []uint8 { return b.on[y*b.w:][:b.w] }

// cut is what lies within a rectangle; of nil, nil.
func (b *bits) cut(r image.Rectangle) *bits {
	if b == nil {
		return nil
	}
	out := newBits(r.Size())
	for y := range out.h {
		copy(out.row(y), b.row(r.Min.Y + y)[r.Min.X:])
	}
	return out
}

// take has b be what part is within a rectangle; with union what is there already stays.
func (b *bits) take(part *bits, at image.Rectangle, union bool) {
	for y := range part.h {
		row := b.row(at.Min.Y + y)[at.Min.X:]
		for x, v := range part.row(y) {
			if union {
				v |= row[x]
			}
			row[x] = v
		}
	}
}

func (b *bits) count() int {
	n := 0
	for _, v := range b.on {
		n += int(v)
	}
	return n
}

// countBoth counts where b is and, from a point of it on, other.
func (b *bits) countBoth(other *bits, at image.Point) int {
	n := 0
	for y := range b.h {
		theirs := other.row(at.Y + y)[at.X:][:b.w]
		for x, v := range b.row(y) {
			n += int(v & theirs[x])
		}
	}
	return n
}

// box is the smallest rectangle around what is on.
func (b *bits) box() image.Rectangle {
	var box image.Rectangle
	for i, v := range b.on {
		if x, y := i%b.w, i/b.w; v != 0 && !image.Pt(x, y).In(box) {
			box = box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return box
}

// both is where b and other are.
func (b *bits) both(other *bits) *bits {
	out := &bits{b.w, b.h, slices.Clone(b.on)}
	out.and(other)
	return out
}

// and leaves what other has, too; nil has everything.
func (b *bits) and(other *bits) {
	if other == nil {
		return
	}
	for i, v := range other.on {
		b.on[i] &= v
	}
}

// smoothed is without grain: a pixel is on where most are of the square of an odd side around it. The border is repeated.
func (b *bits) smoothed(side int) *bits {
	out, reach := newBits(image.Pt(b.w, b.h)), side/2
	rows := make([]uint16, b.w) // sums of the rows around a pixel
	add := func(y, sign int) {
		for x, v := range b.row(min(max(y, 0), b.h-1)) {
			rows[x] += uint16(sign * int(v))
		}
	}
	for y := -reach; y < reach; y++ {
		add(y, 1)
	}
	for y := range b.h {
		add(y+reach, 1)
		at := func(x int) int { return int(rows[min(max(x, 0), b.w-1)]) }
		sum := 0
		for x := -reach; x < reach; x++ {
			sum += at(x)
		}
		to := out.row(y)
		for x := range to {
			sum += at(x + reach)
			if 2*sum > side*side {
				to[x] = 1
			}
			sum -= at(x - reach)
		}
		add(y-reach, -1)
	}
	return out
}

// resizedBits resizes both as OpenCV resizes bytes of 0 and 1; of nil, nil.
func resizedBits(a, b *bits, to image.Point) (*bits, *bits, error) {
	both := image.NewRGBA(image.Rect(0, 0, a.w, a.h))
	for i, v := range a.on {
		both.Pix[4*i] = v
		if b != nil {
			both.Pix[4*i+1] = b.on[i]
		}
	}
	both, err := images.Resize(both, to, images.OpenCVBilinear)
	if err != nil {
		return nil, nil, err
	}
	channel := func(c int) *bits {
		out := newBits(to)
		for i := range out.on {
			out.on[i] = both.Pix[4*i+c]
		}
		return out
	}
	if b == nil {
		return channel(0), nil, nil
	}
	return channel(0), channel(1), nil
}
