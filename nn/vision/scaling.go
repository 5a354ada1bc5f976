package vision

import (
	"errors"
	"fmt"
	"image"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Scaling says what a network takes for the levels of a picture: (level/255 - Mean) / Deviation, of red, green and blue.
type Scaling struct{ Mean, Deviation [3]float32 }

// ImageNet is the scaling of torchvision's networks: the mean and deviation of ImageNet's pictures.
var ImageNet = Scaling{Mean: [3]float32{0.485, 0.456, 0.406}, Deviation: [3]float32{0.229, 0.224, 0.225}}

// Scale brings values of red, green and blue, one pixel after the other and from 0 to 1, to what the network takes, in
// place. It is for pictures that were resized as numbers; what is left of a last pixel stays as it is.
func (s Scaling) Scale(values []float32) {
	for ; len(values) >= 3; values = values[3:] {
		for c := range 3 {
			values[c] = (values[c] - s.Mean[c]) / s.Deviation[c]
		}
	}
}

// Apply returns pictures of one size as a network's input, [B, H·W, 3]. No picture, an empty one and others than the
// first one's size are nn.ErrArgument.
func (s Scaling) Apply(pictures ...*image.RGBA) (*gt.Dense, error) {
	if len(pictures) == 0 {
		return nil, fmt.Errorf("scaling pictures for a network: there is none%.0w", nn.ErrArgument)
	}
	var size image.Point
	var all []float32
	for i, p := range pictures {
		values := images.ToTensor(p, images.ChannelsLast, images.Unit)
		if len(values) == 0 {
			return nil, fmt.Errorf("scaling pictures for a network: picture %d: %w%.0w", i, errEmpty, nn.ErrArgument)
		}
		if i == 0 {
			size = p.Rect.Size()
		}
		if got := p.Rect.Size(); got != size {
			return nil, fmt.Errorf("scaling pictures for a network: picture %d has %d×%d pixels, the first one %d×%d%.0w", i, got.X, got.Y, size.X, size.Y, nn.ErrArgument)
		}
		all = append(all, values...)
	}
	s.Scale(all)
	return tensor.FromFloat32s(all, len(pictures), size.X*size.Y, 3), nil
}

var errEmpty = errors.New("it is nil or has no pixels")
