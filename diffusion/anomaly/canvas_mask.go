package anomaly

import (
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// WithMask returns a canvas of the same photograph, scaled and cropped in the same way, with another mask of the
// photograph's size: its Input has the same picture, which needs not be encoded again. It is an error for a canvas of
// NewWindow, which lies around its mask.
func (c *Canvas) WithMask(mask *image.Gray) (*Canvas, error) {
	if err := c.checkPlan(mask); err != nil {
		return nil, err
	}
	fitted, err := c.plan.Nearest(asPicture(mask))
	if err != nil {
		return nil, err
	}
	other := *c
	other.mask = images.Binary(fitted)
	other.may = other.mask
	return &other, nil
}

// Visible returns the part of the photograph that results show, which is not cropped.
func (c *Canvas) Visible() image.Rectangle {
	switch {
	case c == nil || c.whole == nil:
		return image.Rectangle{}
	case c.plan == (images.Fit{}):
		return c.whole.Rect
	}
	return c.ofPhotograph(image.Rectangle{Max: c.plan.Size()})
}

// ofPhotograph is what of the photograph a part of the result shows.
func (c *Canvas) ofPhotograph(part image.Rectangle) image.Rectangle {
	scaled := func(p image.Point, round func(float64) float64) image.Point {
		p = p.Add(c.plan.Crop.Min)
		return image.Pt(int(round(float64(p.X)*float64(c.plan.From.X)/float64(c.plan.Scaled.X))),
			int(round(float64(p.Y)*float64(c.plan.From.Y)/float64(c.plan.Scaled.Y))))
	}
	return image.Rectangle{Min: scaled(part.Min, math.Round), Max: scaled(part.Max, math.Round)}.Intersect(image.Rectangle{Max: c.plan.From})
}

// leastMagnified is how many pixels of the photograph, along a side, one of the result must stand for to be magnified.
const leastMagnified = 1.25

// Magnified returns a canvas whose results have the size of c's, and of which the model sees a window around the white
// of a mask, of the same size as c's Input and as large as the photograph's own pixels make it: for masks that are too
// thin for what the model sees of all. Photograph and mask are of the size that NewCanvas was given. Outside the window
// results are the photograph. Without an error it is nil if the photograph has not enough pixels more than the result,
// or the mask leaves no room to magnify it.
func (c *Canvas) Magnified(photograph *image.RGBA, mask *image.Gray) (*Canvas, error) {
	if err := images.Check(photograph); err != nil {
		return nil, fmt.Errorf("the photograph: %w", err)
	}
	if err := c.checkPlan(mask); err != nil {
		return nil, err
	}
	if got := photograph.Rect.Size(); got != c.plan.From {
		return nil, fmt.Errorf("a photograph of %d×%d pixels, want the canvas's %d×%d", got.X, got.Y, c.plan.From.X, c.plan.From.Y)
	}
	part, err := c.magnify(mask)
	if err != nil || part.Empty() {
		return nil, err
	}
	seen := c.ofPhotograph(part)
	other := *c
	other.part = part
	fit := images.StretchTo(seen.Size(), c.input.Rect.Size())
	other.input, err = fit.Picture(images.Cut(photograph, seen.Add(photograph.Rect.Min)))
	if err != nil {
		return nil, err
	}
	white, err := fit.Nearest(images.Cut(asPicture(mask), seen))
	if err != nil {
		return nil, err
	}
	other.may = images.Binary(white)
	other.mask = touched(other.may, other.input.Rect.Size(), part.Size())
	other.closeEdges()
	other.fit = fmt.Sprintf("%s; %d×%d at %d,%d of that magnified to %d×%d from the photograph's own pixels",
		c.fit, part.Dx(), part.Dy(), part.Min.X, part.Min.Y, c.input.Rect.Dx(), c.input.Rect.Dy())
	return &other, nil
}

// magnify is the part of the result that the model sees magnified, empty where that is not worth while.
func (c *Canvas) magnify(mask *image.Gray) (image.Rectangle, error) {
	scale := float64(c.plan.From.X) / float64(c.plan.Scaled.X)
	if scale < leastMagnified {
		return image.Rectangle{}, nil
	}
	visible := c.Visible()
	w, err := images.ChooseAt(images.Cut(asPicture(mask), visible), c.input.Rect.Size())
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

// checkPlan is an error if a canvas has no plan for a mask.
func (c *Canvas) checkPlan(mask *image.Gray) error {
	switch {
	case c == nil || c.whole == nil:
		return errors.New("there is no photograph: NewCanvas makes a canvas of one")
	case c.plan == (images.Fit{}):
		return errors.New("a window lies around its own mask: NewCanvas makes a canvas that takes others")
	}
	return checkMask(mask, c.plan.From)
}

// NewWindowAt is NewWindow with the one size at which the model sees every window, so that one graph serves many masks.
func NewWindowAt(photograph *image.RGBA, mask *image.Gray, size image.Point) (*Canvas, error) {
	if mask == nil {
		return nil, errors.New("a window is chosen for a mask, and there is none")
	}
	whole, white, err := prepared(photograph, mask)
	if err != nil {
		return nil, err
	}
	w, err := images.ChooseAt(white, size)
	if err != nil {
		return nil, err
	}
	c := &Canvas{Paste: true, Colours: images.Colours{Grey: images.IsGrey(whole)}}
	if err := c.see(whole, white, w); err != nil {
		return nil, err
	}
	return c, nil
}
