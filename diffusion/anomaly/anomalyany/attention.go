package anomalyany

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// attention is the loss L_att on the maps of the anomaly's tokens, compiled
// with its gradient.
type attention struct {
	step     *diffusion.Denoiser
	showLast bool
}

// attentionRule is what the methods read attention by.
type attentionRule struct {
	gaussian func(sigma float64) nn.Gaussian // over a token's map
	showLast bool                            // the map that is shown is the last token's, else the one that L_att is about
}

// compileAttention builds L_att = max over j of (1 - max A^j), where A^j is the
// smoothed map of token j inside the mask, with its gradients with respect to
// the given variables.
func (s *setup) compileAttention(rule attentionRule, of ...diffusion.Variable) (*attention, error) {
	h, w := s.options.MapHeight, s.options.MapWidth
	store := diffusion.NewAttnStore(diffusion.Cross(h, w))
	var mask *G.Node
	var maps []*G.Node
	step, err := s.pipeline.Compile(s.h, s.w,
		diffusion.WithStore(store),
		diffusion.WithInput(&mask, 1, h*w, 1),
		diffusion.WithLoss(func() *G.Node {
			tokens := diffusion.TokenMaps(store.Mean())
			maps = nil
			for _, j := range s.tokens {
				a := nn.Mul(diffusion.TokenMap(tokens, h, w, j, rule.gaussian(s.options.Sigma)), mask)
				maps = append(maps, a)
			}
			return diffusion.AttendAndExcite(maps...)
		}),
		diffusion.WithRead(func() []*G.Node { return maps }),
		diffusion.WithGrad(of...),
		diffusion.WithMemory(s.options.Memory),
	)
	if err != nil {
		return nil, err
	}
	return &attention{step: step, showLast: rule.showLast}, nil
}

// reading is what one pass says about the anomaly's attention.
type reading struct {
	loss         float32
	latent, text *gt.Dense // gradients
	a            []float32 // A^j of the j that is shown
	cells        int       // of a that are at least its mean: n_t
}

// read runs the UNet as deep as the last map needs, and the gradient.
func (a *attention) read(ctx context.Context, p *Photograph, z diffusion.Latent, t float64, text *gt.Dense) (*reading, error) {
	g, err := a.step.Grad(ctx, z, t, diffusion.Prompt{Hidden: text}, p.maskMap)
	if err != nil {
		return nil, err
	}
	r := &reading{loss: g.Loss, latent: g.Latent, text: g.Text}
	best := float32(-1)
	for _, m := range g.Read {
		v := tensor.Float32s(m)
		if loss := 1 - largest(v); loss > best || a.showLast {
			best, r.a = loss, v
		}
	}
	if r.a == nil {
		return nil, fmt.Errorf("the attention maps are %w: L_att is %v", diffusion.ErrNotFinite, g.Loss)
	}
	r.cells = atLeastMean(r.a)
	return r, nil
}

func largest(v []float32) float32 {
	m := v[0]
	for _, x := range v {
		m = max(m, x)
	}
	return m
}

// atLeastMean counts the elements that are at least the mean.
func atLeastMean(v []float32) int {
	sum := 0.0
	for _, x := range v {
		sum += float64(x)
	}
	mean, n := float32(sum/float64(len(v))), 0
	for _, x := range v {
		if x >= mean {
			n++
		}
	}
	return n
}
