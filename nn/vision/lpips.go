package vision

import (
	"embed"
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// LPIPS says how different two pictures look to people: the Learned Perceptual Image Patch Similarity of Zhang et al.
// (arXiv 1801.03924), version 0.1 of their package lpips with net="vgg". It is a weighted distance between what five
// layers of a VGG16 see. Features takes one picture through the network, so that each of many is seen once:
//
//	LPIPS(a, b) = Σ ‖features(a)[i] - features(b)[i]‖²    over the five of them
//
// with kernels.SquaredDistance. The distance of a picture to itself is 0; that of unrelated photographs is around 0.7. It has no upper bound.
type LPIPS struct {
	trunk *VGG16
	heads [][]float32
}

// lpipsTaps are the layers that LPIPS reads.
var lpipsTaps = []string{"features.3", "features.8", "features.15", "features.22", "features.29"}

// lpipsHeads has the published weights of the layers' channels, none below 0: lin0 to lin4.
//
//go:embed lpips/vgg.safetensors
var lpipsHeads embed.FS

// NewLPIPS returns LPIPS over a network, which may be given its weights before or after; the published ones are
// torchvision's, with which the weights of the channels were trained, and those ship. A network that is nil or of other
// widths than NewVGG16 has is nn.ErrArgument.
func NewLPIPS(trunk *VGG16) (*LPIPS, error) {
	f, err := tensor.InFS(lpipsHeads).Open("lpips/vgg.safetensors")
	if err != nil {
		return nil, err // a mistake in the module itself
	}
	heads := make([][]float32, len(lpipsTaps))
	for i := range heads {
		d, err := f.Get(fmt.Sprint("lin", i))
		if err != nil {
			return nil, err
		}
		heads[i] = tensor.Float32s(d)
	}
	return newLPIPS(trunk, heads)
}

func newLPIPS(trunk *VGG16, heads [][]float32) (*LPIPS, error) {
	if trunk == nil {
		return nil, fmt.Errorf("LPIPS: the network is nil, want a VGG16%.0w", nn.ErrArgument)
	}
	for i, tap := range lpipsTaps {
		var at int
		if _, err := fmt.Sscanf(tap, "features.%d", &at); err != nil {
			return nil, err
		}
		c := trunk.Convs[at-1]
		if c == nil || c.Weight == nil || c.Weight.Shape()[0] != len(heads[i]) {
			return nil, fmt.Errorf("LPIPS: the network's %s has not %d channels, want a VGG16 as NewVGG16 makes it%.0w", tap, len(heads[i]), nn.ErrArgument)
		}
	}
	return &LPIPS{trunk, heads}, nil
}

// Scaling returns ImageNet, which is what lpips makes of level/127.5 - 1. As it is measured here, pictures have 256×256
// pixels, to which images.PillowBilinear brings them; other sizes of at least 16×16 give other distances.
func (l *LPIPS) Scaling() Scaling { return ImageNet }

// Features returns what LPIPS compares of pictures [B, H·W, 3]: of each of five layers [B, positions, channels], the
// channels of a position as a vector of length 1, each times the root of its weight, and of one over the number of
// positions. Of 256×256 pixels that are 8.1 million numbers for a picture. A picture of another shape is a panic, which
// nn.Compile turns into an error.
func (l *LPIPS) Features(b *nn.Build, picture nn.FeatureMap) []*G.Node {
	if l.trunk == nil {
		panic("LPIPS has no network: NewLPIPS makes one")
	}
	const epsilon = 1e-10 // lpips 0.1.4's
	out := make([]*G.Node, len(lpipsTaps))
	for i, m := range l.trunk.Features(b, picture, lpipsTaps...) {
		factor := make([]float32, len(l.heads[i]))
		for c, w := range l.heads[i] {
			factor[c] = float32(math.Sqrt(float64(w) / float64(m.H*m.W)))
		}
		out[i] = nn.UnitVectors(m.X, factor, epsilon)
	}
	return out
}
