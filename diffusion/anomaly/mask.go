package anomaly

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
)

// white is the darkest grey that counts as white: what is lighter than half.
const white = 128

// checkMask is an error if there is no mask, or one that has not a picture's size.
func checkMask(mask *image.Gray, picture image.Point) error {
	if mask == nil {
		return errors.New("there is no mask")
	}
	w, h, have := mask.Rect.Dx(), mask.Rect.Dy(), len(mask.Pix)
	switch {
	case image.Pt(w, h) != picture:
		return fmt.Errorf("a mask of %d×%d pixels, want the picture's %d×%d", w, h, picture.X, picture.Y)
	case mask.Stride < w || have < w || (have-w)/mask.Stride < h-1:
		return fmt.Errorf("a mask of %d×%d, with rows of %d bytes, has only %d bytes", w, h, mask.Stride, have)
	}
	return nil
}

// anyWhite reports whether anything of a mask is white.
func anyWhite(mask *image.Gray) bool {
	size := mask.Rect.Size()
	for y := range size.Y {
		for _, v := range mask.Pix[y*mask.Stride:][:size.X] {
			if v >= white {
				return true
			}
		}
	}
	return false
}

// asPicture is a mask as package images takes it.
func asPicture(mask *image.Gray) *image.RGBA {
	out := image.NewRGBA(image.Rectangle{Max: mask.Rect.Size()})
	draw.Draw(out, out.Rect, mask, mask.Rect.Min, draw.Src)
	return out
}
