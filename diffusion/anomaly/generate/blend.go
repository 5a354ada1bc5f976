package generate

import (
	"image"
	"math"
)

// blend has the source show through a picture where the mask is: in floats, picture + weight·(source - picture), rounded,
// or with its fraction cut off (RealNet, MemSeg). All three have the same size. It returns by how many levels the picture
// changed there, on the mean.
func blend(picture, source *image.RGBA, mask *image.Gray, weight float64, cutOff bool) (change float64) {
	size := picture.Rect.Size()
	sum, count := 0, 0
	for y := range size.Y {
		to, from := picture.Pix[y*picture.Stride:], source.Pix[y*source.Stride:]
		for x, m := range mask.Pix[y*mask.Stride:][:size.X] {
			if m == 0 {
				continue
			}
			for k := 4 * x; k < 4*x+3; k++ {
				v := level(between(to[k], from[k], float32(weight)), cutOff)
				sum += max(int(v)-int(to[k]), int(to[k])-int(v))
				to[k] = v
			}
			count += 3
		}
	}
	return float64(sum) / float64(max(1, count))
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
