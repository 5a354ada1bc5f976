package main

import (
	"cmp"
	"context"
	"image"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/demo/judge"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// filled is what was measured of one drawing.
type filled struct {
	shaped
	cells float64  // IoU of the shape with the cells of the latent that stand for it
	drawn judged   // the drawing with the defect that the world draws, after the autoencoder, and its mask
	made  []judged // the pictures of each weight, and the shape
}

// judged is what the judge says of a picture.
type judged struct {
	named, any bool    // it finds the defect that was asked for; any
	iou        float64 // of what it takes for defective with what was asked for; 0 where that is nothing

	// Of a generated picture, the same after the photograph has come back outside the shape.
	keptNamed bool
	kept      float64
}

// measure makes the picture of a drawing with each weight, of the same noise.
func (s *shapes) measure(ctx context.Context, b *bench, c shaped) (*filled, error) {
	f := &filled{shaped: c}
	normal, defective := trial.Picture(c.Normal(size)), c.Defective(size)
	drawn, err := b.coded(ctx, trial.Picture(defective))
	if err != nil {
		return nil, err
	}
	if f.drawn, err = b.look(ctx, c, drawn, trial.Mask(defective)); err != nil {
		return nil, err
	}
	shape, err := c.draw()
	if err != nil {
		return nil, err
	}
	var may []float32 // the shape as the latent has it
	for i := range s.Fill {
		g, err := anomalyany.New(ctx, b.Pipeline, size, size, s.options(b, c, defective, i))
		if err != nil {
			return nil, err
		}
		if may == nil {
			if may, err = enough(g, shape); err != nil {
				return nil, err
			}
			f.cells = metric.IoU(cells(may, size, b.Factor()*max(b.options.MapFactor, 1)), shape)
		}
		in, err := g.Encode(ctx, normal, may)
		if err != nil {
			return nil, err
		}
		r, err := g.Run(ctx, in, c.Seed, nil)
		if err != nil {
			return nil, err
		}
		picture := metric.Clamped(r.Image)
		one, err := b.look(ctx, c, picture, shape)
		if err != nil {
			return nil, err
		}
		kept, err := b.look(ctx, c, keep(picture, normal, shape, size), shape)
		if err != nil {
			return nil, err
		}
		one.kept, one.keptNamed = kept.iou, kept.named
		f.made = append(f.made, one)
	}
	return f, nil
}

// options are those of the i-th weight.
func (s *shapes) options(b *bench, c shaped, words world.Drawing, i int) anomalyany.Options {
	o := b.options
	o.Prompt, o.Detail, o.Words = words.Caption, words.Detail, []string{c.Defect.Name}
	if o.Fill = s.Fill[i]; len(s.Gamma) > 0 {
		o.Gamma = s.Gamma[i]
	}
	if s.NoRefine {
		o.Refine = 0
	}
	return o
}

// draw draws the shape, H·W numbers: of an object it lies on the object.
func (c shaped) draw() ([]float32, error) {
	var place *image.Gray
	if d := c.Normal(size); c.Subject.Object {
		object, err := images.Foreground(images.FromBytes(d.Picture, size, size))
		if err == nil { // else it has no contrast: anywhere
			if place, err = images.FromMap(images.Binary(object), size, size); err != nil {
				return nil, err
			}
		}
	}
	mask, err := c.shapes(size).Draw(anomaly.NewDraws(c.Seed), image.Pt(size, size), place)
	if err != nil {
		return nil, err
	}
	shape := make([]float32, len(mask.Pix))
	for i, v := range mask.Pix {
		shape[i] = float32(v / 255)
	}
	return shape, nil
}

// leastSeen is the share of a shape that the model is to see of it, as anomalyany --shape
// has it.
const leastSeen = 0.5

// enough is a shape, widened by as little as it takes for the model to see enough of it.
func enough(g *anomalyany.Generator, shape []float32) ([]float32, error) {
	var failed error
	wide, _, err := images.Widen(shape, size, size, size, func(mask []float32) bool {
		left, err := g.Left(mask)
		failed = cmp.Or(failed, err)
		return left >= leastSeen
	})
	return wide, cmp.Or(failed, err)
}

// cells are the pixels of those squares of so many pixels a side that a mask covers at
// least half of: what the latent has of it.
func cells(mask []float32, side, cell int) []float32 {
	n := side / cell
	covered := make([]int, n*n)
	of := func(i int) int { return i/side/cell*n + i%side/cell }
	for i, v := range mask {
		if v > 0 {
			covered[of(i)]++
		}
	}
	out := make([]float32, len(mask))
	for i := range out {
		if 2*covered[of(i)] >= cell*cell {
			out[i] = 1
		}
	}
	return out
}

// keep is a generated picture with the photograph outside the shape: in a seam of two
// pixels around it the one passes into the other.
func keep(made, photograph *gt.Dense, shape []float32, side int) *gt.Dense {
	out := made.Clone().(*gt.Dense)
	v, old := tensor.Float32s(out), tensor.Float32s(photograph)
	near, far := metric.Dilated(shape, side, side, 1), metric.Dilated(shape, side, side, 2)
	for i := range v {
		p := i % len(shape)
		weight := (shape[p] + near[p] + far[p]) / 3
		v[i] = weight*v[i] + (1-weight)*old[i]
	}
	return out
}

// coded is a picture as the autoencoder knows it.
func (b *bench) coded(ctx context.Context, picture *gt.Dense) (*gt.Dense, error) {
	z, err := b.EncodeImage(ctx, picture)
	if err != nil {
		return nil, err
	}
	return b.Decode(ctx, z)
}

// look has the judge look at a picture whose defect should be what a mask says.
func (b *bench) look(ctx context.Context, c shaped, picture *gt.Dense, mask []float32) (judged, error) {
	v, err := b.judge.Judge(ctx, picture)
	return verdict(v, c.Defect.Name, mask), err
}

func verdict(v judge.Verdict, asked string, mask []float32) judged {
	return judged{named: v.Defect == asked, any: v.Defect != "", iou: metric.IoU(v.Mask, mask)}
}
