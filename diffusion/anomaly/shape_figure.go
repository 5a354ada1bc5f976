package anomaly

import (
	"image"
	"math"
	"math/cmplx"
)

// figure is a shape before it is painted. Points are complex numbers, x + yi, in pixels; y goes down.
type figure struct {
	outline []complex128 // points whose convex hull is the shape's; none for nothing
	// inside reports whether a point belongs to the shape, which is painted in pixels of this size.
	inside func(z complex128, pixel float64) bool
}

// frame is what figures are drawn for: a picture's size, and the length of a pixel of a picture whose
// shorter side has 256. Open ones do not hold a figure, which is moved afterwards.
type frame struct {
	w, h, scale float64
	open        bool
}

// point draws a point of the frame.
func (f frame) point(d Draws) complex128 {
	x := d.Uniform(0, f.w)
	return complex(x, d.Uniform(0, f.h))
}

// centreOf is the middle of a pixel.
func centreOf(p image.Point) complex128 { return complex(float64(p.X)+0.5, float64(p.Y)+0.5) }

// mapped is the figure after a map and its inverse, by which lengths grow.
func (f figure) mapped(to, from func(z complex128) complex128, grow float64) figure {
	moved := figure{make([]complex128, len(f.outline)), func(z complex128, pixel float64) bool { return f.inside(from(z), pixel/grow) }}
	for i, z := range f.outline {
		moved.outline[i] = to(z)
	}
	return moved
}

// times is the figure turned and scaled about 0.
func (f figure) times(by complex128) figure {
	return f.mapped(func(z complex128) complex128 { return z * by }, func(z complex128) complex128 { return z / by }, cmplx.Abs(by))
}

// centred is the figure with the middle of its box at 0, and where that was.
func (f figure) centred() (figure, complex128) {
	lo, hi := f.box()
	middle := (lo + hi) / 2
	return f.mapped(func(z complex128) complex128 { return z - middle }, func(z complex128) complex128 { return z + middle }, 1), middle
}

// across is the figure with all heights times by.
func (f figure) across(by float64) figure {
	return f.mapped(
		func(z complex128) complex128 { return complex(real(z), imag(z)*by) },
		func(z complex128) complex128 { return complex(real(z), imag(z)/by) }, math.Sqrt(by))
}

// box is the upright box around the figure: its corners.
func (f figure) box() (lo, hi complex128) {
	for i, z := range f.outline {
		if i == 0 {
			lo, hi = z, z
		}
		lo = complex(min(real(lo), real(z)), min(imag(lo), imag(z)))
		hi = complex(max(real(hi), real(z)), max(imag(hi), imag(z)))
	}
	return lo, hi
}

// longest is the vector between the two points that are farthest apart.
func (f figure) longest() (v complex128) {
	best := 0.0
	for i, a := range f.outline {
		for _, b := range f.outline[:i] {
			x, y := real(a)-real(b), imag(a)-imag(b)
			if d := x*x + y*y; d > best {
				best, v = d, complex(x, y)
			}
		}
	}
	return v
}

// wanted is what a person wants of a shape, 0 or nil for nothing.
type wanted struct {
	size   float64 // longest extent
	aspect float64 // extent across, divided by that
	angle  *float64
}

// fit gives the figure what is wanted. Its middle stays at 0.
func (f figure) fit(w wanted) figure {
	along := f.longest()
	if w == (wanted{}) || along == 0 {
		return f
	}
	direction := along / complex(cmplx.Abs(along), 0)
	f = f.times(1 / direction)
	if lo, hi := f.box(); w.aspect > 0 && imag(hi-lo) > 0 {
		f = f.across(w.aspect * cmplx.Abs(along) / imag(hi-lo))
		along = f.longest() // may be another, of a figure like a rectangle
		f = f.times(cmplx.Conj(along) / complex(cmplx.Abs(along), 0))
	}
	if w.size > 0 {
		direction *= complex(w.size/cmplx.Abs(along), 0)
	}
	if w.angle != nil { // y goes down
		direction = cmplx.Rect(cmplx.Abs(direction), -*w.angle*math.Pi/180)
	}
	f, _ = f.times(direction).centred()
	return f
}

// cover calls visit for each pixel inside the figure with its middle at a point, of those in a part.
func (f figure) cover(middle complex128, part image.Rectangle, visit func(x, y int)) {
	lo, hi := f.box()
	lo, hi = lo+middle, hi+middle
	first := image.Pt(lower(real(lo), part.Min.X), lower(imag(lo), part.Min.Y))
	last := image.Pt(upper(real(hi), part.Max.X), upper(imag(hi), part.Max.Y))
	if len(f.outline) == 0 {
		return
	}
	for y := first.Y; y < last.Y; y++ {
		for x := first.X; x < last.X; x++ {
			if f.inside(centreOf(image.Pt(x, y))-middle, 1) {
				visit(x, y)
			}
		}
	}
}

// lower is the pixel before x, upper the one behind it, neither beyond an end. A line thinner than a
// pixel may reach one pixel further than its outline.
func lower(x float64, least int) int { return int(max(float64(least), math.Floor(x)-1)) }
func upper(x float64, most int) int  { return int(min(float64(most), math.Ceil(x)+1)) }

// paint makes white what is inside both the figure, with its middle at a point, and the ground.
func (f figure) paint(mask *image.Gray, middle complex128, g *ground) {
	f.cover(middle, mask.Rect, func(x, y int) {
		if g.has(x, y) {
			mask.Pix[y*mask.Stride+x] = 255
		}
	})
}
