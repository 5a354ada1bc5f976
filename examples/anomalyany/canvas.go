package main

import (
	"errors"
	"image"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// canvas is the photograph that results are put into, and the part of it that
// the model sees: all of it at the model's size, or with --tile a window in the
// photograph as it is.
type canvas struct {
	whole *image.RGBA     // what the results are put into
	part  image.Rectangle // of it, what the model sees
	mask  []float32       // of the part: 1 where it may change; nil for everywhere
	input *image.RGBA     // the part at the model's size
	may   []float32       // mask at that size
	fit   string          // what was done
	paste bool            // outside the mask everything stays as it was
}

// newCanvas is the canvas of a photograph that is scaled to the model's size.
func newCanvas(photograph, mask *image.RGBA, size, multiple int) (*canvas, error) {
	c := &canvas{}
	return c, c.useAll(photograph, mask, size, multiple)
}

// newWindow is the canvas of a window in a photograph.
func newWindow(photograph, mask *image.RGBA, size, multiple int) (*canvas, error) {
	c := &canvas{paste: true}
	return c, c.useWindow(photograph, mask, size, multiple)
}

// useAll scales the photograph to the model's size: the results have that size.
func (c *canvas) useAll(photograph, mask *image.RGBA, size, multiple int) error {
	fit, err := images.FitTo(photograph.Bounds().Size(), size, multiple)
	if err != nil {
		return err
	}
	c.fit = fit.String()
	if c.whole, err = fit.Picture(photograph); err != nil {
		return err
	}
	c.input, c.part = c.whole, c.whole.Bounds()
	if mask == nil {
		return nil
	}
	if mask, err = fit.Nearest(mask); err != nil {
		return err
	}
	c.mask = images.Binary(mask)
	c.may = c.mask
	return nil
}

// useWindow leaves the photograph as it is and chooses a window for the mask.
func (c *canvas) useWindow(photograph, mask *image.RGBA, size, multiple int) error {
	w, err := images.Choose(mask, size, multiple)
	if err != nil {
		return err
	}
	c.whole, c.part, c.fit = photograph, w.Part, w.String()
	part := images.Cut(mask, w.Part)
	fit := images.StretchTo(w.Part.Size(), w.Size)
	var err1, err2 error
	c.input, err1 = fit.Picture(images.Cut(photograph, w.Part))
	seen, err2 := fit.Nearest(part)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	c.mask, c.may = images.Binary(part), images.Binary(seen)
	c.closeEdges()
	return nil
}

// closeEdges takes the window's outermost pixels from the mask where the
// photograph goes on, so that a mask which the window cuts has its seam inside.
func (c *canvas) closeEdges() {
	size, whole := c.part.Size(), c.whole.Bounds()
	for i := range c.mask {
		x, y := i%size.X, i/size.X
		if x == 0 && c.part.Min.X > 0 || x == size.X-1 && c.part.Max.X < whole.Max.X ||
			y == 0 && c.part.Min.Y > 0 || y == size.Y-1 && c.part.Max.Y < whole.Max.Y {
			c.mask[i] = 0
		}
	}
}

// shown is a result as it is written, each of the canvas's size.
type shown struct {
	picture    *image.RGBA
	mask, soft []float32
}

// compose puts what the model made into the canvas.
func (c *canvas) compose(r *anomalyany.Result) (*shown, error) {
	size, part := c.input.Bounds().Size(), c.part.Size()
	made, err := images.FromModel(r.Image)
	if err != nil {
		return nil, err
	}
	s := &shown{picture: made, mask: slices.Clone(r.Mask), soft: r.SoftMap}
	if part != size {
		if s.picture, err = images.StretchTo(size, part).Picture(made); err != nil {
			return nil, err
		}
		if s.soft, err = images.ResizeBilinear(r.SoftMap, size.Y, size.X, part.Y, part.X); err != nil {
			return nil, err
		}
		s.mask = images.Above(s.soft, r.Threshold)
	}
	if c.paste {
		for i, may := range c.mask {
			s.mask[i] *= may
		}
		if s.picture, err = images.Paste(c.whole, c.part, s.picture, c.mask); err != nil {
			return nil, err
		}
	}
	if whole := c.whole.Bounds(); c.part != whole {
		s.mask, s.soft = inside(s.mask, c.part, whole.Size()), inside(s.soft, c.part, whole.Size())
	}
	return s, nil
}

// inside puts a part's map into one of the whole picture, which is 0 elsewhere.
func inside(values []float32, part image.Rectangle, whole image.Point) []float32 {
	out := make([]float32, whole.X*whole.Y)
	w := part.Dx()
	for y := range part.Dy() {
		copy(out[(part.Min.Y+y)*whole.X+part.Min.X:], values[y*w:(y+1)*w])
	}
	return out
}
