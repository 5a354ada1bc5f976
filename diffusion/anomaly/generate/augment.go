package generate

import (
	"image"
	"math"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/kernels"
)

// augmentation changes a picture without gaps between its rows, or returns another one.
type augmentation func(p *image.RGBA) *image.RGBA

// augmenter is one of the ways in which DRAEM changes textures.
type augmenter struct {
	name string // as imgaug has it
	draw func(d anomaly.Draws) augmentation
}

// augmenters are DRAEM's ten, as imgaug computes them with OpenCV and Pillow. But they are of RGB, where DRAEM's pictures
// are BGR, and brightness is always that of HSV, of six spaces.
var augmenters = [...]augmenter{
	{"GammaContrast", func(d anomaly.Draws) augmentation {
		var exponents [3]float64
		for k := range exponents {
			exponents[k] = d.Uniform(0.5, 2)
		}
		return gamma(exponents)
	}},
	{"MultiplyAndAddToBrightness", func(d anomaly.Draws) augmentation {
		return brightness(d.Uniform(0.8, 1.2), d.Uniform(-30, 30), d.Whole(0, 2) == 1)
	}},
	{"EnhanceSharpness", func(d anomaly.Draws) augmentation { return sharpness(d.Uniform(0, 2)) }},
	{"AddToHueAndSaturation", func(d anomaly.Draws) augmentation { return hueAndSaturation(d.Whole(-50, 51), d.Whole(-50, 51)) }},
	{"Solarize", func(d anomaly.Draws) augmentation {
		if d.Uniform(0, 1) >= 0.5 {
			return nil
		}
		return solarize(d.Uniform(32, 128))
	}},
	{"Posterize", func(d anomaly.Draws) augmentation { return posterize(d.Whole(1, 9)) }},
	{"Invert", func(anomaly.Draws) augmentation { return byLevel(func(v uint8) uint8 { return 255 - v }) }},
	{"Autocontrast", func(d anomaly.Draws) augmentation { return autocontrast(d.Whole(0, 21)) }},
	{"Equalize", func(anomaly.Draws) augmentation { return byHistogram(equalized) }},
	{"Affine", func(d anomaly.Draws) augmentation { return turned(d.Uniform(-45, 45)) }},
}

// drawAugmentations draws so many of the ten, and then what each of them does, in their order.
func drawAugmentations(d anomaly.Draws, n int) (all []augmentation) {
	for _, i := range d.Choose(len(augmenters), n) {
		if a := augmenters[i].draw(d); a != nil {
			all = append(all, a)
		}
	}
	return all
}

// augmented applies augmentations, one after the other, to a picture that is nobody else's.
func augmented(p *image.RGBA, all []augmentation) *image.RGBA {
	for _, a := range all {
		p = a(p)
	}
	return p
}

func turned(degrees float64) augmentation {
	return func(p *image.RGBA) *image.RGBA {
		r := newRotation(p.Rect.Size(), degrees)
		return r.picture(p)
	}
}

// levels are what becomes of each level of a channel, and table those of red, green and blue.
type (
	levels [256]uint8
	table  [3]levels
)

// apply changes red, green and blue.
func (l *table) apply(p *image.RGBA) {
	each(p, func(row []uint8) {
		for i := 0; i+3 < len(row); i += 4 {
			row[i], row[i+1], row[i+2] = l[0][row[i]], l[1][row[i+1]], l[2][row[i+2]]
		}
	})
}

// each calls f for parts of a picture, side by side.
func each(p *image.RGBA, f func(pixels []uint8)) {
	kernels.Range(len(p.Pix)/4, 1<<13, func(lo, hi int) { f(p.Pix[4*lo : 4*hi]) })
}

// byLevel treats all channels alike.
func byLevel(of func(v uint8) uint8) augmentation {
	var l table
	for v := range 256 {
		l[0][v] = of(uint8(v))
	}
	l[1], l[2] = l[0], l[0]
	return func(p *image.RGBA) *image.RGBA { l.apply(p); return p }
}

// gamma raises the channels, as shares of 1, to powers.
func gamma(exponents [3]float64) augmentation {
	var l table
	for k, g := range exponents {
		for v := range 256 {
			power := float32(math.Pow(float64(float32(float64(v)/255)), float64(float32(g))))
			l[k][v] = uint8(min(255, power*255))
		}
	}
	return func(p *image.RGBA) *image.RGBA { l.apply(p); return p }
}

// solarize inverts levels from a threshold on.
func solarize(threshold float64) augmentation {
	return byLevel(func(v uint8) uint8 {
		if float64(v) >= threshold {
			return 255 - v
		}
		return v
	})
}

// posterize leaves so many of 8 bits.
func posterize(bits int) augmentation {
	return byLevel(func(v uint8) uint8 { return v >> (8 - bits) << (8 - bits) })
}

// byHistogram finds out what becomes of levels from how many pixels have each.
func byHistogram(of func(counts *[256]int) levels) augmentation {
	return func(p *image.RGBA) *image.RGBA {
		var counts [3][256]int
		for i := 0; i+3 < len(p.Pix); i += 4 {
			counts[0][p.Pix[i]]++
			counts[1][p.Pix[i+1]]++
			counts[2][p.Pix[i+2]]++
		}
		var l table
		for k := range l {
			l[k] = of(&counts[k])
		}
		l.apply(p)
		return p
	}
}

// same leaves levels as they are.
func same() (l levels) {
	for v := range l {
		l[v] = uint8(v)
	}
	return l
}

// autocontrast stretches the levels to all, but for so many per cent of the pixels at either end: Pillow's
// ImageOps.autocontrast.
func autocontrast(cutoff int) augmentation {
	return byHistogram(func(counts *[256]int) levels {
		total := 0
		for _, n := range counts {
			total += n
		}
		end := func(from, step int) int {
			left := total * cutoff / 100
			at := from
			for ; at >= 0 && at < 256; at += step {
				if counts[at] > left {
					break
				}
				left -= counts[at]
			}
			return at
		}
		low, high := end(0, 1), end(255, -1)
		if high <= low {
			return same()
		}
		var l levels
		scale := 255 / float64(high-low)
		for v := range l {
			l[v] = uint8(max(0, min(255, float64(v)*scale-float64(low)*scale)))
		}
		return l
	})
}

// equalized has all levels be as frequent as can be: Pillow's ImageOps.equalize.
func equalized(counts *[256]int) levels {
	total, last, some := 0, 0, 0
	for _, n := range counts {
		if n > 0 {
			total, last = total+n, n
			some++
		}
	}
	step := (total - last) / 255
	if some <= 1 || step == 0 {
		return same()
	}
	var l levels
	n := step / 2
	for v := range l {
		l[v] = uint8(min(255, n/step))
		n += counts[v]
	}
	return l
}
