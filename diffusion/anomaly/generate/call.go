package generate

import (
	"context"
	"fmt"
	"image"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// call is one call of Generate: what the methods have in common.
type call struct {
	anomaly.Input
	size  image.Point
	part  *image.Gray // 255 where the foreground found the part; nil for everywhere
	place *image.Gray // 255 where the picture may change and 0 elsewhere, without gaps between rows; nil for everywhere
	draws *anomaly.Recorder
	how   Provenance
}

// begin checks the input, and finds where the picture may change: the place that was asked for, on the part.
func begin(ctx context.Context, in anomaly.Input, f Foreground, d anomaly.Draws, how Provenance) (*call, error) {
	if ctx == nil {
		return nil, wrong("there is no context")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, wrong("%w", err)
	}
	if d == nil {
		return nil, wrong("there are no draws: anomaly.NewDraws makes those of a seed")
	}
	c := &call{Input: in, size: in.Normal.Rect.Size(), draws: anomaly.NewRecorder(d), how: how}
	c.how.Pictures = map[string]string{"normal": Digest(in.Normal)}
	for i, other := range in.Others {
		c.how.Pictures[fmt.Sprintf("others %d", i)] = Digest(other)
	}
	part, note := f.mask(in.Normal)
	if note != "" {
		c.how.Notes = append(c.how.Notes, note)
	}
	if in.Place != nil {
		c.how.Pictures["place"] = Digest(in.Place)
	}
	c.part = part
	return c, c.settlePlace()
}

// settlePlace has the picture change where it may, and where the part is.
func (c *call) settlePlace() error {
	if c.Place == nil && c.part == nil {
		return nil
	}
	c.place = image.NewGray(image.Rectangle{Max: c.size})
	left := 0
	for i := range c.place.Pix {
		x, y := i%c.size.X, i/c.size.X
		if (c.Place == nil || c.Place.Pix[y*c.Place.Stride+x] >= white) && (c.part == nil || c.part.Pix[i] >= white) {
			c.place.Pix[i] = 255
			left++
		}
	}
	if left == 0 {
		return wrong("the place where the picture may change has nothing of the part, which its foreground is: give another place, or the foreground %s", Everywhere)
	}
	return nil
}

// white is the darkest grey that counts as white: what is lighter than half.
const white = 128

// may reports whether pixel i, counted row by row, may change.
func (c *call) may(i int) bool { return c.place == nil || c.place.Pix[i] != 0 }

// made is what a method's own part comes to.
type made struct {
	picture *image.RGBA
	mask    *image.Gray // 255 and 0
	soft    []float32   // how sure the mask is, 0 to 1; nil is the mask itself
	normal  bool        // that nothing changed was drawn: it is no failure
}

// changed reports whether a pixel of the mask has another colour than before.
func (c *call) changed(m made) bool {
	for i, v := range m.mask.Pix {
		if v == 0 {
			continue
		}
		x, y := i%c.size.X, i/c.size.X
		before, after := c.Normal.Pix[y*c.Normal.Stride+4*x:], m.picture.Pix[y*m.picture.Stride+4*x:]
		if before[0] != after[0] || before[1] != after[1] || before[2] != after[2] {
			return true
		}
	}
	return false
}

// copied is the normal picture to be changed, without gaps between rows.
func (c *call) copied() *image.RGBA { return images.Cut(c.Normal, c.Normal.Rect) }

// try has a method make pictures until one of them has a defect: in preset Released one alone.
func (c *call) try(ctx context.Context, attempts int, once func() (made, error)) (anomaly.Result, error) {
	if c.how.Preset == Released {
		attempts = 1
	}
	for range attempts {
		if err := ctx.Err(); err != nil {
			return anomaly.Result{}, err
		}
		m, err := once()
		if err != nil {
			return anomaly.Result{}, err
		}
		if changed := c.changed(m); changed || m.normal || c.how.Preset == Released {
			return c.result(m, changed)
		}
	}
	return anomaly.Result{}, fmt.Errorf("generate: %s: %d tries: %w", c.how.Generator, attempts, anomaly.ErrNothingChanged)
}

// result is what Generate returns.
func (c *call) result(m made, changed bool) (r anomaly.Result, err error) {
	r.Picture, r.Mask = m.picture, m.mask
	r.Soft = anomaly.Map{Values: m.soft, Width: c.size.X, Height: c.size.Y}
	if m.soft == nil {
		r.Soft.Values = make([]float32, len(m.mask.Pix))
		for i, v := range m.mask.Pix {
			r.Soft.Values[i] = float32(v) / 255
		}
	}
	c.how.Draws, c.how.Unchanged = c.draws.Log(), !changed
	r.Defect, r.Provenance = strings.ToLower(c.how.Generator), c.how
	r.Stray, err = anomaly.Stray(c.Normal, r.Sample)
	return r, err
}
