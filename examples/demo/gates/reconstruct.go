package main

import (
	"context"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// reconstruction is what is left of pictures after encoding and decoding.
type reconstruction struct {
	PSNR     mean            `json:"psnr"`     // dB
	Subjects map[string]mean `json:"subjects"` // PSNR of each
	Chroma   mean            `json:"chroma"`   // root mean squared error of the two colour differences, in 255ths
	Defects  map[string]kept `json:"defects"`
}

// kept is what is left of a defect.
type kept struct {
	PSNR mean `json:"psnr"` // inside the mask, dB

	// Contrast is by how much the pictures with and without the defect differ
	// inside the mask after the autoencoder, along the difference that they have
	// before it: 1 if nothing is lost.
	Contrast mean `json:"contrast"`
}

// reconstruct measures the autoencoder on drawings with and without defects.
func (m *measurement) reconstruct(ctx context.Context, r *report) error {
	res := &reconstruction{Subjects: map[string]mean{}, Defects: map[string]kept{}}
	trials := slices.Concat(m.seen, m.unseen)
	p := newProgress(ctx, "autoencoder", len(trials))
	defer p.End()
	for _, t := range trials {
		var before, after [2]*gt.Dense
		for k, d := range []world.Drawing{t.good, t.bad} {
			before[k] = trial.Picture(d)
			z, err := m.pipeline.EncodeImage(ctx, before[k])
			if err != nil {
				return err
			}
			if after[k], err = m.pipeline.Decode(ctx, z); err != nil {
				return err
			}
			after[k] = metric.Clamped(after[k])
			psnr := metric.PSNR(before[k], after[k], nil)
			res.PSNR.add(psnr)
			res.Chroma.add(chromaError(before[k], after[k]))
			addTo(res.Subjects, t.Subject.Name, psnr)
		}
		mask := trial.Mask(t.bad)
		of := res.Defects[t.Defect.Name]
		of.PSNR.add(metric.PSNR(before[1], after[1], mask))
		of.Contrast.add(contrast(before, after, mask))
		res.Defects[t.Defect.Name] = of
		p.Step(1, "")
	}
	r.Reconstruction = res
	return nil
}

// contrast is the share of the difference of two pictures that is left of it.
func contrast(before, after [2]*gt.Dense, mask []float32) float64 {
	var is, was float64
	x0, x1 := tensor.Float32s(before[0]), tensor.Float32s(before[1])
	y0, y1 := tensor.Float32s(after[0]), tensor.Float32s(after[1])
	for i, v := range x1 {
		if mask[i%len(mask)] == 0 {
			continue
		}
		d := float64(v - x0[i])
		was += d * d
		is += d * float64(y1[i]-y0[i])
	}
	return is / was
}

// chromaError is the root mean squared error of the colour differences Cb and Cr
// (ITU-R 601) of two pictures in [-1, 1], in 255ths.
func chromaError(a, b *gt.Dense) float64 {
	x, y := tensor.Float32s(a), tensor.Float32s(b)
	n := len(x) / 3
	sum := 0.0
	for i := range n {
		r, g, u := float64(x[i]-y[i]), float64(x[n+i]-y[n+i]), float64(x[2*n+i]-y[2*n+i])
		luma := 0.299*r + 0.587*g + 0.114*u
		cb, cr := (u-luma)/1.772, (r-luma)/1.402
		sum += cb*cb + cr*cr
	}
	return 127.5 * math.Sqrt(sum/float64(2*n))
}

// noisy is a latent with the noise of timestep t; the noise is that of a seed.
func noisy(s diffusion.Scheduler, z diffusion.Latent, seed uint64, t float64) (diffusion.Latent, error) {
	return s.AddNoise(z, z.With(tensor.NewRand(seed).Randn(len(z.Floats()))), t)
}
