package generate

import (
	"math"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// Jitter changes the colours of a patch as torchvision's ColorJitter does pictures of Pillow: brightness, contrast and
// saturation are multiplied by a number between 1 less and 1 plus the option, 0 to 1, and the hue is turned by up to so
// much of its circle, 0 to ½. What is 0 is left alone.
type Jitter struct {
	Brightness float64 `json:"brightness"`
	Contrast   float64 `json:"contrast"`
	Saturation float64 `json:"saturation"`
	Hue        float64 `json:"hue"`
}

func (j Jitter) check() error {
	return firstOf(within("jitter's brightness", j.Brightness, 0, 1), within("jitter's contrast", j.Contrast, 0, 1),
		within("jitter's saturation", j.Saturation, 0, 1), within("jitter's hue", j.Hue, 0, 0.5))
}

// apply changes colours, three numbers a pixel, in place. It draws the order of the four changes and then the numbers of
// those that there are.
func (j Jitter) apply(d anomaly.Draws, rgb []uint8) {
	if j == (Jitter{}) {
		return
	}
	order := d.Choose(4, 4)
	var by [4]float64
	for i, most := range []float64{j.Brightness, j.Contrast, j.Saturation, j.Hue} {
		by[i] = 1
		if i == 3 {
			by[i] = 0
		}
		if most > 0 {
			by[i] = d.Uniform(by[i]-most, by[i]+most)
		}
	}
	for _, i := range order {
		switch i {
		case 0:
			brighten(rgb, by[i])
		case 1:
			contrast(rgb, by[i])
		case 2:
			saturate(rgb, by[i])
		case 3:
			turnHue(rgb, by[i])
		}
	}
}

// away is a colour between another one, where share is 0, and itself, where it is 1, or beyond: cut off to 0 to 255 and
// to whole numbers, as Pillow's Blend.c does.
func away(from, v uint8, share float32) uint8 {
	return uint8(max(0, min(255, float32(from)+float32(share*float32(int(v)-int(from))))))
}

func brighten(rgb []uint8, by float64) {
	for i, v := range rgb {
		rgb[i] = away(0, v, float32(by))
	}
}

// contrast moves all colours away from the mean grey.
func contrast(rgb []uint8, by float64) {
	sum := 0
	for i := 0; i < len(rgb); i += 3 {
		sum += int(grey(rgb[i:]))
	}
	mean := uint8(float64(sum)/float64(max(1, len(rgb)/3)) + 0.5)
	for i, v := range rgb {
		rgb[i] = away(mean, v, float32(by))
	}
}

// saturate moves each colour away from its grey.
func saturate(rgb []uint8, by float64) {
	for i := 0; i < len(rgb); i += 3 {
		g := grey(rgb[i:])
		for k := range 3 {
			rgb[i+k] = away(g, rgb[i+k], float32(by))
		}
	}
}

// grey is a colour's lightness, ITU-R 601-2's in 16 bits.
func grey(rgb []uint8) uint8 {
	return uint8((19595*uint32(rgb[0]) + 38470*uint32(rgb[1]) + 7471*uint32(rgb[2]) + 1<<15) >> 16)
}

// turnHue turns the hue by a share of its circle, through HSV in bytes as Pillow's Convert.c has it.
func turnHue(rgb []uint8, by float64) {
	turn := uint8(int(by * 255)) // below 0 it wraps, as adding it does
	if turn == 0 && by == 0 {
		return
	}
	for i := 0; i < len(rgb); i += 3 {
		h, s, v := hsv(rgb[i], rgb[i+1], rgb[i+2])
		rgb[i], rgb[i+1], rgb[i+2] = fromHSV(h+turn, s, v)
	}
}

// hsv is a colour's hue, saturation and value, 255 for a whole circle.
func hsv(r, g, b uint8) (h, s, v uint8) {
	most, least := max(r, g, b), min(r, g, b)
	if most == least {
		return 0, 0, most
	}
	span := float32(most - least)
	rc, gc, bc := float32(most-r)/span, float32(most-g)/span, float32(most-b)/span
	var turn float64
	switch most {
	case r:
		turn = float64(bc - gc)
	case g:
		turn = float64(float32(2 + float64(rc) - float64(bc)))
	default:
		turn = float64(float32(4 + float64(gc) - float64(rc)))
	}
	turn = float64(float32(math.Mod(turn/6+1, 1)))
	return uint8(turn * 255), uint8(float64(span/float32(most)) * 255), most
}

func fromHSV(h, s, v uint8) (r, g, b uint8) {
	if s == 0 {
		return v, v, v
	}
	sixth := float64(float32(h)) * 6 / 255
	whole := math.Floor(sixth)
	f, share := float64(float32(sixth-whole)), float64(float32(s)/255)
	part := func(x float64) uint8 { return uint8(math.Round(float64(v) * x)) }
	p, q, t := part(1-share), part(1-share*f), part(1-share*(1-f))
	switch int(whole) % 6 {
	case 0:
		return v, t, p
	case 1:
		return q, v, p
	case 2:
		return p, v, t
	case 3:
		return p, q, v
	case 4:
		return t, p, v
	}
	return v, p, q
}
