package imageio

import (
	"image"
	"image/color"
)

// ReadMask reads a mask: white is what may change. Transparent parts are filled with black.
func ReadMask(path string) (*image.RGBA, error) { return read(path, color.Black) }

// Binary returns 1 where a mask is lighter than 50 % grey, 0 elsewhere, [H, W].
func Binary(mask *image.RGBA) []float32 {
	size := mask.Bounds().Size()
	out := make([]float32, size.X*size.Y)
	for y := range size.Y {
		for x := range size.X {
			p := mask.Pix[y*mask.Stride+4*x:][:3]
			// ITU-R 601 luma, as Pillow's conversion to grey.
			if luma := 299*int(p[0]) + 587*int(p[1]) + 114*int(p[2]); 2*luma > 255*1000 {
				out[y*size.X+x] = 1
			}
		}
	}
	return out
}
