package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Entry is a picture of a data set: a normal photograph, or one with a defect.
type Entry struct {
	Part   string // what the picture shows, such as "hazelnut"
	Defect string // in words, such as "crack"; empty for a normal picture
	Source string // tells photographs apart: the same for a photograph and all that was made from it

	// What provenance.jsonl says besides, the last three of a defective picture only.
	Name       string // that the picture's file had
	Photograph string // the name of the photograph's file
	Prompt     string
	Seed       uint64
	Scores     any // as JSON

	// Read returns the bytes of a PNG file, and of a defective picture the mask: of the picture's
	// size, white (128 and above) where the defect is. It is called at most once, and never for two
	// entries at a time.
	Read func(context.Context) (picture []byte, mask *image.Gray, err error)
}

// NewEntry returns the entry of a sample in memory, which was made from the photograph that source
// tells from others, or is this photograph.
func NewEntry(part, source string, s anomaly.Sample) Entry {
	return Entry{Part: part, Defect: s.Defect, Source: source, Name: s.Path,
		Read: func(context.Context) ([]byte, *image.Gray, error) {
			if err := images.Check(s.Picture); err != nil {
				return nil, nil, err
			}
			data, err := images.EncodePNG(s.Picture, nil)
			return data, s.Mask, err
		}}
}

// content is what Read has returned, checked.
type content struct {
	png  []byte
	size image.Point
	mask *image.Gray // black and white, from the origin; nil for a normal picture
}

// read reads an entry's files.
func (it *Entry) read(ctx context.Context) (c content, err error) {
	if err := ctx.Err(); err != nil {
		return c, err
	}
	if it.Read == nil {
		return c, errors.New("nothing reads it, want a function Read")
	}
	var mask *image.Gray
	if c.png, mask, err = it.Read(ctx); err != nil {
		return c, err
	}
	head, err := png.DecodeConfig(bytes.NewReader(c.png))
	if err != nil {
		return c, fmt.Errorf("want a PNG file: %w", err)
	}
	c.size = image.Pt(head.Width, head.Height)
	if err := images.CheckSize(head.Width, head.Height); err != nil {
		return c, err
	}
	switch {
	case it.Defect != "" && mask == nil:
		return c, errors.New("it has a defect and no mask, want one that is white where the defect is")
	case it.Defect != "":
		c.mask, err = blackAndWhite(mask, c.size)
	case mask != nil:
		return c, errors.New("it has a mask and no defect: what is wrong with it must have a name")
	}
	return c, err
}

// white is the darkest grey that counts as white: what is lighter than half.
const white = 128

// blackAndWhite is a copy of a mask of a picture's size, of 0 and 255 alone.
func blackAndWhite(mask *image.Gray, size image.Point) (*image.Gray, error) {
	if err := checkMask(mask); err != nil {
		return nil, err
	}
	if got := mask.Rect.Size(); got != size {
		return nil, fmt.Errorf("its mask has %d×%d pixels, want the picture's %d×%d", got.X, got.Y, size.X, size.Y)
	}
	out := image.NewGray(image.Rectangle{Max: size})
	for y := range size.Y {
		for x, v := range mask.Pix[y*mask.Stride:][:size.X] {
			if v >= white {
				out.Pix[y*out.Stride+x] = 255
			}
		}
	}
	return out, nil
}

// checkMask refuses what is no mask: nil, of no pixels or more than images.MaxPixels, or with fewer
// bytes than its bounds need.
func checkMask(mask *image.Gray) error {
	if mask == nil {
		return errors.New("there is no mask")
	}
	w, h, have := mask.Rect.Dx(), mask.Rect.Dy(), len(mask.Pix)
	if err := images.CheckSize(w, h); err != nil {
		return fmt.Errorf("a mask like %w", err)
	}
	if mask.Stride < w || have < w || (have-w)/mask.Stride < h-1 {
		return fmt.Errorf("a mask of %d×%d, with rows of %d bytes, has only %d bytes", w, h, mask.Stride, have)
	}
	return nil
}
