package diffusion

import (
	"fmt"
	"slices"
)

// overLatents is a solver on latents of any batch: it checks their shapes and gives its results the same.
type overLatents struct{ solver }

func (o overLatents) ScaleModelInput(z Latent, i int) (Latent, error) {
	if err := checkSame(z); err != nil {
		return Latent{}, err
	}
	return shaped(z, func() ([]float32, error) { return o.scale(z.Floats(), i) })
}

func (o overLatents) Step(output, z Latent, i int) (Latent, error) {
	if err := checkSame(z, output); err != nil {
		return Latent{}, err
	}
	return shaped(z, func() ([]float32, error) { return o.step(output.Floats(), z.Floats(), i) })
}

func (o overLatents) AddNoise(z, noise Latent, t float64) (Latent, error) {
	if err := checkSame(z, noise); err != nil {
		return Latent{}, err
	}
	return shaped(z, func() ([]float32, error) { return o.addNoise(z.Floats(), noise.Floats(), t) })
}

func (o overLatents) Clean(output, z Latent, i int) (Latent, error) {
	if err := checkSame(z, output); err != nil {
		return Latent{}, err
	}
	return shaped(z, func() ([]float32, error) { return o.clean(output.Floats(), z.Floats(), i) })
}

// shaped is what compute gives, as a latent of z's shape.
func shaped(z Latent, compute func() ([]float32, error)) (Latent, error) {
	v, err := compute()
	if err != nil {
		return Latent{}, badArgument("%w", err)
	}
	return z.With(v), nil
}

// checkSame refuses latents that are missing, and others than z that are not of its shape.
func checkSame(z Latent, others ...Latent) error {
	for i, other := range append([]Latent{z}, others...) {
		if err := checkFloats("the latent, or what is to be computed with it,", other.Dense); err != nil {
			return fmt.Errorf("diffusion: %w", err)
		}
		if i > 0 && !slices.Equal(other.Shape(), z.Shape()) {
			return badArgument("diffusion: a latent of shape %v and numbers for one of shape %v", z.Shape(), other.Shape())
		}
	}
	return nil
}
