package diffusion

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// TokenMaps is how Attend-and-Excite (Chefer et al., arXiv 2301.13826) reads a
// mean attention map [1, h·w, T]: the start token and the last position are
// dropped, what is left is multiplied by 100, and a softmax over the tokens
// makes them compete. [1, h·w, T-2]; token j of the prompt is channel j-1.
func TokenMaps(mean *G.Node) *G.Node {
	tokens := mean.Shape()[2]
	if tokens < 3 {
		panic(fmt.Sprintf("token maps: %d tokens, want at least 3", tokens))
	}
	return nn.Softmax(nn.Scale(nn.SliceChannels(mean, 1, tokens-1), 100))
}

// TokenMap is the map of token j of the prompt, smoothed 3×3 by a Gaussian:
// [1, h·w, 1]. maps comes from TokenMaps.
func TokenMap(maps *G.Node, h, w, j int, g nn.Gaussian) *G.Node {
	if last := maps.Shape()[2]; j < 1 || j > last {
		panic(fmt.Sprintf("token map: token %d, want 1 to %d: the start token and the last position have none", j, last))
	}
	return nn.GaussianSmooth(nn.SliceChannels(maps, j-1, j), h, w, 3, g)
}

// PictureForCLIP makes of a decoded picture [1, 3, H, W], about [-1, 1] and not
// clamped, what CLIP's vision encoder takes: [0, 1], resized to size×size by
// antialiased bicubic interpolation, with CLIP's mean and deviation.
func (c *CLIP) PictureForCLIP(image *G.Node) nn.FeatureMap {
	s := image.Shape()
	size := c.Config.Vision.ImageSize
	x := nn.BicubicResize(nn.Affine(nn.ChannelsLast(image), 0.5, 0.5), s[2], s[3], size, size, true)
	return nn.FeatureMap{X: c.NormalisePicture(x), H: size, W: size}
}

// NormalisePicture applies CLIP's mean and deviation to colours in [0, 1],
// [B, positions, 3].
func (c *CLIP) NormalisePicture(x *G.Node) *G.Node {
	factor, offset := make([]float32, len(c.Mean)), make([]float32, len(c.Mean))
	for i, m := range c.Mean {
		factor[i], offset[i] = 1/c.Std[i], -m/c.Std[i]
	}
	return nn.AffineChannels(x, factor, offset)
}
