package vision_test

import (
	"context"
	"image"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// How far two pictures are from each other, by torchvision's weights. Features of a picture that is compared with many
// are computed once.
func ExampleLPIPS() {
	distance := func(ctx context.Context, a, b *image.RGBA) (float64, error) {
		f, err := vision.Open(ctx, "vgg16", "vgg16-397923af.pth")
		if err != nil {
			return 0, err
		}
		defer f.Close()
		lpips, err := vision.NewLPIPS(f.Network.(*vision.VGG16))
		if err != nil {
			return 0, err
		}
		const side = 256
		features := nn.NewExec(func(b *nn.Build) []*G.Node {
			return lpips.Features(b, nn.FeatureMap{X: b.Given("picture"), H: side, W: side})
		})
		var seen [2][]*gt.Dense
		for i, picture := range []*image.RGBA{a, b} {
			small, err := images.Resize(picture, image.Pt(side, side), images.PillowBilinear)
			if err != nil {
				return 0, err
			}
			x, err := lpips.Scaling().Apply(small)
			if err != nil {
				return 0, err
			}
			if seen[i], err = features.Run(ctx, map[string]*gt.Dense{"picture": x}); err != nil {
				return 0, err
			}
		}
		sum := 0.0
		for i, d := range seen[0] {
			sum += kernels.SquaredDistance(tensor.Float32s(d), tensor.Float32s(seen[1][i]))
		}
		return sum, nil
	}
	_ = distance
}

// What an Inception Score is made of: a picture of any size as the network sees it, and its logits without a bias.
func ExampleInceptionV3() {
	logits := func(ctx context.Context, n *vision.InceptionV3, picture *image.RGBA) ([]float32, error) {
		const side = 299
		at := picture.Rect.Size()
		x, err := images.ResizeMap(images.ToTensor(picture, images.ChannelsLast, images.Unit), at.Y, at.X, 3, side, side, images.TensorFlow1Bilinear)
		if err != nil {
			return nil, err
		}
		n.Scaling().Scale(x)
		exec := nn.NewExec(func(b *nn.Build) []*G.Node { // kept for the next picture
			return G.Nodes{n.LogitsUnbiased(b, nn.FeatureMap{X: b.Given("picture"), H: side, W: side})}
		})
		out, err := exec.Run(ctx, map[string]*gt.Dense{"picture": tensor.FromFloat32s(x, 1, side*side, 3)})
		if err != nil {
			return nil, err
		}
		return tensor.Float32s(out[0]), nil
	}
	_ = logits
}
