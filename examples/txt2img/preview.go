package main

import (
	"image"
	"math"

	"github.com/sdgraph/sdgraph/examples/internal/imageio"
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

// preview writes the picture that the model's output at step i predicts, as
// large as the latent.
func (r *sampling) preview(output []float32, i int) error {
	clean, err := r.predicted(output, i)
	if err != nil {
		return err
	}
	picture, err := approximate(clean, r.z.Shape()[2], r.z.Shape()[3])
	if err != nil {
		return err
	}
	return r.writeSealed(previewName, previewing, picture, nil)
}

// predicted is the clean latent that the model's output at step i means.
func (r *sampling) predicted(output []float32, i int) ([]float32, error) {
	// A latent is alpha·picture + sigma·noise; what that is, AddNoise tells of 1 and 0.
	mix, err := r.scheduler.AddNoise([]float32{1, 0}, []float32{0, 1}, r.times[i])
	if err != nil {
		return nil, err
	}
	alpha, sigma := float64(mix[0]), float64(mix[1])
	norm := math.Hypot(alpha, sigma)
	clean := make([]float32, len(output))
	for n, z := range r.z.Floats() {
		z, out := float64(z), float64(output[n])
		v := (z - sigma*out) / alpha
		if r.config.PredictionType == "v_prediction" {
			v = (alpha*z/norm - sigma*out) / norm
		}
		clean[n] = float32(v)
	}
	return clean, nil
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
	return imageio.FromTensor(rgb, h, w, imageio.ChannelsFirst, imageio.Signed)
}
