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
			if 2*luma(mask.Pix[y*mask.Stride+4*x:]) > 255*1000 {
				out[y*size.X+x] = 1
			}
		}
	}
	return out
}

// luma returns 1000 times the grey, 0 to 255, of a red, green and blue value (ITU-R 601, as Pillow has it).
func luma(rgb []uint8) int { return 299*int(rgb[0]) + 587*int(rgb[1]) + 114*int(rgb[2]) }
