package generate

import (
	"image"
	"iter"
	"math"
)

// patch is a part of a picture that is pasted.
type patch struct {
	size image.Point
	rgb  []uint8 // three a pixel, row by row
	has  []bool  // which of the pixels there are: after a turn the corners are empty; nil is all
}

// cut takes a box out of the normal picture. What lies outside the picture is black.
func cut(c *call, at, size image.Point) patch {
	p := patch{size: size, rgb: make([]uint8, 3*size.X*size.Y)}
	for y := range min(size.Y, c.size.Y-at.Y) {
		row := c.Normal.Pix[(at.Y+y)*c.Normal.Stride+4*at.X:]
		to := p.rgb[3*y*size.X:]
		for x := range min(size.X, c.size.X-at.X) {
			copy(to[3*x:3*x+3], row[4*x:])
		}
	}
	return p
}

// turned is the patch turned about its middle, in degrees anticlockwise, each pixel the nearest one's colour, in the
// least box that holds it.
func (p patch) turned(degrees float64) patch {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w, h := float64(p.size.X), float64(p.size.Y)
	extent := func(side, a, b float64) int { // of the turned corners, to whole pixels
		reach := (math.Abs(a)+math.Abs(b))/2 - 1e-9
		return max(1, int(math.Ceil(side/2+reach)-math.Floor(side/2-reach)))
	}
	out := patch{size: image.Pt(extent(w, w*cos, h*sin), extent(h, w*sin, h*cos))}
	out.rgb, out.has = make([]uint8, 3*out.size.X*out.size.Y), make([]bool, out.size.X*out.size.Y)
	for i := range out.has {
		dx := float64(i%out.size.X) + 0.5 - float64(out.size.X)/2
		dy := float64(i/out.size.X) + 0.5 - float64(out.size.Y)/2
		x, y := int(math.Floor(cos*dx-sin*dy+w/2)), int(math.Floor(sin*dx+cos*dy+h/2))
		if x >= 0 && x < p.size.X && y >= 0 && y < p.size.Y {
			out.has[i] = true
			copy(out.rgb[3*i:3*i+3], p.rgb[3*(y*p.size.X+x):])
		}
	}
	return out
}

// pasted is the normal picture with the patch at a corner, where the picture may change.
func (p patch) pasted(c *call, at image.Point) made {
	m := made{picture: c.copied(), mask: image.NewGray(image.Rectangle{Max: c.size})}
	for i := range p.size.X * p.size.Y {
		x, y := at.X+i%p.size.X, at.Y+i/p.size.X
		if x >= c.size.X || y >= c.size.Y || p.has != nil && !p.has[i] || !c.may(y*c.size.X+x) {
			continue
		}
		m.mask.Pix[y*c.size.X+x] = 255
		copy(m.picture.Pix[m.picture.PixOffset(x, y):][:3], p.rgb[3*i:])
	}
	return m
}

// cornersInPlace are the upper left corners at which a box lies inside the place, all of it, row by row.
func (c *call) cornersInPlace(box image.Point) iter.Seq[image.Point] {
	wide := c.size.X + 1
	sum := make([]int32, wide*(c.size.Y+1)) // pixels of the place above and to the left
	for y := range c.size.Y {
		var row int32
		for x := range c.size.X {
			row += int32(c.place.Pix[y*c.size.X+x]) / 255
			sum[(y+1)*wide+x+1] = sum[y*wide+x+1] + row
		}
	}
	return func(yield func(image.Point) bool) {
		for y := range c.size.Y - box.Y + 1 {
			above, below := sum[y*wide:], sum[(y+box.Y)*wide:]
			for x := range c.size.X - box.X + 1 {
				if below[x+box.X]-below[x]-above[x+box.X]+above[x] == int32(box.X*box.Y) && !yield(image.Pt(x, y)) {
					return
				}
			}
		}
	}
}

// acrossPlace draws a pixel of the place and returns the corner of a box around it, inside the picture where it fits.
func (c *call) acrossPlace(box image.Point) image.Point {
	k := c.draws.Whole(0, c.room())
	for i, v := range c.place.Pix {
		if v == 0 {
			continue
		}
		if k--; k < 0 {
			x, y := i%c.size.X-box.X/2, i/c.size.X-box.Y/2
			return image.Pt(max(0, min(x, c.size.X-box.X)), max(0, min(y, c.size.Y-box.Y)))
		}
	}
	return image.Point{}
}
