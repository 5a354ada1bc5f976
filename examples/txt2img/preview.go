package main

import (
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// latentToRGB approximates the decoder of Stable Diffusion 1.x, without its
// upscaling, by one factor for each channel of the latent and colour; colours
// are in [-1, 1] (keturn, "Decoding latents to RGB without upscaling", forum of
// Hugging Face, 2022).
var latentToRGB = [4][3]float32{
	{0.298, 0.207, 0.208},
	{0.187, 0.286, 0.173},
	{-0.158, 0.189, 0.264},
	{-0.184, -0.271, -0.473},
}

// preview writes after every few steps what they believe the picture to be, as
// large as the latent.
type preview struct {
	*job
	taken int               // steps
	last  *diffusion.Moment // under way
}

// next is told of each step before it is taken, and of nil after the last.
func (p *preview) next(m *diffusion.Moment) error {
	before := p.last
	p.last = m
	if before == nil || p.flags.Preview == 0 {
		return nil
	}
	if p.taken++; p.taken%p.flags.Preview != 0 {
		return nil
	}
	if err := p.write(before); err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	return nil
}

func (p *preview) write(m *diffusion.Moment) error {
	clean, err := m.Clean()
	if err != nil {
		return err
	}
	picture, err := approximate(clean.Floats(), clean.Shape()[2], clean.Shape()[3])
	if err != nil {
		return err
	}
	return p.writeSealed(previewName, previewing, picture, nil)
}

// approximate is the picture of a latent [1, 4, h, w] in approximate colours.
func approximate(z []float32, h, w int) (*image.RGBA, error) {
	rgb := make([]float32, 3*h*w)
	for channel, factors := range latentToRGB {
		for colour, f := range factors {
			for n, v := range z[channel*h*w:][:h*w] {
				rgb[colour*h*w+n] += f * v
			}
		}
	}
	return images.FromTensor(rgb, h, w, images.ChannelsFirst, images.Signed)
}
