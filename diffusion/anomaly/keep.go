package anomaly

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// Keep says how the part stays the part: outside the defect's mask, grown by Margin, every pixel is the photograph's
// own. Inside, the generated picture's differences of colour count and not its tone, which an autoencoder shifts
// (images.Poisson), and in the last Feather pixels of the margin it passes into the photograph.
type Keep struct {
	Margin  float64 // pixels of the photograph, 0 to 1000; DefaultKeep has 8
	Feather float64 // pixels, 0 to Margin; DefaultKeep has 4
}

// DefaultKeep has the margin of one cell of Stable Diffusion's latent.
func DefaultKeep() Keep { return Keep{Margin: 8, Feather: 4} }

// maxMargin bounds the margin.
const maxMargin = 1000

// Validate is an error if a number is out of its range.
func (k Keep) Validate() error {
	switch {
	case !(k.Margin >= 0 && k.Margin <= maxMargin):
		return fmt.Errorf("the margin around the defect is %g pixels, want 0 to %d", k.Margin, maxMargin)
	case !(k.Feather >= 0 && k.Feather <= k.Margin):
		return fmt.Errorf("the feather is %g pixels, want 0 to the margin's %g", k.Feather, k.Margin)
	}
	return nil
}

// Restore returns the photograph with the generated picture inside the mask, all of one size. Nothing of its
// arguments is changed.
func (k Keep) Restore(photograph, made *image.RGBA, mask *image.Gray) (*image.RGBA, error) {
	for _, p := range []struct {
		what    string
		picture *image.RGBA
	}{{"photograph", photograph}, {"generated picture", made}} {
		if err := images.Check(p.picture); err != nil {
			return nil, fmt.Errorf("the %s: %w", p.what, err)
		}
	}
	size := photograph.Rect.Size()
	if got := made.Rect.Size(); got != size {
		return nil, fmt.Errorf("the generated picture has %d×%d pixels, want the photograph's %d×%d", got.X, got.Y, size.X, size.Y)
	}
	if err := checkMask(mask, size); err != nil {
		return nil, err
	}
	return k.restore(photograph, made, images.Binary(asPicture(mask)), nil)
}

// restore is Restore for checked arguments. Where fixed is not nil, the pixels that it has are the photograph's
// whatever the mask says.
func (k Keep) restore(photograph, made *image.RGBA, mask []float32, fixed func(i int) bool) (*image.RGBA, error) {
	if err := k.Validate(); err != nil {
		return nil, err
	}
	size := photograph.Rect.Size()
	distance, err := images.Distances(mask, size.Y, size.X)
	if err != nil {
		return nil, err
	}
	within := make([]float32, len(mask)) // the mask and its margin
	for i, d := range distance {
		if float64(d) <= k.Margin {
			within[i] = 1
		}
	}
	blended, err := images.Poisson(context.Background(), photograph, made, within, false)
	if err != nil {
		return nil, err
	}
	out := images.Cut(photograph, photograph.Rect)
	for i, d := range distance {
		weight := k.weight(float64(d))
		if within[i] == 0 || weight == 0 || fixed != nil && fixed(i) {
			continue
		}
		to, from := out.Pix[i/size.X*out.Stride+4*(i%size.X):][:3], blended.Pix[i/size.X*blended.Stride+4*(i%size.X):][:3]
		for c := range to {
			v := float64(to[c]) + weight*(float64(from[c])-float64(to[c]))
			to[c] = uint8(math.RoundToEven(v))
		}
	}
	return out, nil
}

// weight is that of what was generated, so far from the mask: 1 up to the seam, 0 at the margin's end.
func (k Keep) weight(distance float64) float64 {
	if k.Feather == 0 {
		return 1
	}
	t := min(1, max(0, (k.Margin-distance)/k.Feather))
	return t * t * (3 - 2*t)
}
