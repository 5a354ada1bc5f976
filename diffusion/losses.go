package diffusion

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// TokenMaps makes the tokens of a mean attention map [1, h·w, T] (AttnStore.Mean)
// compete, as Attend-and-Excite does (Chefer et al., arXiv 2301.13826): the start
// token and the last position are dropped, the rest is multiplied by 100, and a
// softmax is taken over the tokens. In the result, [1, h·w, T-2], position j of the
// text is channel j-1.
func TokenMaps(mean *G.Node) *G.Node {
	tokens := mean.Shape()[2]
	if tokens < 3 {
		panic(fmt.Sprintf("token maps: %d tokens, want at least 3", tokens))
	}
	return nn.Softmax(nn.Scale(nn.SliceChannels(mean, 1, tokens-1), 100))
}

// TokenMap returns the map of the token at position j of the text, 1 to T-2, out of
// maps [1, h·w, T-2], which come from TokenMaps. It is smoothed by a Gaussian of 3×3
// positions: [1, h·w, 1].
func TokenMap(maps *G.Node, h, w, j int, g nn.Gaussian) *G.Node {
	if last := maps.Shape()[2]; j < 1 || j > last {
		panic(fmt.Sprintf("token map: token %d, want 1 to %d: the start token and the last position have none", j, last))
	}
	return nn.GaussianSmooth(nn.SliceChannels(maps, j-1, j), h, w, 3, g)
}

// AttendAndExcite returns the loss of that method (equation 2), a scalar: the
// largest, over maps of tokens such as TokenMap returns, of max(0, 1 - max(map)).
// It is high where one of the tokens is seen nowhere. Positions that tie for a
// map's maximum share the gradient evenly; of maps that tie, the first has it.
func AttendAndExcite(maps ...*G.Node) *G.Node {
	if len(maps) == 0 {
		panic("Attend-and-Excite's loss: no maps of tokens, want at least one")
	}
	losses := make([]*G.Node, len(maps))
	for i, m := range maps {
		losses[i] = nn.ReLU(nn.OneMinusMax(m))
	}
	return nn.Largest(losses...)
}

// NarrowGaussian returns exp(-(d/(2σ))²), with which the published code of
// Attend-and-Excite smooths maps: other than in nn.StandardGaussian, the square
// takes in the 2.
func NarrowGaussian(sigma float64) nn.Gaussian {
	return func(d float64) float64 { return math.Exp(-(d / (2 * sigma)) * (d / (2 * sigma))) }
}

// PictureForCLIP returns a decoded picture [1, 3, H, W], from about -1 to 1 and not
// clamped, as CLIP's vision encoder takes it: brought to [0, 1], resized to its
// image_size by antialiased bicubic interpolation, and normalised.
func (c *CLIP) PictureForCLIP(image *G.Node) nn.FeatureMap {
	s := image.Shape()
	size := c.Config.Vision.ImageSize
	x := nn.BicubicResize(nn.Affine(nn.ChannelsLast(image), 0.5, 0.5), s[2], s[3], size, size, true)
	return nn.FeatureMap{X: c.NormalisePicture(x), H: size, W: size}
}

// NormalisePicture subtracts Mean from colours in [0, 1], [B, positions, 3], and
// divides them by Std.
func (c *CLIP) NormalisePicture(x *G.Node) *G.Node {
	factor, offset := make([]float32, len(c.Mean)), make([]float32, len(c.Mean))
	for i, m := range c.Mean {
		factor[i], offset[i] = 1/c.Std[i], -m/c.Std[i]
	}
	return nn.AffineChannels(x, factor, offset)
}
