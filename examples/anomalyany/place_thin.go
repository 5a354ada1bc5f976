package main

import (
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/tensor/images"
)

const (
	leastOfShape = 0.5   // of a mask that was drawn, the share that the model is to see
	leastOfFile  = 1e-12 // of a mask that was given: anything
	leastWidened = 0.5   // of a mask that is widened
)

// view is how the model sees a mask: as part of the whole photograph, or, of one that
// is too thin for that, magnified by a window, or wider than it is.
type view struct {
	job    *job
	g      *anomalyany.Generator
	ground *ground

	canvas  *anomaly.Canvas
	note    string // what was done about a mask that is too thin
	widened int    // pixels
}

// find sets the canvas of a mask, of which the model is to see at least a share. A mask
// that has nothing white in what results show stays as it is: Encode says so.
func (v *view) find(mask *image.Gray, least float64) (err error) {
	var left float64
	if v.canvas, left, err = v.see(v.job.showing(mask)); err != nil || left >= least || !anyWhite(mask, v.job.canvas.Visible()) {
		return err
	}
	o := v.g.Options()
	thin := fmt.Sprintf("the mask is too thin for attention maps of %d×%d", o.MapWidth, o.MapHeight)
	if !v.job.spec.Tile {
		switch large, left, err := v.see(v.job.canvas.Magnified(v.ground.photograph, mask)); {
		case err != nil:
			return err
		case large != nil && left >= max(least, leastWidened):
			v.canvas, v.note = large, thin+": it was magnified by a window"
			return nil
		case large != nil:
			v.canvas, thin = large, thin+", even magnified by a window"
		}
	}
	if err := v.widen(mask); err != nil {
		return err
	}
	v.note = fmt.Sprintf("%s: it was widened by %d pixels of the photograph", thin, v.widened)
	return nil
}

// showing is the job's canvas with a mask, or a window around that.
func (j *job) showing(mask *image.Gray) (*anomaly.Canvas, error) {
	if j.spec.Tile && j.differ() {
		return j.canvas.Around(mask)
	}
	return j.canvas.WithMask(mask)
}

// see returns a canvas and the share of its mask that the model sees.
func (v *view) see(c *anomaly.Canvas, err error) (*anomaly.Canvas, float64, error) {
	if err != nil || c == nil {
		return nil, 0, err
	}
	_, mask := c.Input()
	left, err := v.g.Left(mask)
	return c, left, err
}

// widen widens a mask to the least that the model sees half of: inside the place, if
// that can be. What the model sees of the photograph stays.
func (v *view) widen(mask *image.Gray) error {
	size := mask.Rect.Size()
	values := make([]float32, len(mask.Pix))
	for i, p := range mask.Pix {
		values[i] = float32(p) / 255
	}
	o, seen := v.g.Options(), v.job.canvas.Visible().Size()
	most := 2*max(seen.X/o.MapWidth, seen.Y/o.MapHeight) + 2 // two cells
	var failed error
	for _, inside := range []*image.Gray{v.ground.place, nil} {
		enough := func(wide []float32) bool {
			_, left, err := v.see(v.canvas.WithMask(within(wide, size, inside)))
			if err != nil {
				failed = err
			}
			return left >= leastWidened
		}
		wide, by, err := images.Widen(values, size.Y, size.X, most, enough)
		if failed != nil {
			return failed
		}
		if err != nil && inside != nil {
			continue
		}
		if err != nil {
			return err
		}
		v.widened = by
		v.canvas, err = v.canvas.WithMask(within(wide, size, inside))
		return err
	}
	return nil
}

// within is a mask of numbers, without what lies outside a place; nil is everywhere.
func within(values []float32, size image.Point, place *image.Gray) *image.Gray {
	out := image.NewGray(image.Rectangle{Max: size})
	for i, v := range values {
		if v >= 0.5 && (place == nil || place.Pix[i] >= 128) {
			out.Pix[i] = 255
		}
	}
	return out
}

// anyWhite reports whether a part of a mask has something white.
func anyWhite(mask *image.Gray, part image.Rectangle) bool {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if mask.Pix[y*mask.Stride+x] >= 128 {
				return true
			}
		}
	}
	return false
}
