package generate

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// reweighting is what the hook does to the cross-attention of a graph: the words weigh, in each cell, so much more.
type reweighting struct {
	words []int // numbers of the tokens that do
	// scores has the weights multiply the scores in front of the softmax, and those of the start token, too: as released,
	// by which a negative score becomes less attention. Else they multiply the probabilities behind it, whose rows are
	// normalised again.
	scores bool
}

// site is a size of cross-attention sites, each of which has the same weights.
type site struct{ h, w, heads int }

func (s site) input() string { return fmt.Sprintf("weights %d×%d, %d heads", s.h, s.w, s.heads) }

// numbers are the weights [h, w] of a latent as a site's input has them: for each entry of a batch, of which the last is
// that of the prompt, each position and each head. Probabilities times w, in rows that are normalised again, are the softmax
// of scores plus ln w.
func (r reweighting) numbers(s site, weights []float32, h, w, batch int) (*gt.Dense, error) {
	at, err := images.ResizeBilinear(weights, h, w, s.h, s.w)
	if err != nil {
		return nil, err
	}
	out := make([]float32, 0, batch*len(at)*s.heads)
	out = append(out, make([]float32, (batch-1)*len(at)*s.heads)...) // 0 changes nothing
	for _, v := range at {
		if v--; !r.scores {
			v = float32(math.Log1p(float64(v)))
		}
		out = append(out, slices.Repeat([]float32{v}, s.heads)...)
	}
	return tensor.FromFloat32s(out, batch, len(at), s.heads), nil
}

// reweightedGraph is a graph under construction. Each size of sites has an input of its own.
type reweightedGraph struct {
	reweighting
	b       *nn.Build
	weights map[site]*G.Node // [batch, positions, heads]
	columns map[int]*G.Node  // [batch, tokens, heads], 1 where a token weighs, by the number of heads
}

// begin forgets what an earlier build has left.
func (g *reweightedGraph) begin(b *nn.Build) {
	g.b, g.weights, g.columns = b, map[site]*G.Node{}, map[int]*G.Node{}
}

// hook takes the cross-attention sites apart.
func (g *reweightedGraph) hook(s *nn.Site) {
	if !s.Cross {
		return
	}
	batch, tokens, size := s.Q.Shape()[0], s.K.Shape()[1], site{s.H, s.W, s.Heads}
	if g.weights[size] == nil {
		g.weights[size] = g.b.Input(size.input(), batch, s.Queries(), s.Heads)
	}
	if g.columns[s.Heads] == nil {
		g.columns[s.Heads] = g.b.Constant(fmt.Sprintf("words, %d heads", s.Heads), g.column(batch, tokens, s.Heads), batch, tokens, s.Heads)
	}
	more := nn.AttentionScores(g.weights[size], g.columns[s.Heads], s.Heads, false) // heads of one number: weight times column
	scores := nn.AttentionScores(s.Q, s.K, s.Heads, false)
	if g.scores {
		scores = nn.Mul(scores, nn.Affine(more, 1, 1))
	} else {
		scores = nn.Add(scores, more)
	}
	s.SetProbs(nn.Softmax(scores))
}

// column returns 1 where a token weighs, for a batch, tokens and heads.
func (r reweighting) column(batch, tokens, heads int) []float32 {
	out := make([]float32, batch*tokens*heads)
	for i := range out {
		if token := i / heads % tokens; slices.Contains(r.words, token) || r.scores && token == 0 {
			out[i] = 1
		}
	}
	return out
}

// reweighted is a model whose cross-attention is reweighted by what weights are at the time. It is a diffusion.Model.
type reweighted struct {
	reweighting
	program *nn.Program
	sites   []site
	h, w    int
	weights []float32 // [h, w]; all 1 at first
}

// newReweighted compiles a pipeline's UNet for latents of h×w and a batch of prompts, as diffusion.Guidance has them.
func newReweighted(p *diffusion.Pipeline, h, w, batch int, r reweighting) (*reweighted, error) {
	m := &reweighted{reweighting: r, h: h, w: w, weights: slices.Repeat([]float32{1}, h*w)}
	graph := reweightedGraph{reweighting: r}
	program, err := p.Program("AnomalyDiffusion", func(b *nn.Build) []*G.Node {
		graph.begin(b)
		c := p.UNet.Config
		latent := b.Input("latent", batch, c.InChannels, h, w)
		timestep := b.Input("timestep", batch)
		text := b.Input("text", batch, p.Tokenizer.Length(), c.CrossAttentionDim)
		return []*G.Node{p.UNet.Forward(b, latent, timestep, text)}
	}, nn.WithHooks(graph.hook))
	m.program, m.sites = program, slices.Collect(maps.Keys(graph.weights))
	return m, err
}

// with is the model with weights of its own, for one run.
func (m *reweighted) with(weights []float32) *reweighted {
	own := *m
	own.weights = weights
	return &own
}

// Denoise predicts the noise in a latent, as diffusion.Denoiser does.
func (m *reweighted) Denoise(ctx context.Context, z diffusion.Latent, t float64, g diffusion.Guidance) (diffusion.Latent, error) {
	prompts := g.Prompts()
	n := len(prompts)
	var latents, text []float32
	for _, p := range prompts {
		latents = append(latents, z.Floats()...)
		text = append(text, tensor.Float32s(p.Hidden)...)
	}
	shape := prompts[0].Hidden.Shape()
	in := map[string]*gt.Dense{
		"latent":   tensor.FromFloat32s(latents, append([]int{n}, z.Shape()[1:]...)...),
		"timestep": tensor.FromFloat32s(slices.Repeat([]float32{float32(t)}, n), n),
		"text":     tensor.FromFloat32s(text, append([]int{n}, shape[1:]...)...),
	}
	for _, s := range m.sites {
		weights, err := m.numbers(s, m.weights, m.h, m.w, n)
		if err != nil {
			return diffusion.Latent{}, err
		}
		in[s.input()] = weights
	}
	out, err := m.program.Run(ctx, in)
	if err != nil {
		return diffusion.Latent{}, err
	}
	if err := nn.Finite(out[0]); err != nil {
		return diffusion.Latent{}, fmt.Errorf("the predicted noise is %w", err)
	}
	noise := slices.Collect(slices.Chunk(tensor.Float32s(out[0]), len(z.Floats())))
	if n == 1 {
		return z.With(noise[0]), nil
	}
	return g.Combine(z.With(noise[0]), z.With(noise[1]))
}
