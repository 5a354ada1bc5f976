package images

import (
	"context"
	"errors"
	"image"
	"io"
	"io/fs"
)

// ReadTruthFS reads the mask of a data set, in which every value but 0 marks a defect: white is what is above 0 in any
// colour channel, of 1, 8 or 16 bits, and of a palette every index but 0; all else is black, and so is what is wholly
// transparent. ReadMask is for masks of which only what is light counts.
//
// The file is one that Read reads, but for JPEG files and WebP files like them, an error: their black is not quite 0.
func ReadTruthFS(ctx context.Context, root fs.FS, name string) (*image.Gray, error) {
	return withFS(ctx, root, name, readTruth)
}

var errLossy = errors.New("this is a JPEG file, or one like it, whose black is not quite 0: a mask in which all but 0 counts has to be a PNG file")

func readTruth(file *io.SectionReader) (*image.Gray, error) {
	var head [2]byte
	if file.ReadAt(head[:], 0); begins(head[:], "\xff\xd8") {
		return nil, errLossy
	}
	s, err := decode(file)
	if err != nil {
		return nil, err
	}
	switch s.Image.(type) {
	case *image.YCbCr, *image.NYCbCrA:
		return nil, errLossy
	}
	if grey, ok := s.Image.(*image.Gray); ok && s.up == upright && grey.Rect == s.screen {
		return marksOf(grey), nil // as nearly all masks are
	}
	marked := image.NewRGBA(image.Rectangle{Max: s.screen.Size()})
	where := s.Bounds().Intersect(s.screen)
	for y := where.Min.Y; y < where.Max.Y; y++ {
		for x := where.Min.X; x < where.Max.X; x++ {
			if s.marks(x, y) {
				marked.Pix[marked.PixOffset(x-s.screen.Min.X, y-s.screen.Min.Y)] = 255
			}
		}
	}
	marked = s.up.turned(marked)
	out := image.NewGray(marked.Rect)
	for i := range out.Pix {
		out.Pix[i] = marked.Pix[4*i]
	}
	return out, nil
}

// marksOf is a grey picture with white for all that is more than 0.
func marksOf(p *image.Gray) *image.Gray {
	size := p.Rect.Size()
	out := image.NewGray(image.Rectangle{Max: size})
	for y := range size.Y {
		to := out.Pix[y*size.X:][:size.X]
		for x, v := range p.Pix[y*p.Stride:][:size.X] {
			if v > 0 {
				to[x] = 255
			}
		}
	}
	return out
}

// marks reports whether a pixel is more than 0.
func (s *stored) marks(x, y int) bool {
	switch p := s.Image.(type) {
	case *image.Paletted:
		return p.ColorIndexAt(x, y) != 0
	case image.RGBA64Image: // all others of package image
		c := p.RGBA64At(x, y)
		return c.R|c.G|c.B != 0
	default:
		r, g, b, _ := p.At(x, y).RGBA()
		return r|g|b != 0
	}
}
