package detect

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// promptADFirst is the side to which the released code brings pictures before all else, by OpenCV's bilinear rule.
const promptADFirst = 1024

// promptADSight is how PromptAD sees pictures.
type promptADSight struct {
	CLIP
	exec *nn.Exec
}

// sights are what a picture looks like, all of them unit vectors.
type sights struct {
	whole  []float32    // of the picture, in the space of texts
	tokens []float32    // of each patch in the same space, [patches, projection_dim]: of the value-value stream
	mid    [2][]float32 // of each patch within the network, [patches, hidden_size]
}

// newPromptADSight returns the sight of a model of two layers or more. In the middle it reads tokens behind layers 2 and 7
// of 12, counted from 0, and of other models those as far along.
func newPromptADSight(c CLIP) (*promptADSight, error) {
	layers := c.Model.Config.Vision.Layers
	if layers < 2 {
		return nil, wrong("the CLIP %q sees pictures with %d layers, want 2 or more", c.Name, layers)
	}
	mid := []int{layers / 6, min(layers*7/12, layers-2)}
	return &promptADSight{c, nn.NewExec(func(b *nn.Build) []*G.Node {
		v := c.Model.VisionModel
		x := v.Embed(b, nn.FeatureMap{X: b.Given("picture"), H: c.side(), W: c.side()})
		l := v.EncodeLocal(b, x, mid...)
		patches := func(x *G.Node) *G.Node { return nn.SlicePositions(x, 1, x.Shape()[1]) } // without the class token
		return []*G.Node{
			c.Model.VisualProjection.Forward(v.Pool(l.Tokens)),
			patches(c.Model.LocalEmbeds(l.Local)), patches(l.Mid[0]), patches(l.Mid[1]),
		}
	})}, nil
}

// look sees a picture; with swapped its red is taken for blue.
func (e *promptADSight) look(ctx context.Context, picture *image.RGBA, swapped bool) (sights, error) {
	if err := images.Check(picture); err != nil {
		return sights{}, wrong("%w", err)
	}
	large, err := images.Resize(picture, image.Pt(promptADFirst, promptADFirst), images.OpenCVBilinear)
	if err != nil {
		return sights{}, wrong("%w", err)
	}
	if swapped {
		for i := 0; i < len(large.Pix); i += 4 {
			large.Pix[i], large.Pix[i+2] = large.Pix[i+2], large.Pix[i]
		}
	}
	levels, err := e.see(large)
	if err != nil {
		return sights{}, err
	}
	return e.lookAt(ctx, levels)
}

// lookAt sees what CLIP's see makes of a picture.
func (e *promptADSight) lookAt(ctx context.Context, levels []float32) (s sights, err error) {
	out, err := e.exec.Run(ctx, map[string]*gt.Dense{"picture": tensor.FromFloat32s(levels, 1, e.side()*e.side(), 3)})
	if err != nil {
		return s, fmt.Errorf("detect: %w", err)
	}
	for i, to := range []*[]float32{&s.whole, &s.tokens, &s.mid[0], &s.mid[1]} {
		if at := tensor.NonFinite(out[i]); at >= 0 {
			return s, fmt.Errorf("detect: the CLIP %s sees %v somewhere%.0w", e.Name, tensor.Float32s(out[i])[at], ErrNotFinite)
		}
		shape := out[i].Shape()
		*to = unitVectors(tensor.Float32s(out[i]), shape[len(shape)-1])
	}
	return s, nil
}

// unitVectors divides vectors of a width by their Euclidean length, in place.
func unitVectors(values []float32, width int) []float32 {
	for at := 0; at < len(values); at += width {
		v, sum := values[at:][:width], 0.0
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		for i, x := range v {
			v[i] = float32(float64(x) / max(math.Sqrt(sum), 1e-12))
		}
	}
	return values
}
