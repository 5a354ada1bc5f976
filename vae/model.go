package vae

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Model is an AutoencoderKL. Its fields, and those of the blocks they lead to, are
// the keys of the checkpoint: encoder.conv_in.weight,
// decoder.mid_block.resnets.0.norm1.weight, quant_conv.weight and so on (nn.Params
// lists them).
type Model struct {
	Encoder       *Encoder
	Decoder       *Decoder
	QuantConv     *nn.Conv2D // 1×1 behind the encoder; nil without use_quant_conv
	PostQuantConv *nn.Conv2D // 1×1 before the decoder; nil without use_post_quant_conv

	Config Config `weight:"-"`
}

// New returns a model without weights: nn.Load or nn.Randomize gives it some. The
// error is that of c.Validate, as nn.ErrArgument.
func New(c Config) (*Model, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("vae: %w%.0w", err, nn.ErrArgument)
	}
	m := &Model{Encoder: newEncoder(c), Decoder: newDecoder(c), Config: c}
	if c.UseQuantConv {
		q := nn.NewConv2D(2*c.LatentChannels, 2*c.LatentChannels, 1, 1)
		m.QuantConv = &q
	}
	if c.UsePostQuantConv {
		q := nn.NewConv2D(c.LatentChannels, c.LatentChannels, 1, 1)
		m.PostQuantConv = &q
	}
	return m, nil
}

// Encode returns the mean and the logarithm of the variance of a picture's latent,
// each [B, latent_channels, H/f, W/f] with f = Config.Factor. The picture is
// [B, in_channels, H, W], from -1 to 1, H and W multiples of f. The logarithm is
// clamped to [-30, 20] as in diffusers. The latent that the UNet works on is the
// mean, or a sample, times scaling_factor. Other shapes are a panic, which
// nn.Compile turns into an error.
func (m *Model) Encode(b *nn.Build, image *G.Node) (mean, logvar *G.Node) {
	s := image.Shape()
	f := m.Config.Factor()
	if len(s) != 4 || s[1] != m.Config.InChannels || s[2]%f != 0 || s[3]%f != 0 {
		panic(fmt.Sprintf("vae: picture of shape %v, want [batch, %d, height, width] with height and width multiples of %d", s, m.Config.InChannels, f))
	}
	x := m.Encoder.forward(b, nn.FeatureMap{X: nn.ChannelsLast(image), H: s[2], W: s[3]})
	if m.QuantConv != nil {
		x = m.QuantConv.Forward(x)
	}
	c := m.Config.LatentChannels
	mean = nn.ChannelsFirst(nn.SliceChannels(x.X, 0, c), x.H, x.W)
	logvar = nn.ChannelsFirst(nn.Clamp(nn.SliceChannels(x.X, c, 2*c), -30, 20), x.H, x.W)
	return mean, logvar
}

// Decode returns the picture of a latent [B, latent_channels, h, w], which has been
// divided by scaling_factor: [B, out_channels, h·f, w·f] with f = Config.Factor,
// from about -1 to 1, not clamped. Other shapes are a panic, which nn.Compile turns
// into an error.
func (m *Model) Decode(b *nn.Build, latent *G.Node) *G.Node {
	s := latent.Shape()
	if len(s) != 4 || s[1] != m.Config.LatentChannels {
		panic(fmt.Sprintf("vae: latent of shape %v, want [batch, %d, height, width]", s, m.Config.LatentChannels))
	}
	x := nn.FeatureMap{X: nn.ChannelsLast(latent), H: s[2], W: s[3]}
	if m.PostQuantConv != nil {
		x = m.PostQuantConv.Forward(x)
	}
	x = m.Decoder.forward(b, x)
	return nn.ChannelsFirst(x.X, x.H, x.W)
}
