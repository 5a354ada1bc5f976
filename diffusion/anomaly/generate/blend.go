package generate

import (
	"image"
	"math"
)

// blend has the source show through the picture where the mask is: in floats, picture + weight·(source - picture),
// rounded, or with its fraction cut off (RealNet, MemSeg). The source has the picture's size.
func (c *call) blend(source *image.RGBA, mask *image.Gray, weight float64, cutOff bool) *image.RGBA {
	out := c.copied()
	for y := range c.size.Y {
		to, from := out.Pix[y*out.Stride:], source.Pix[y*source.Stride:]
		for x, m := range mask.Pix[y*mask.Stride:][:c.size.X] {
			if m == 0 {
				continue
			}
			for k := 4 * x; k < 4*x+3; k++ {
				to[k] = level(between(to[k], from[k], float32(weight)), cutOff)
			}
		}
	}
	return out
}

// between is between two levels, as a float.
func between(picture, source uint8, weight float32) float32 {
	return float32(picture) + weight*(float32(source)-float32(picture))
}

// level is a float as a level, which it is between.
func level(v float32, cutOff bool) uint8 {
	if cutOff {
		return uint8(v + 1e-3) // what float32 leaves below a whole number is not cut off
	}
	return uint8(math.RoundToEven(float64(v)))
}
