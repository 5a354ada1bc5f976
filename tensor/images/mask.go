package images

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
)

// ReadMask reads a mask, as Read does: what is lighter than 50 % grey may change. Transparent parts are filled with
// black.
//
// A mask that has other shades than black, but none so light, is an error that says what its lightest value is; so is
// a picture whose palette has several colours, as those of labels have: their lightness does not tell which of them
// are meant. Labels are not taken for white because they are not 0, since a black that is not quite 0 would be, too,
// and which of several labels may change is for the caller to say.
func ReadMask(ctx context.Context, path string) (*image.RGBA, error) {
	return with(ctx, path, readMask)
}

func readMask(file *io.SectionReader) (*image.RGBA, error) {
	picture, err := decode(file)
	if err != nil {
		return nil, err
	}
	if err := checkPalette(picture.Image); err != nil {
		return nil, err
	}
	mask := picture.on(color.Black)
	if err := checkWhite(picture.Image, mask); err != nil {
		return nil, err
	}
	return picture.up.turned(mask), nil
}

// checkPalette refuses a picture of two or more colours of a palette that are no greys.
func checkPalette(picture image.Image) error {
	p, ok := picture.(*image.Paletted)
	if !ok {
		return nil
	}
	var used [256]bool
	for _, index := range p.Pix {
		used[index] = true
	}
	var colours []color.RGBA
	for index, c := range p.Palette {
		c := color.RGBAModel.Convert(c).(color.RGBA)
		if used[index] && (c.R != c.G || c.G != c.B) {
			colours = append(colours, c)
		}
	}
	if len(colours) < 2 {
		return nil
	}
	a, b := colours[0], colours[1]
	return fmt.Errorf("its palette has %d colours, such as #%02x%02x%02x and #%02x%02x%02x, as a mask of labels has: make what may change white and the rest black",
		len(colours), a.R, a.G, a.B, b.R, b.G, b.B)
}

// checkWhite refuses a mask that is not black, but of which nothing is lighter than 50 % grey.
func checkWhite(picture image.Image, mask *image.RGBA) error {
	if anyWhite(mask) {
		return nil
	}
	lightest, white := lightestOf(picture, mask)
	if lightest == 0 {
		return nil
	}
	return fmt.Errorf("the mask has nothing that is lighter than 50 %% grey: its lightest value is %d of %d. White is what may change; "+
		"a mask of labels has to be multiplied, so that what may change is %[2]d", lightest, white)
}

// lightestOf returns the lightest grey of a mask, and what white would be, in the file's own numbers: of 16 bits,
// the upper ones of which may all be 0, or of 8.
func lightestOf(picture image.Image, mask *image.RGBA) (lightest, white int) {
	switch picture.(type) {
	case *image.Gray16, *image.RGBA64, *image.NRGBA64:
		return lightest16(picture.(image.RGBA64Image)), 0xffff
	}
	for i := 0; i < len(mask.Pix); i += 4 {
		lightest = max(lightest, luma(mask.Pix[i:])/1000)
	}
	return lightest, 255
}

// lightest16 returns the lightest grey of a picture of 16 bits on black.
func lightest16(picture image.RGBA64Image) (lightest int) {
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := picture.RGBA64At(x, y)
			lightest = max(lightest, (299*int(c.R)+587*int(c.G)+114*int(c.B))/1000)
		}
	}
	return lightest
}

// Binary returns 1 where a mask is lighter than 50 % grey, 0 elsewhere, [H, W]; nothing for what is no picture.
func Binary(mask *image.RGBA) []float32 {
	size := sizeIf(mask)
	out := make([]float32, size.X*size.Y)
	for y := range size.Y {
		for x := range size.X {
			if isWhite(mask.Pix[y*mask.Stride+4*x:]) {
				out[y*size.X+x] = 1
			}
		}
	}
	return out
}

// isWhite reports whether red, green and blue are lighter than 50 % grey together.
func isWhite(rgb []uint8) bool { return 2*luma(rgb) > 255*1000 }

// anyWhite reports whether anything of a mask is, whose rows lie one behind the other.
func anyWhite(mask *image.RGBA) bool {
	for i := 0; i < len(mask.Pix); i += 4 {
		if isWhite(mask.Pix[i:]) {
			return true
		}
	}
	return false
}

// luma returns 1000 times the grey, 0 to 255, of a red, green and blue value (ITU-R 601, as Pillow has it).
func luma(rgb []uint8) int { return 299*int(rgb[0]) + 587*int(rgb[1]) + 114*int(rgb[2]) }

// Luminance returns the grey of each pixel, 0 to 1, [H, W] (ITU-R 601); nothing for what is no picture.
func Luminance(picture *image.RGBA) []float32 {
	size := sizeIf(picture)
	out := make([]float32, size.X*size.Y)
	for i := range out {
		out[i] = float32(luma(picture.Pix[i/size.X*picture.Stride+4*(i%size.X):])) / (255 * 1000)
	}
	return out
}

// Cut copies what a picture has of a part; an empty picture where it has nothing of it.
func Cut(picture *image.RGBA, part image.Rectangle) *image.RGBA {
	if Check(picture) != nil {
		return image.NewRGBA(image.Rectangle{})
	}
	part = part.Intersect(picture.Bounds())
	out := image.NewRGBA(image.Rectangle{Max: part.Size()})
	draw.Draw(out, out.Bounds(), picture, part.Min, draw.Src)
	return out
}
