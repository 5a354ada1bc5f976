package anomalyany

import (
	"context"
	"errors"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// Annotation is where a generated picture shows the defect: where the word's attention was and the
// picture has changed.
type Annotation struct {
	Soft       []float32 // H·W in [0, 1]: how strongly both say so
	Mask       []float32 // H·W, 1 where the defect is and 0 elsewhere
	Confidence float64   // 0 to 1: the mean of Soft inside the mask, less that of the rest that might change
}

// The annotation's numbers were chosen by what a segmenter says of drawings of pairs that the small model has seen
// (examples/demo/trust).
const (
	blur  = 0.1   // of the change: the Gaussian's sigma, in cells of the latent
	loose = 0.75  // of Otsu's threshold: what is above belongs to the mask if it touches what is above the threshold itself
	gap   = 0.125 // which is closed, in cells of the latent
)

// Annotate returns where a run's picture shows the defect. The word's attention says in which
// part of the picture, to a cell of the maps; the difference of colour to the photograph, after both went
// through the autoencoder, says which pixels of it:
//
//	soft = A·G(d), d = max over the colours of |x - x̃ - the median of x - x̃ where attention is low|
//
// with A the run's SoftMap, x its picture, x̃ the photograph after the autoencoder, G a Gaussian. The
// mask is what exceeds Otsu's threshold, with what touches it and exceeds three quarters of that, closed, and
// without holes. Where the photograph might not change, both are 0.
func (g *Generator) Annotate(ctx context.Context, p *Photograph, r *Result) (*Annotation, error) {
	if err := g.checkResult(p, r); err != nil {
		return nil, err
	}
	x, err := p.Decoded(ctx)
	if err != nil {
		return nil, err
	}
	return g.annotation(r, x, p.mask)
}

// Compose puts a picture [1, 3, H, W] in [-1, 1], a run's or Keep's, into the canvas whose Input it was made of, with the
// annotation's mask and soft map.
func (a *Annotation) Compose(canvas *anomaly.Canvas, picture *gt.Dense) (anomaly.Sample, anomaly.Map, error) {
	if a == nil {
		return anomaly.Sample{}, anomaly.Map{}, badArgument(errors.New("there is no annotation: Generator.Annotate makes one"))
	}
	made, err := images.FromModel(picture)
	if err != nil {
		return anomaly.Sample{}, anomaly.Map{}, err
	}
	size := made.Rect.Size()
	of := func(values []float32) anomaly.Map { return anomaly.Map{Values: values, Width: size.X, Height: size.Y} }
	return canvas.Compose(made, of(a.Mask), of(a.Soft))
}

func (g *Generator) annotation(r *Result, photograph *gt.Dense, may []float32) (*Annotation, error) {
	cell := float64(g.pipeline.Factor())
	soft, err := images.Gaussian(change(r, photograph), g.height, g.width, blur*cell)
	if err != nil {
		return nil, err
	}
	for i, a := range r.SoftMap {
		soft[i] *= a
		if may != nil && may[i] < 0.5 {
			soft[i] = 0
		}
	}
	if top := largest(soft); top > 0 {
		for i := range soft {
			soft[i] /= top
		}
	}
	mask, err := outlined(soft, g.height, g.width, gap*cell)
	if err != nil {
		return nil, err
	}
	for i := range mask {
		if may != nil && may[i] < 0.5 {
			mask[i] = 0
		}
	}
	return &Annotation{Soft: soft, Mask: mask, Confidence: focus(soft, mask, may)}, nil
}

// change is by how much the colours of a picture differ from the photograph's, 0 to 1, beyond what the
// picture differs as a whole.
func change(r *Result, photograph *gt.Dense) []float32 {
	x, y := tensor.Float32s(r.Image), tensor.Float32s(photograph)
	n := len(r.SoftMap)
	low := 0.3 * largest(r.SoftMap)
	out := make([]float32, n)
	for c := range len(x) / n {
		var rest []float32 // differences where attention is low
		difference := make([]float32, n)
		for i := range difference {
			difference[i] = min(max(x[c*n+i], -1), 1) - y[c*n+i]
			if r.SoftMap[i] < low {
				rest = append(rest, difference[i])
			}
		}
		shift := median(rest)
		for i, d := range difference {
			out[i] = max(out[i], abs(d-shift)/2)
		}
	}
	return out
}

func abs(v float32) float32 { return max(v, -v) }

// median is the middle one of some numbers, whose order changes; 0 of none.
func median(v []float32) float32 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// outlined is the mask of a soft map.
func outlined(soft []float32, h, w int, gap float64) ([]float32, error) {
	threshold := images.Otsu(soft)
	regions, err := images.Regions(images.Above(soft, loose*threshold), h, w)
	if err != nil {
		return nil, err
	}
	mask := make([]float32, len(soft))
	for _, region := range regions {
		if !slices.ContainsFunc(region, func(i int) bool { return soft[i] > threshold }) {
			continue
		}
		for _, i := range region {
			mask[i] = 1
		}
	}
	if mask, err = images.Closed(mask, h, w, gap); err != nil {
		return nil, err
	}
	return images.Filled(mask, h, w)
}

// checkResult refuses what is no result of a photograph of the Generator.
func (g *Generator) checkResult(p *Photograph, r *Result) error {
	if err := g.check(p); err != nil {
		return err
	}
	if r == nil || r.Image == nil || r.Latent.Dense == nil || len(r.SoftMap) != g.height*g.width || len(tensor.Float32s(r.Image)) != 3*len(r.SoftMap) {
		return badArgument(errors.New("there is no result of this Generator: Run makes one"))
	}
	return nil
}
