package anomaly

import (
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// WithMask returns a canvas of the same photograph with another mask of the photograph's size. Its Input has the same
// picture, which needs not be encoded again: a window stays where it is, and Around moves it.
func (c *Canvas) WithMask(mask *image.Gray) (*Canvas, error) {
	if c == nil || c.whole == nil {
		return nil, errNoCanvas
	}
	size := c.plan.From
	if c.isWindow() {
		size = c.whole.Rect.Size()
	}
	if err := checkMask(mask, size); err != nil {
		return nil, err
	}
	other := *c
	switch {
	case c.isWindow():
		return &other, other.mark(partOf(mask, c.part))
	case c.part != c.whole.Rect:
		return &other, other.markMagnified(partOf(mask, c.magnifies(c.part)))
	}
	fitted, err := c.plan.Nearest(asPicture(mask))
	if err != nil {
		return nil, err
	}
	other.mask = images.Binary(fitted)
	other.may = other.mask
	return &other, nil
}

var errNoCanvas = errors.New("there is no photograph: NewCanvas and NewWindow make a canvas of one")

// partOf is a part of a mask, counted from its corner, as package images takes it.
func partOf(mask *image.Gray, part image.Rectangle) *image.RGBA {
	return asPicture(mask.SubImage(part.Add(mask.Rect.Min)).(*image.Gray))
}

// isWindow reports whether the photograph is as it is, and the model sees a part of it.
func (c *Canvas) isWindow() bool { return c.plan == (images.Fit{}) }

// Around returns another window of the photograph of NewWindow, around the white of another mask. The model sees it at
// the size of the first, so that one compiled graph serves both.
func (c *Canvas) Around(mask *image.Gray) (*Canvas, error) {
	switch {
	case c == nil || c.whole == nil:
		return nil, errNoCanvas
	case !c.isWindow():
		return nil, errors.New("all of the photograph is seen already: NewWindow makes a canvas of a part")
	}
	if err := checkMask(mask, c.whole.Rect.Size()); err != nil {
		return nil, err
	}
	white := asPicture(mask)
	w, err := images.ChooseAt(white, c.input.Rect.Size())
	if err != nil {
		return nil, err
	}
	other := *c
	return &other, other.see(c.whole, white, w)
}

// Visible returns the part of the photograph that results show, which is not cropped.
func (c *Canvas) Visible() image.Rectangle {
	switch {
	case c == nil || c.whole == nil:
		return image.Rectangle{}
	case c.isWindow():
		return c.whole.Rect
	}
	return c.ofPhotograph(image.Rectangle{Max: c.plan.Size()}, math.Floor, math.Ceil)
}

// ofPhotograph is what of the photograph a part of the result shows, its corners rounded to pixels.
func (c *Canvas) ofPhotograph(part image.Rectangle, first, last func(float64) float64) image.Rectangle {
	scaled := func(p image.Point, round func(float64) float64) image.Point {
		p = p.Add(c.plan.Crop.Min)
		return image.Pt(int(round(float64(p.X)*float64(c.plan.From.X)/float64(c.plan.Scaled.X))),
			int(round(float64(p.Y)*float64(c.plan.From.Y)/float64(c.plan.Scaled.Y))))
	}
	return image.Rectangle{Min: scaled(part.Min, first), Max: scaled(part.Max, last)}.Intersect(image.Rectangle{Max: c.plan.From})
}

// magnifies is what of the photograph a part of the result shows when it is magnified.
func (c *Canvas) magnifies(part image.Rectangle) image.Rectangle {
	return c.ofPhotograph(part, math.Round, math.Round)
}

// leastMagnified is how many pixels of the photograph, along a side, one of the result must stand for to be magnified.
const leastMagnified = 1.25

// Magnified returns a canvas whose results have the size of c's, and of which the model sees a window around the white
// of a mask, of the same size as c's Input and as large as the photograph's own pixels make it: for masks that are too
// thin for what the model sees of all. Photograph and mask are of the size that NewCanvas was given. Outside the window
// results are the photograph. Without an error it is nil if the photograph has not enough pixels more than the result,
// or the mask leaves no room to magnify it.
func (c *Canvas) Magnified(photograph *image.RGBA, mask *image.Gray) (*Canvas, error) {
	if err := c.checkMagnified(photograph, mask); err != nil {
		return nil, err
	}
	part, err := c.magnify(mask)
	if err != nil || part.Empty() {
		return nil, err
	}
	seen := c.magnifies(part)
	other := *c
	other.part = part
	fit := images.StretchTo(seen.Size(), c.input.Rect.Size())
	other.input, err = fit.Picture(images.Cut(photograph, seen.Add(photograph.Rect.Min)))
	if err != nil {
		return nil, err
	}
	other.fit = fmt.Sprintf("%s; %d×%d at %d,%d of that magnified to %d×%d from the photograph's own pixels",
		c.fit, part.Dx(), part.Dy(), part.Min.X, part.Min.Y, c.input.Rect.Dx(), c.input.Rect.Dy())
	return &other, other.markMagnified(partOf(mask, seen))
}

// markMagnified sets where a part may change that is magnified, from the mask of what of the photograph it shows. A
// pixel of the result may where anything of it may.
func (c *Canvas) markMagnified(mask *image.RGBA) error {
	seen, err := images.StretchTo(mask.Rect.Size(), c.input.Rect.Size()).Nearest(mask)
	if err != nil {
		return err
	}
	c.may = images.Binary(seen)
	c.mask = touched(c.may, c.input.Rect.Size(), c.part.Size())
	c.closeEdges()
	return nil
}

// magnify is the part of the result that the model sees magnified, empty where that is not worth while.
func (c *Canvas) magnify(mask *image.Gray) (image.Rectangle, error) {
	scale := float64(c.plan.From.X) / float64(c.plan.Scaled.X)
	if scale < leastMagnified {
		return image.Rectangle{}, nil
	}
	visible := c.Visible()
	w, err := images.ChooseAt(partOf(mask, visible), c.input.Rect.Size())
	if err != nil {
		return image.Rectangle{}, err
	}
	size := c.input.Rect.Size()
	magnified := float64(visible.Dx()) / float64(w.Part.Dx())
	if magnified < leastMagnified {
		return image.Rectangle{}, nil
	}
	corner := w.Part.Min
	part := image.Rectangle{Max: image.Pt(int(math.Round(float64(size.X)/magnified)), int(math.Round(float64(size.Y)/magnified)))}
	part = part.Add(image.Pt(int(float64(corner.X)/scale), int(float64(corner.Y)/scale)))
	for _, over := range []image.Point{{X: max(0, part.Max.X-size.X)}, {Y: max(0, part.Max.Y-size.Y)}} {
		part = part.Sub(over)
	}
	return part, nil
}

// touched is a mask at another size, 1 wherever a white pixel lies.
func touched(mask []float32, from, to image.Point) []float32 {
	out := make([]float32, to.X*to.Y)
	for i, m := range mask {
		if m > 0 {
			out[i/from.X*to.Y/from.Y*to.X+i%from.X*to.X/from.X] = 1
		}
	}
	return out
}

// checkMagnified is an error if a canvas, a photograph and a mask cannot be magnified.
func (c *Canvas) checkMagnified(photograph *image.RGBA, mask *image.Gray) error {
	switch {
	case c == nil || c.whole == nil:
		return errNoCanvas
	case c.isWindow() || c.part != c.whole.Rect:
		return errors.New("a window shows the photograph's own pixels already: NewCanvas makes a canvas that can be magnified")
	}
	if err := images.Check(photograph); err != nil {
		return fmt.Errorf("the photograph: %w", err)
	}
	if got := photograph.Rect.Size(); got != c.plan.From {
		return fmt.Errorf("a photograph of %d×%d pixels, want the canvas's %d×%d", got.X, got.Y, c.plan.From.X, c.plan.From.Y)
	}
	return checkMask(mask, c.plan.From)
}
