package imageio

import (
	"context"
	"image"
	"image/color"
	"image/draw"
	"io"
)

// ReadMask reads a mask, as Read does: white is what may change. Transparent parts are filled with black.
func ReadMask(ctx context.Context, path string) (*image.RGBA, error) {
	return with(ctx, path, readMask)
}

func readMask(file *io.SectionReader) (*image.RGBA, error) {
	picture, up, err := decode(file)
	if err != nil {
		return nil, err
	}
	return up.turned(flatten(picture, color.Black)), nil
}

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

// Luminance returns the grey of each pixel, 0 to 1, [H, W] (ITU-R 601).
func Luminance(picture *image.RGBA) []float32 {
	size := picture.Bounds().Size()
	out := make([]float32, size.X*size.Y)
	for i := range out {
		out[i] = float32(luma(picture.Pix[i/size.X*picture.Stride+4*(i%size.X):])) / (255 * 1000)
	}
	return out
}

// Cut copies a part of a picture.
func Cut(picture *image.RGBA, part image.Rectangle) *image.RGBA {
	out := image.NewRGBA(image.Rectangle{Max: part.Size()})
	draw.Draw(out, out.Bounds(), picture, part.Min, draw.Src)
	return out
}
