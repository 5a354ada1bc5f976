package generate

import (
	"bytes"
	"context"
	"image"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// MaskKind says where the mask of a blended defect comes from.
type MaskKind string

const (
	PerlinMask MaskKind = "perlin" // where Perlin noise is high: specks and blots
	ShapeMask  MaskKind = "shapes" // anomaly.Shapes: lines, dots and free forms
	PlaceMask  MaskKind = "place"  // Input.Place itself, which there must be
)

// Masks draw where a blended defect is: inside the place where the picture may change, and on the part. The zero Masks
// draw nothing: DefaultMasks has numbers.
type Masks struct {
	Kind   MaskKind        `json:"kind"`
	Perlin PerlinOptions   `json:"perlin"`           // of PerlinMask
	Shapes *anomaly.Shapes `json:"shapes,omitempty"` // of ShapeMask; nil is anomaly.DefaultShapes
}

// DefaultMasks are those of Perlin noise (DefaultPerlin).
func DefaultMasks() Masks { return Masks{Kind: PerlinMask, Perlin: DefaultPerlin()} }

// PerlinOptions say which masks are made of Perlin noise: what lies above a threshold, once the noise is turned.
type PerlinOptions struct {
	// The noise has 2ⁿ cells along a side, Scales[0] ≤ n < Scales[1], 0 to 10, drawn for each side.
	Scales    [2]int     `json:"scales"`
	Grid      PerlinGrid `json:"grid"`
	Threshold float64    `json:"threshold"` // -1 to 1
	Rotation  float64    `json:"rotation"`  // turned by up to so many degrees either way, 0 to 180

	// Rescale has noise that is nowhere above the threshold reach from -1 to 1, before it is turned: anomalib's.
	Rescale bool `json:"rescale"`

	// The mask of a second noise is united with the first with the probability Union, and meets it with Intersection;
	// else the first is all. There is no second if both are 0.
	Union        float64 `json:"union"`
	Intersection float64 `json:"intersection"`

	// A mask that has less than Least of the place, 0 to 1, or nothing of it, is drawn again, Redraws times at most, 0 to
	// 1000. Then it is empty.
	Least   float64 `json:"least"`
	Redraws int     `json:"redraws"`
}

// DefaultPerlin returns DRAEM's options: 1 to 32 cells along a side, a threshold of ½, up to 90° either way. But a mask
// with less than 0.2 % of the place is drawn again, 20 times, and sides may have any number of pixels.
func DefaultPerlin() PerlinOptions {
	return PerlinOptions{Scales: [2]int{0, 6}, Grid: Cropped, Threshold: 0.5, Rotation: 90, Least: 0.002, Redraws: 20}
}

func (m Masks) check() error {
	switch m.Kind {
	case PerlinMask:
		return m.Perlin.check()
	case ShapeMask, PlaceMask:
		return nil
	}
	return wrong("the masks are %.20q, want %s, %s or %s", string(m.Kind), PerlinMask, ShapeMask, PlaceMask)
}

func (o PerlinOptions) check() error {
	if o.Scales[0] < 0 || o.Scales[1] <= o.Scales[0] || o.Scales[1] > 11 {
		return wrong("the Perlin noise's scales are from %d to below %d, want them within 0 to 11, and at least one", o.Scales[0], o.Scales[1])
	}
	return firstOf(
		o.Grid.check(),
		within("the Perlin noise's threshold", o.Threshold, -1, 1),
		within("the Perlin noise's rotation", o.Rotation, 0, 180),
		within("the Perlin noise's union", o.Union, 0, 1),
		within("the Perlin noise's intersection", o.Intersection, 0, 1),
		within("the Perlin noise's union and intersection together", o.Union+o.Intersection, 0, 1),
		within("the Perlin noise's least", o.Least, 0, 1),
		within("the Perlin noise's redraws", float64(o.Redraws), 0, 1000),
	)
}

// clone is a copy that has no memory in common.
func (m Masks) clone() Masks {
	if m.Shapes == nil {
		return m
	}
	shapes := *m.Shapes
	shapes.Kinds = slices.Clone(shapes.Kinds)
	if shapes.At != nil {
		at := *shapes.At
		shapes.At = &at
	}
	m.Shapes = &shapes
	return m
}

// draw draws a mask, 255 and 0, inside the call's place. Of Perlin noise it may be empty.
func (m Masks) draw(ctx context.Context, c *call) (*image.Gray, error) {
	mask, _, err := m.drawNoise(ctx, c)
	return mask, err
}

// drawNoise returns the noise of which the mask is made, too, if it is.
func (m Masks) drawNoise(ctx context.Context, c *call) (mask *image.Gray, noise []float32, err error) {
	switch m.Kind {
	case PlaceMask:
		if c.Place == nil {
			return nil, nil, wrong("the mask is to be the place where the picture may change, and none is given")
		}
		return &image.Gray{Pix: slices.Clone(c.place.Pix), Stride: c.size.X, Rect: c.place.Rect}, nil, nil
	case ShapeMask:
		shapes := anomaly.DefaultShapes()
		if m.Shapes != nil {
			shapes = *m.Shapes
		}
		if mask, err = shapes.Draw(c.draws, c.size, c.place); err != nil {
			return nil, nil, wrong("the mask: %w", err)
		}
		return mask, nil, nil
	}
	least := max(1, m.Perlin.Least*float64(c.room()))
	for range 1 + m.Perlin.Redraws {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		mask, noise = m.Perlin.mask(c.draws, c.size)
		c.keepInPlace(mask)
		if float64(marked(mask)) >= least {
			return mask, noise, nil
		}
	}
	clear(mask.Pix)
	return mask, noise, nil
}

// marked is how many pixels of a mask are 255.
func marked(mask *image.Gray) int { return bytes.Count(mask.Pix, []byte{255}) }

// room is how many pixels may change.
func (c *call) room() int {
	if c.place == nil {
		return c.size.X * c.size.Y
	}
	return marked(c.place)
}

// mask draws a mask, and the noise of its first part.
func (o PerlinOptions) mask(d anomaly.Draws, size image.Point) (*image.Gray, []float32) {
	noise := o.noise(d, size)
	mask := image.NewGray(image.Rectangle{Max: size})
	for i, v := range noise {
		mask.Pix[i] = o.grey(v)
	}
	if o.Union == 0 && o.Intersection == 0 {
		return mask, noise
	}
	second := o.noise(d, size)
	switch x := d.Uniform(0, 1); {
	case x < o.Union:
		for i, v := range second {
			mask.Pix[i] |= o.grey(v)
		}
	case x < o.Union+o.Intersection:
		for i, v := range second {
			mask.Pix[i] &= o.grey(v)
		}
	}
	return mask, noise
}

// grey is 255 above the threshold and 0 elsewhere.
func (o PerlinOptions) grey(v float32) uint8 {
	if v > float32(o.Threshold) {
		return 255
	}
	return 0
}

// noise draws noise and turns it.
func (o PerlinOptions) noise(d anomaly.Draws, size image.Point) []float32 {
	scale := func() int { return 1 << d.Whole(o.Scales[0], o.Scales[1]) }
	rows := scale()
	noise := drawLattice(d, image.Pt(scale(), rows)).noise(size, o.Grid)
	if o.Rescale {
		o.rescale(noise)
	}
	if o.Rotation == 0 {
		return noise
	}
	r := newRotation(size, d.Uniform(-o.Rotation, o.Rotation))
	return r.numbers(noise)
}

// rescale has noise that is nowhere above the threshold reach from -1 to 1.
func (o PerlinOptions) rescale(noise []float32) {
	low, high := slices.Min(noise), slices.Max(noise)
	if high > float32(o.Threshold) || high == low {
		return
	}
	for i, v := range noise {
		noise[i] = (v-low)/(high-low)*2 - 1
	}
}

// keepInPlace makes black what may not change.
func (c *call) keepInPlace(mask *image.Gray) {
	if c.place == nil {
		return
	}
	for i, v := range c.place.Pix {
		mask.Pix[i] &= v
	}
}
