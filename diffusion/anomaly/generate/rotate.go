package generate

import (
	"image"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// rotation turns a picture about its middle, clockwise, as imgaug does with OpenCV's warpAffine: bilinear between
// pixels, 0 outside, and places rounded to 1/32 of a pixel.
type rotation struct {
	size           image.Point
	alongX, alongY []int // how far a step along a row moves the place it shows, from the row's first
	firstX, firstY []int // the place that each row's first pixel shows; all in 1/1024 of a pixel
}

const (
	placeBits = 10            // of a pixel, as places are added up
	sureBits  = 5             // of a pixel, as they are used
	parts     = 1 << sureBits // of a pixel
	placeHalf = 1 << (placeBits - sureBits - 1)
)

func newRotation(size image.Point, degrees float64) rotation {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	midX, midY := float64(size.X-1)/2, float64(size.Y-1)/2
	fixed := func(v float64) int { return int(math.RoundToEven(v * (1 << placeBits))) }
	r := rotation{size, make([]int, size.X), make([]int, size.X), make([]int, size.Y), make([]int, size.Y)}
	for x := range size.X {
		r.alongX[x], r.alongY[x] = fixed(cos*float64(x)), fixed(-sin*float64(x))
	}
	for y := range size.Y {
		r.firstX[y] = fixed(sin*float64(y)+midX-cos*midX-sin*midY) + placeHalf
		r.firstY[y] = fixed(cos*float64(y)+midY+sin*midX-cos*midY) + placeHalf
	}
	return r
}

// at returns the pixel up and left of the place that pixel x, y shows, and how many 1/32 it is from there.
func (r *rotation) at(x, y int) (px, py, fx, fy int) {
	sx, sy := (r.firstX[y]+r.alongX[x])>>(placeBits-sureBits), (r.firstY[y]+r.alongY[x])>>(placeBits-sureBits)
	return sx >> sureBits, sy >> sureBits, sx & (parts - 1), sy & (parts - 1)
}

// each calls row for all rows, side by side.
func (r *rotation) each(row func(y int)) {
	kernels.Range(r.size.Y, max(1, 1<<13/r.size.X), func(lo, hi int) {
		for y := lo; y < hi; y++ {
			row(y)
		}
	})
}

// numbers turns a map [H, W].
func (r *rotation) numbers(in []float32) []float32 {
	w, h := r.size.X, r.size.Y
	out := make([]float32, len(in))
	value := func(x, y int) float32 {
		if x < 0 || x >= w || y < 0 || y >= h {
			return 0
		}
		return in[y*w+x]
	}
	r.each(func(y int) {
		to := out[y*w:][:w]
		for x := range to {
			px, py, fx, fy := r.at(x, y)
			var a, b, c, d float32
			switch {
			case px >= 0 && px < w-1 && py >= 0 && py < h-1:
				at := in[py*w+px:]
				a, b, c, d = at[0], at[1], at[w], at[w+1]
			case px < -1 || px >= w || py < -1 || py >= h:
				continue
			default:
				a, b, c, d = value(px, py), value(px+1, py), value(px, py+1), value(px+1, py+1)
			}
			u, v := float32(fx)/parts, float32(fy)/parts
			upper, lower := a+u*(b-a), c+u*(d-c)
			to[x] = upper + v*(lower-upper)
		}
	})
	return out
}

// picture turns a picture; what it has nothing of is black.
func (r *rotation) picture(in *image.RGBA) *image.RGBA {
	w, h := r.size.X, r.size.Y
	out := image.NewRGBA(image.Rectangle{Max: r.size})
	var nothing [4]uint8
	pixel := func(x, y int) []uint8 {
		if x < 0 || x >= w || y < 0 || y >= h {
			return nothing[:]
		}
		return in.Pix[y*in.Stride+4*x:][:4]
	}
	r.each(func(y int) {
		for x := range w {
			to := out.Pix[y*out.Stride+4*x:][:4]
			to[3] = 255
			px, py, fx, fy := r.at(x, y)
			if px < -1 || px >= w || py < -1 || py >= h {
				continue
			}
			a, b, c, d := pixel(px, py), pixel(px+1, py), pixel(px, py+1), pixel(px+1, py+1)
			for k := range 3 {
				upper, lower := int(a[k])*(parts-fx)+int(b[k])*fx, int(c[k])*(parts-fx)+int(d[k])*fx
				to[k] = uint8((upper*(parts-fy) + lower*fy + parts*parts/2) >> (2 * sureBits))
			}
		}
	})
	return out
}
