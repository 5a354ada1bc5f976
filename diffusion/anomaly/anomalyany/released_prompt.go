package anomalyany

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// movePrompt moves the embeddings of the anomaly's tokens, in both rows of E,
// so that their difference from the normal prompt points where the detailed
// prompt's does. Since the cosine is taken along the tokens, and the difference
// of one token is the same for all of them, the loss hardly depends on it; what
// is left of its gradient is rounding in the released code. Where the normal
// prompt has the same words up to there, the difference is 0 and the gradient is
// divided by the cosine's epsilon: the first update throws the tokens a million
// units away, as in the code.
func (m *released) movePrompt(ctx context.Context) error {
	o := m.options.Released
	if o.PromptUpdates == 0 {
		return nil
	}
	program, err := m.compilePromptDirection()
	if err != nil {
		return err
	}
	p := rowsAt(m.prompt, m.tokens)
	for i := range o.PromptUpdates {
		loss, gradient, err := lossAndGradient(ctx, program, "p", p)
		if err == nil {
			err = finite("the prompt's direction", loss, gradient)
		}
		if err != nil {
			return fmt.Errorf("update %d of the prompt: %w", i+1, err)
		}
		p = moved(p, o.PromptRate, gradient)
	}
	putRowsAt(m.prompt, m.tokens, p)
	return nil
}

// compilePromptDirection builds
//
//	L = mean over j of (1 - mean cos(δ₁ʲ, δ₂)), δ₁ʲ = mean over rows of p - M at j, δ₂ = mean over rows of E' - M
//
// for p [2, |J|, d]; δ₁ʲ is repeated for every token.
func (m *released) compilePromptDirection() (*nn.Program, error) {
	tokens, width := m.prompt.Shape()[1], m.prompt.Shape()[2]
	mean := func(e *G.Node) *G.Node { // over the two rows, [1, tokens, d]
		return nn.Reshape(nn.MeanAxis(e, 0), 1, e.Shape()[1], width)
	}
	return m.pipeline.Program("direction of the prompt", func(b *nn.Build) []*G.Node {
		p := b.Input("p", 2, len(m.tokens), width)
		constant := func(name string, e *gt.Dense) *G.Node { return b.Constant(name, tensor.Float32s(e), e.Shape()...) }
		from := nn.Scale(mean(constant("M at J", rowsAt(m.normal, m.tokens))), -1)
		difference := nn.Add(mean(p), from)
		detailed := alongTokens(nn.Add(mean(constant("E'", m.detail)), nn.Scale(mean(constant("M", m.normal)), -1)))
		zeros := b.Constant("zeros", make([]float32, tokens*width), 1, tokens, width)
		var sum *G.Node
		for j := range m.tokens {
			one := nn.Reshape(nn.SlicePositions(difference, j, j+1), 1, width)
			loss := nn.Affine(nn.CosineSimilarity(alongTokens(nn.AddBroadcast(zeros, one)), detailed), -1, 1)
			if sum == nil {
				sum = loss
			} else {
				sum = nn.Add(sum, loss)
			}
		}
		loss := nn.Scale(sum, 1/float32(len(m.tokens)))
		return append([]*G.Node{loss}, b.Grad(loss, p)...)
	})
}

// rowsAt is e[:, tokens, :] of an embedding [B, T, d].
func rowsAt(e *gt.Dense, tokens []int) *gt.Dense {
	s, v := e.Shape(), tensor.Float32s(e)
	var out []float32
	for b := range s[0] {
		for _, j := range tokens {
			out = append(out, v[(b*s[1]+j)*s[2]:][:s[2]]...)
		}
	}
	return tensor.FromFloat32s(out, s[0], len(tokens), s[2])
}

// putRowsAt is e[:, tokens, :] = rows.
func putRowsAt(e *gt.Dense, tokens []int, rows *gt.Dense) {
	s, v, from := e.Shape(), tensor.Float32s(e), tensor.Float32s(rows)
	for b := range s[0] {
		for k, j := range tokens {
			copy(v[(b*s[1]+j)*s[2]:][:s[2]], from[(b*len(tokens)+k)*s[2]:])
		}
	}
}

// moved is x - rate·gradient.
func moved(x *gt.Dense, rate float64, gradient *gt.Dense) *gt.Dense {
	out, d := append([]float32(nil), tensor.Float32s(x)...), tensor.Float32s(gradient)
	for i := range out {
		out[i] -= float32(rate * float64(d[i]))
	}
	return tensor.FromFloat32s(out, x.Shape()...)
}
