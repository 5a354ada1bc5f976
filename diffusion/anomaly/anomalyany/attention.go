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

// attention is the loss L_att on the maps of the anomaly's tokens, where it is asked
// for with L_fill, compiled with its gradient.
type attention struct {
	step     *diffusion.Denoiser
	showLast bool
	fills    bool
}

// attentionRule is what the methods read attention by.
type attentionRule struct {
	gaussian func(sigma float64) nn.Gaussian // over a token's map
	showLast bool                            // the map that is shown is the last token's, else the one that L_att is about
}

// compileAttention builds L_att = max over j of (1 - max A^j), where A^j is the
// smoothed map of token j inside the mask, plus L_fill where Options.Fill asks for it,
// with the gradients of that with respect to the given variables.
func (s *setup) compileAttention(rule attentionRule, of ...diffusion.Variable) (*attention, error) {
	h, w := s.options.MapHeight, s.options.MapWidth
	store := diffusion.NewAttnStore(diffusion.Cross(h, w))
	var mask, fill *G.Node
	var read []*G.Node
	opts := []diffusion.DenoiserOption{
		diffusion.WithStore(store),
		diffusion.WithInput(&mask, 1, h*w, 1),
		diffusion.WithLoss(func() *G.Node {
			tokens := diffusion.TokenMaps(store.Mean())
			var whole, maps []*G.Node
			for _, j := range s.tokens {
				a := diffusion.TokenMap(tokens, h, w, j, rule.gaussian(s.options.Sigma))
				whole, maps = append(whole, a), append(maps, nn.Mul(a, mask))
			}
			attend := diffusion.AttendAndExcite(maps...)
			if read = maps; fill == nil {
				return attend
			}
			filled := fillLoss(fill, whole...)
			read = append([]*G.Node{attend, filled}, maps...)
			return nn.Add(attend, filled)
		}),
		diffusion.WithRead(func() []*G.Node { return read }),
		diffusion.WithGrad(of...),
		diffusion.WithMemory(s.options.Memory),
	}
	fills := s.options.Fill > 0
	if fills {
		opts = append(opts, diffusion.WithInput(&fill, 1, h*w, 1))
	}
	step, err := s.pipeline.Compile(s.h, s.w, opts...)
	if err != nil {
		return nil, err
	}
	return &attention{step, rule.showLast, fills}, nil
}

// reading is what one pass says about the anomaly's attention.
type reading struct {
	loss         float32   // L_att
	fill         *float32  // L_fill, where it is asked for
	latent, text *gt.Dense // gradients of both
	a            []float32 // A^j of the j that is shown
	cells        int       // of a that are at least its mean: n_t
}

// read runs the UNet as deep as the last map needs, and the gradient.
func (a *attention) read(ctx context.Context, p *Photograph, z diffusion.Latent, t float64, text *gt.Dense) (*reading, error) {
	values := []*gt.Dense{p.maskMap}
	if a.fills {
		values = append(values, p.fillMap)
	}
	g, err := a.step.Grad(ctx, z, t, diffusion.Prompt{Hidden: text}, values...)
	if err != nil {
		return nil, err
	}
	r := &reading{loss: g.Loss, latent: g.Latent, text: g.Text}
	maps := g.Read
	if a.fills {
		r.loss, r.fill, maps = tensor.Float32s(maps[0])[0], &tensor.Float32s(maps[1])[0], maps[2:]
	}
	best := float32(-1)
	for _, m := range maps {
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

// finite is an error if a loss or the gradient with respect to the latent is NaN or
// infinite.
func (r *reading) finite() error {
	if r.fill != nil {
		if err := finite("L_fill", *r.fill, r.latent); err != nil {
			return err
		}
	}
	return finite("L_att", r.loss, r.latent)
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
