package anomalyany

import (
	"context"
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// photo is a picture as runs take it, and where it may change.
type photo struct {
	latent    diffusion.Latent // the mean of the encoder's distribution, times scaling_factor
	deviation []float32        // its standard deviation, likewise

	mask       []float32 // of the picture's size; nil without one
	maskLatent []float32 // m_z, likewise
}

// encode encodes a picture.
func (p *photo) encode(ctx context.Context, pipeline *diffusion.Pipeline, picture *gt.Dense) error {
	mean, logvar, err := pipeline.EncodeDistribution(ctx, picture)
	if err != nil {
		return err
	}
	scale := pipeline.VAE.Config.ScalingFactor
	for i, v := range tensor.Float32s(mean) {
		tensor.Float32s(mean)[i] = v * scale
	}
	p.latent, p.deviation = diffusion.Latent{Dense: mean}, make([]float32, mean.Shape().TotalSize())
	for i, v := range tensor.Float32s(logvar) {
		p.deviation[i] = float32(math.Exp(0.5*float64(v))) * scale
	}
	return nil
}

// place sets where the picture may change, by a mask of its size; nil is everywhere.
func (p *photo) place(mask []float32, s *setup, shrink func(*setup, []float32) (latent, maps []float32, err error)) (err error) {
	if mask == nil {
		return nil
	}
	if len(mask) != s.height*s.width {
		return fmt.Errorf("the mask has %d pixels, the picture %d×%d = %d", len(mask), s.height, s.width, s.height*s.width)
	}
	p.mask = mask
	p.maskLatent, s.maskMap, err = shrink(s, mask)
	return err
}
