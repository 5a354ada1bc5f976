package diffusion

import (
	"slices"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Latent is what the UNet works on, float32 of shape [1, C, h, w]: a picture as the
// VAE encodes it, times scaling_factor, with more or less noise. The zero Latent has
// no memory; every call that takes a latent refuses it.
type Latent struct{ *gt.Dense }

// NewLatent returns a latent [1, c, h, w] over v, which is not copied. It is the
// zero Latent if v has not c·h·w numbers, or none.
func NewLatent(v []float32, c, h, w int) Latent { return latentOf(v, 1, c, h, w) }

// latentOf is v in a shape of positive sizes that it fills, else the zero Latent.
func latentOf(v []float32, shape ...int) Latent {
	left := len(v)
	for _, n := range shape {
		if n < 1 || left%n != 0 {
			return Latent{}
		}
		left /= n
	}
	if left != 1 {
		return Latent{}
	}
	return Latent{tensor.FromFloat32s(v, shape...)}
}

// Floats returns the latent's memory in row-major order; nil for the zero Latent.
func (z Latent) Floats() []float32 {
	if z.Dense == nil {
		return nil
	}
	return tensor.Float32s(z.Dense)
}

// Copy returns the latent in memory of its own.
func (z Latent) Copy() Latent {
	if z.Dense == nil {
		return z
	}
	return Latent{z.Dense.Clone().(*gt.Dense)}
}

// With returns a latent of z's shape over v, which is not copied. It is the zero
// Latent if v has not as many numbers as z.
func (z Latent) With(v []float32) Latent {
	if z.Dense == nil {
		return z
	}
	return latentOf(v, z.Shape()...)
}

// AddScaled adds f·x to the latent in place. x is float32 and of the latent's shape,
// such as the gradient of a loss with respect to it; anything else is ErrArgument.
func (z Latent) AddScaled(f float32, x *gt.Dense) error {
	if err := checkFloats("the latent", z.Dense); err != nil {
		return err
	}
	if err := checkFloats("what is to be added to the latent", x); err != nil {
		return err
	}
	if !slices.Equal(x.Shape(), z.Shape()) {
		return badArgument("a tensor of shape %v cannot be added to a latent of shape %v", x.Shape(), z.Shape())
	}
	kernels.AddScaled(z.Floats(), tensor.Float32s(x), f)
	return nil
}

// checkFloats refuses a tensor that is missing, empty or not of float32 numbers.
func checkFloats(what string, d *gt.Dense) error {
	switch {
	case d == nil:
		return badArgument("%s is missing", what)
	case d.Dtype() != gt.Float32:
		return badArgument("%s is of %v, want float32", what, d.Dtype())
	case d.MemSize() == 0:
		return badArgument("%s is empty, of shape %v", what, d.Shape())
	}
	return nil
}
