package vae

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Tiny is an AutoencoderTiny: TAESD, which was trained to do what Stable Diffusion's autoencoder does in an eighteenth of
// the operations (Ollin Boer Bohan, github.com/madebyollin/taesd). Its fields are the keys of diffusers' checkpoint:
// encoder.layers.0.weight, decoder.layers.2.conv.4.bias and so on.
//
// Its latents are those that the UNet works on, whose scale is the other autoencoder's times scaling_factor.
type Tiny struct {
	Encoder *TinyEncoder // nil where there is none: then the model only decodes
	Decoder *TinyDecoder

	Config TinyConfig `weight:"-"`
}

// TinyEncoder is a list of layers from a picture [B, H·W, in_channels] to a latent [B, h·w, latent_channels].
type TinyEncoder struct{ Layers []TinyLayer }

// TinyDecoder is a list of layers from a latent [B, h·w, latent_channels] to a picture [B, H·W, out_channels].
type TinyDecoder struct{ Layers []TinyLayer }

// TinyLayer is an entry of a list of layers: a convolution, a block, or one without weights, which only counts in the
// names of the others. Those are the decoder's ReLU behind its first convolution, which the convolution has in it here,
// and its upsamplings.
type TinyLayer struct {
	Conv     *nn.Conv2D `weight:""` // 3×3; nil for the others
	Block    *TinyBlock `weight:""` // likewise
	Upsample bool       // both sides of the feature map become twice as long
}

// TinyBlock is three convolutions with ReLU, the last of which the input is added before: [B, H·W, C] to the same
// shape. An example is decoder.layers.2.
type TinyBlock struct {
	Conv0 nn.Conv2D `weight:"conv.0"` // 3×3, C to C, as the others
	Conv2 nn.Conv2D `weight:"conv.2"`
	Conv4 nn.Conv2D `weight:"conv.4"`
}

// NewTiny returns a model without weights: nn.Load or nn.Randomize gives it some. The error is that of c.Validate, as
// nn.ErrArgument.
func NewTiny(c TinyConfig) (*Tiny, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("vae: %w%.0w", err, nn.ErrArgument)
	}
	return &Tiny{Encoder: newTinyEncoder(c), Decoder: newTinyDecoder(c), Config: c}, nil
}

func newTinyEncoder(c TinyConfig) *TinyEncoder {
	e, width := &TinyEncoder{}, c.EncoderBlockOutChannels[0]
	for level, blocks := range c.NumEncoderBlocks {
		first := nn.NewConv2D(c.InChannels, width, 3, 1)
		if level > 0 {
			first = nn.NewConv2D(width, width, 3, 2)
			first.Bias = nil
		}
		e.Layers = append(e.Layers, TinyLayer{Conv: &first})
		e.Layers = appendBlocks(e.Layers, blocks, width)
	}
	last := nn.NewConv2D(width, c.LatentChannels, 3, 1)
	e.Layers = append(e.Layers, TinyLayer{Conv: &last})
	return e
}

func newTinyDecoder(c TinyConfig) *TinyDecoder {
	width := c.DecoderBlockOutChannels[0]
	first := nn.NewConv2D(c.LatentChannels, width, 3, 1)
	first.Act = kernels.ReLU
	d := &TinyDecoder{Layers: []TinyLayer{{Conv: &first}, {}}}
	for level, blocks := range c.NumDecoderBlocks {
		d.Layers = appendBlocks(d.Layers, blocks, width)
		last := nn.NewConv2D(width, c.OutChannels, 3, 1)
		if level < len(c.NumDecoderBlocks)-1 {
			d.Layers = append(d.Layers, TinyLayer{Upsample: true})
			last = nn.NewConv2D(width, width, 3, 1)
			last.Bias = nil
		}
		d.Layers = append(d.Layers, TinyLayer{Conv: &last})
	}
	return d
}

func appendBlocks(layers []TinyLayer, n, width int) []TinyLayer {
	for range n {
		k := &TinyBlock{Conv0: nn.NewConv2D(width, width, 3, 1), Conv2: nn.NewConv2D(width, width, 3, 1), Conv4: nn.NewConv2D(width, width, 3, 1)}
		k.Conv0.Act, k.Conv2.Act, k.Conv4.Act = kernels.ReLU, kernels.ReLU, kernels.ReLU
		layers = append(layers, TinyLayer{Block: k})
	}
	return layers
}

// Encode returns the latent of a picture, [B, latent_channels, H/f, W/f] with f = Config.Factor: the one that the UNet
// works on, and no distribution. The picture is [B, in_channels, H, W], from -1 to 1, H and W multiples of f. Other
// shapes, and a model without an encoder, are a panic, which nn.Compile turns into an error.
func (m *Tiny) Encode(b *nn.Build, image *G.Node) *G.Node {
	s, f := image.Shape(), m.Config.Factor()
	if m.Encoder == nil {
		panic("vae: this tiny autoencoder has no encoder: its file is missing")
	}
	if !isBatch(s, m.Config.InChannels) || s[2]%f != 0 || s[3]%f != 0 {
		panic(fmt.Sprintf("vae: picture of shape %v, want [batch, %d, height, width] with height and width multiples of %d", s, m.Config.InChannels, f))
	}
	x := nn.Affine(nn.ChannelsLast(image), 0.5, 0.5) // the layers see pictures from 0 to 1
	return through(b, m.Encoder.Layers, nn.FeatureMap{X: x, H: s[2], W: s[3]})
}

// Decode returns the picture of a latent [B, latent_channels, h, w] as the UNet has it: [B, out_channels, h·f, w·f] with
// f = Config.Factor, from about -1 to 1, not clamped. The latent is not divided by the other autoencoder's
// scaling_factor; numbers far from 0 are bent to ±3, x = 3·tanh(z/3). Other shapes are a panic, which nn.Compile turns
// into an error.
func (m *Tiny) Decode(b *nn.Build, latent *G.Node) *G.Node {
	s := latent.Shape()
	if m.Decoder == nil || !isBatch(s, m.Config.LatentChannels) {
		panic(fmt.Sprintf("vae: latent of shape %v, want [batch, %d, height, width]", s, m.Config.LatentChannels))
	}
	x := nn.ChannelsLast(nn.Scale(G.Must(G.Tanh(nn.Scale(latent, 1.0/3))), 3))
	return nn.Affine(through(b, m.Decoder.Layers, nn.FeatureMap{X: x, H: s[2], W: s[3]}), 2, -1)
}

// isBatch reports whether a shape is [B, channels, H, W], of at least one number.
func isBatch(s gt.Shape, channels int) bool {
	return len(s) == 4 && s[1] == channels && s.TotalSize() > 0
}

// through is what a list of layers makes of x, [B, C, H, W].
func through(b *nn.Build, layers []TinyLayer, x nn.FeatureMap) *G.Node {
	for _, l := range layers {
		switch {
		case l.Conv != nil:
			x = l.Conv.Forward(x)
		case l.Block != nil:
			x = l.Block.forward(b, x)
		case l.Upsample:
			x = nn.FeatureMap{X: nn.Upsample(x.X, x.H, x.W, 2), H: 2 * x.H, W: 2 * x.W}
		}
	}
	return nn.ChannelsFirst(x.X, x.H, x.W)
}

func (k *TinyBlock) forward(b *nn.Build, x nn.FeatureMap) nn.FeatureMap {
	return x.With(b.Block(func() *G.Node {
		return k.Conv4.ForwardAdd(k.Conv2.Forward(k.Conv0.Forward(x)), x.X).X
	}))
}
