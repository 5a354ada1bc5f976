package images

import (
	"errors"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Layout is the order of a picture's values in a tensor.
type Layout bool

// The orders of a tensor's values.
const (
	ChannelsFirst Layout = false // [1, 3, H, W]
	ChannelsLast  Layout = true  // [1, H, W, 3]
)

// Range is the value of black and of white in a tensor.
type Range struct{ Black, White float32 }

// The ranges in use.
var (
	Signed = Range{-1, 1} // the VAE's
	Unit   = Range{0, 1}
)

// index returns where a channel of a pixel stands in a tensor of n pixels.
func (l Layout) index(pixel, channel, n int) int {
	if l == ChannelsLast {
		return 3*pixel + channel
	}
	return channel*n + pixel
}

// ToTensor returns a picture's red, green and blue values; nothing for what is no picture.
func ToTensor(picture *image.RGBA, layout Layout, r Range) []float32 {
	size := sizeIf(picture)
	n := size.X * size.Y
	out := make([]float32, 3*n)
	var shades [256]float32
	for i := range shades {
		v := float32(i) / 255
		shades[i] = r.Black + v*(r.White-r.Black)
	}
	apart := layout.index(0, 1, n)
	eachRow(size.Y, 4*size.X, func(lo, hi int) {
		for y := lo; y < hi; y++ {
			row := picture.Pix[y*picture.Stride:][:4*size.X]
			at, next := layout.index(y*size.X, 0, n), layout.index(1, 0, n)
			for ; len(row) >= 4; row = row[4:] {
				out[at], out[at+apart], out[at+2*apart] = shades[row[0]], shades[row[1]], shades[row[2]]
				at += next
			}
		}
	})
	return out
}

// FromTensor returns the picture of a tensor of one picture; values outside the range are clamped, the rest
// rounded to the nearest of 256 shades. A value that is not a number is an error.
func FromTensor(values []float32, h, w int, layout Layout, r Range) (*image.RGBA, error) {
	if CheckSize(w, h) != nil || len(values) != 3*h*w {
		return nil, fmt.Errorf("a tensor of %d values is no picture of 3 channels and %d×%d pixels", len(values), w, h)
	}
	if r.White-r.Black == 0 {
		return nil, fmt.Errorf("a range whose black and white are both %g", r.Black)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for pixel := range h * w {
		for c := range 3 {
			v := (values[layout.index(pixel, c, h*w)] - r.Black) / (r.White - r.Black)
			if v != v {
				return nil, fmt.Errorf("the picture's channel %d is not a number at pixel %d, %d", c, pixel%w, pixel/w)
			}
			out.Pix[4*pixel+c] = shade(v)
		}
		out.Pix[4*pixel+3] = 255
	}
	return out, nil
}

// ForModel returns a picture as diffusion.Pipeline takes it: [1, 3, H, W] in [-1, 1]; nil for what is no picture,
// which the pipeline refuses.
func ForModel(picture *image.RGBA) *gt.Dense {
	size := sizeIf(picture)
	if size == (image.Point{}) {
		return nil
	}
	return tensor.FromFloat32s(ToTensor(picture, ChannelsFirst, Signed), 1, 3, size.Y, size.X)
}

// FromModel returns the picture that diffusion.Pipeline has made, [1, 3, H, W] in [-1, 1], as FromTensor does.
func FromModel(picture *gt.Dense) (*image.RGBA, error) {
	if picture == nil {
		return nil, errors.New("there is no picture: want a tensor [1, 3, H, W]")
	}
	s := picture.Shape()
	if len(s) != 4 || s[0] != 1 || s[1] != 3 {
		return nil, fmt.Errorf("a picture of shape %v, want [1, 3, H, W]", s)
	}
	switch picture.Dtype() {
	case gt.Float32, tensor.Float16, tensor.BFloat16:
		return FromTensor(tensor.Float32s(picture), s[2], s[3], ChannelsFirst, Signed)
	}
	return nil, fmt.Errorf("a picture of dtype %v, want float32, Float16 or BF16", picture.Dtype())
}

// shade returns the one of 256 shades that is nearest to a value between 0 and 1.
func shade(v float32) uint8 {
	return uint8(math.RoundToEven(255 * float64(max(0, min(v, 1)))))
}

// FromMap returns a map [h, w] as a grey picture, 0 black and 1 white; values outside are clamped.
func FromMap(values []float32, h, w int) (*image.Gray, error) {
	if CheckSize(w, h) != nil || len(values) != h*w {
		return nil, fmt.Errorf("a map of %d values is no picture of %d×%d pixels", len(values), w, h)
	}
	out := image.NewGray(image.Rect(0, 0, w, h))
	for i, v := range values {
		if v != v {
			return nil, fmt.Errorf("the map is not a number at pixel %d, %d", i%w, i/w)
		}
		out.Pix[i] = shade(v)
	}
	return out, nil
}

// FromBytes is a picture of h×w pixels of three bytes, row by row; nil if there are not as many bytes.
func FromBytes(rgb []byte, h, w int) *image.RGBA {
	if CheckSize(w, h) != nil || len(rgb) != 3*h*w {
		return nil
	}
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range h * w {
		copy(m.Pix[4*i:], append(slices.Clip(rgb[3*i:3*i+3]), 255))
	}
	return m
}
