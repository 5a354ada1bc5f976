package anomalyany

import (
	"context"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// Result is one generated picture.
type Result struct {
	Image     *gt.Dense // [1, 3, H, W], the decoder's output, about [-1, 1]; clamped in ReleasedPreset
	SoftMap   []float32 // H·W in [0, 1], where the word's attention was
	Threshold float32   // Otsu's, of the soft map
	Mask      []float32 // H·W, 1 where the soft map is above the threshold and the picture might change, else 0
	Embedding *gt.Dense // e at the end, [1, T, d]; in ReleasedPreset E, [2, T, d]: negative, prompt
	Start     *gt.Dense // the same before the first step
	Trace     []StepTrace
	Latent    diffusion.Latent // after the last step, [1, C, h, w]

	noise    diffusion.Latent   // that the run began with
	guidance diffusion.Guidance // of its last step
}

// finish decodes the latent and reads the mask from the soft map.
func (r *run) finish(ctx context.Context) (*Result, error) {
	g := r.g
	image, err := g.pipeline.Decode(ctx, r.z)
	if err != nil {
		return nil, err
	}
	if g.algorithm.clamped {
		clamp(tensor.Float32s(image), -1, 1)
	}
	soft, err := r.soft.resized(g.height, g.width)
	if err != nil {
		return nil, err
	}
	threshold := images.Otsu(soft)
	mask := images.Above(soft, threshold)
	for i, m := range r.photograph.mask {
		if m < 0.5 {
			mask[i] = 0
		}
	}
	return &Result{Image: image, SoftMap: soft, Threshold: threshold, Mask: mask, Embedding: r.e, Start: g.method.embedding(), Trace: r.trace, Latent: r.z, noise: r.noise, guidance: r.sampler.Guidance}, nil
}

func clamp(v []float32, lo, hi float32) {
	for i, x := range v {
		v[i] = min(max(x, lo), hi)
	}
}
