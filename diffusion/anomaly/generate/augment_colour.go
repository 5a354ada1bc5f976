package generate

import (
	"image"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// sharpness is Pillow's ImageEnhance.Sharpness: 0 is the picture smoothed, 1 as it is, and 2 as far beyond it.
func sharpness(factor float64) augmentation {
	f := float32(factor)
	return func(p *image.RGBA) *image.RGBA {
		size := p.Rect.Size()
		out := image.NewRGBA(p.Rect)
		copy(out.Pix, p.Pix)
		kernels.Range(size.Y-2, max(1, 1<<12/size.X), func(lo, hi int) {
			for y := lo + 1; y <= hi; y++ {
				above, at, below := p.Pix[(y-1)*p.Stride:], p.Pix[y*p.Stride:], p.Pix[(y+1)*p.Stride:]
				to := out.Pix[y*out.Stride:]
				for i := 4; i < 4*(size.X-1); i++ {
					sum := int(above[i-4]) + int(above[i]) + int(above[i+4]) + int(at[i-4]) + 5*int(at[i]) + int(at[i+4]) +
						int(below[i-4]) + int(below[i]) + int(below[i+4])
					smooth := float32((2*sum + 13) / 26)
					to[i] = uint8(max(0, min(255, smooth+f*(float32(at[i])-smooth))))
				}
			}
		})
		return out
	}
}

// brightness multiplies the value of HSV, cutting fractions off, and adds a whole number to it, or first adds.
func brightness(times, plus float64, addFirst bool) augmentation {
	var value levels
	multiply := func(v float32) float32 { return float32(int(min(255, v*float32(times)))) }
	add := func(v float32) float32 { return max(0, min(255, v+float32(math.RoundToEven(plus)))) }
	for i := range value {
		v := float32(i)
		if addFirst {
			v = multiply(add(v))
		} else {
			v = add(multiply(v))
		}
		value[i] = uint8(v)
	}
	return inHSV(func(c *hsvColour) { c.v = value[c.v] })
}

// hueAndSaturation adds to the hue, 255 for a whole circle, and to the saturation.
func hueAndSaturation(hue, saturation int) augmentation {
	turn := int(float64(hue) / 255 * hueCircle)
	return inHSV(func(c *hsvColour) {
		c.h = uint8((int(c.h) + turn + hueCircle) % hueCircle)
		c.s = uint8(max(0, min(255, int(c.s)+saturation)))
	})
}

// hsvColour is a colour as OpenCV has it in bytes: a hue of 0 to 179, and saturation and value.
type hsvColour struct{ h, s, v uint8 }

const (
	hueCircle = 180
	hsvBits   = 12 // of the fractions of the tables below
)

// perDifference and perValue divide by a byte: OpenCV's hdiv_table180 and sdiv_table.
var perDifference, perValue = func() (d, v [256]int32) {
	for i := 1; i < 256; i++ {
		d[i] = int32(math.RoundToEven(hueCircle << hsvBits / (6 * float64(i))))
		v[i] = int32(math.RoundToEven(255 << hsvBits / float64(i)))
	}
	return d, v
}()

// inHSV changes colours as HSV.
func inHSV(change func(c *hsvColour)) augmentation {
	return func(p *image.RGBA) *image.RGBA {
		each(p, func(pixels []uint8) {
			for ; len(pixels) >= 4; pixels = pixels[4:] {
				c := toHSV(pixels)
				change(&c)
				c.toRGB(pixels)
			}
		})
		return p
	}
}

func toHSV(rgb []uint8) hsvColour {
	r, g, b := int32(rgb[0]), int32(rgb[1]), int32(rgb[2])
	v := max(r, g, b)
	diff := v - min(r, g, b)
	var h int32
	switch v {
	case r:
		h = g - b
	case g:
		h = b - r + 2*diff
	default:
		h = r - g + 4*diff
	}
	const half = 1 << (hsvBits - 1)
	h = (h*perDifference[diff] + half) >> hsvBits
	if h < 0 {
		h += hueCircle
	}
	return hsvColour{uint8(h), uint8((diff*perValue[v] + half) >> hsvBits), uint8(v)}
}

// toRGB cuts fractions off as OpenCV's vectors do, so that levels come back up to one lower.
func (c hsvColour) toRGB(rgb []uint8) {
	h := float32(c.h) * (6. / hueCircle)
	s, v := float32(c.s)*(1./255), float32(c.v)*(1./255)
	sector := int(h)
	h -= float32(sector)
	less := func(h float32) float32 { return float32(1 - float64(s)*float64(h)) } // one rounding, as of a fused operation
	level := func(x float32) uint8 { return uint8(v * x * 255) }
	most, p, q, t := level(1), level(1-s), level(less(h)), level(less(1-h))
	switch sector {
	case 0:
		rgb[0], rgb[1], rgb[2] = most, t, p
	case 1:
		rgb[0], rgb[1], rgb[2] = q, most, p
	case 2:
		rgb[0], rgb[1], rgb[2] = p, most, t
	case 3:
		rgb[0], rgb[1], rgb[2] = p, q, most
	case 4:
		rgb[0], rgb[1], rgb[2] = t, p, most
	default:
		rgb[0], rgb[1], rgb[2] = most, p, q
	}
}
