package detect

import (
	"context"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
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

// look sees a picture, or remembers it; with swapped its red is taken for blue.
func (e *promptADSight) look(ctx context.Context, picture *image.RGBA, swapped bool) (sights, error) {
	if err := images.Check(picture); err != nil {
		return sights{}, wrong("%w", err)
	}
	all, err := e.remembered(picture, fmt.Sprintf("local tokens, swapped %v", swapped), func() ([]features, error) {
		large, err := images.Resize(picture, image.Pt(promptADFirst, promptADFirst), images.OpenCVBilinear)
		if err != nil {
			return nil, wrong("%w", err)
		}
		if swapped {
			for i := 0; i < len(large.Pix); i += 4 {
				large.Pix[i], large.Pix[i+2] = large.Pix[i+2], large.Pix[i]
			}
		}
		levels, err := e.see(large)
		if err != nil {
			return nil, err
		}
		return e.vectors(ctx, e.exec, levels)
	})
	if err != nil {
		return sights{}, err
	}
	return newSights(all), nil
}

// newSights names what the graph gives: the whole, the local tokens and two sets of mid-level ones.
func newSights(all []features) sights {
	return sights{whole: all[0].values, tokens: all[1].values, mid: [2][]float32{all[2].values, all[3].values}}
}
