package nn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

func tokenInputs() []*gt.Dense {
	return []*gt.Dense{nntest.Normal(1, 2, 20, 12), nntest.Normal(2, 2, 9, 12), nntest.Normal(3, 2, 9, 12)}
}

// readTokens are the ways of reading the maps of the tokens 4, 0 and 4 again.
var readTokens = map[string]func(s *nn.Site) *G.Node{
	"tokens": func(s *nn.Site) *G.Node { return s.TokenProbs(4, 0, 4) },
	"whole": func(s *nn.Site) *G.Node {
		p := s.Probs()
		four := nn.SliceChannels(p, 4, 5)
		return nn.Concat(four, nn.SliceChannels(p, 0, 1), four)
	},
	"whole first": func(s *nn.Site) *G.Node { s.Probs(); return s.TokenProbs(4, 0, 4) },
	"whole after": func(s *nn.Site) *G.Node { m := s.TokenProbs(4, 0, 4); s.Probs(); return m },
}

// TestTokenProbs compares the site's output, the maps and the gradients of both
// with those of the site taken apart.
func TestTokenProbs(t *testing.T) {
	in := tokenInputs()
	results := map[string][][]float32{}
	for name, read := range readTokens {
		var maps *G.Node
		hook := nn.WithHooks(func(s *nn.Site) { maps = read(s) })
		build := func(b *nn.Build, in G.Nodes) *G.Node { return siteAndMaps(b, in, &maps) }
		nntest.CheckGrad(t, build, in, hook)
		results[name] = nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
			y := build(b, in)
			return append([]*G.Node{y}, b.Grad(nn.Dot(y, y), in...)...)
		}, in, hook)
	}
	for name, got := range results {
		for i, want := range results["whole"] {
			for k, v := range want {
				if math.Abs(float64(v-got[i][k])) > 1e-5*(1+math.Abs(float64(v))) {
					t.Fatalf("%s: result %d differs at %d: %g, want %g", name, i, k, got[i][k], v)
				}
			}
		}
	}
}

// siteAndMaps is a cross-attention site of 3 heads: its output beside the maps
// that a hook leaves in *maps.
func siteAndMaps(b *nn.Build, in G.Nodes, maps **G.Node) *G.Node {
	out := b.Attend(nn.Site{Path: "attn", Cross: true, Heads: 3, H: 4, W: 5, Q: in[0], K: in[1], V: in[2]})
	flat := func(n *G.Node) *G.Node { return nn.Reshape(n, n.Shape()[0], n.Shape()[1:].TotalSize()) }
	return nn.Concat(flat(out), flat(*maps))
}

// TestTokenProbsStoreLess looks at the memory of a self-attention site of 1024
// positions, forward and gradient.
func TestTokenProbsStoreLess(t *testing.T) {
	size := func(read func(s *nn.Site) *G.Node) int64 {
		var maps *G.Node
		p, err := nn.Compile(func(b *nn.Build) []*G.Node {
			x := b.Input("x", 1, 1024, 16)
			out := b.Attend(nn.Site{Path: "attn", Heads: 2, H: 32, W: 32, Q: x, K: x, V: x})
			loss := nn.Mean(maps)
			return append([]*G.Node{out, loss}, b.Grad(loss, x)...)
		}, nn.WithHooks(func(s *nn.Site) { maps = read(s) }))
		if err != nil {
			t.Fatal(err)
		}
		return p.ArenaBytes()
	}
	whole, tokens := size(readTokens["whole"]), size(readTokens["tokens"])
	if matrix := int64(2 * 1024 * 1024 * 4); whole < matrix || tokens > matrix/20 {
		t.Errorf("three tokens' maps take %s, the whole matrix %s", nn.ByteSize(tokens), nn.ByteSize(whole))
	}
}

// TestTokenProbsMistakes is what a site refuses.
func TestTokenProbsMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		hooks []nn.Hook
		says  string
	}{
		"token": {[]nn.Hook{func(s *nn.Site) { s.TokenProbs(9) }}, "token 9, want 0 to 8"},
		"none":  {[]nn.Hook{func(s *nn.Site) { s.TokenProbs() }}, "no tokens"},
		"queries replaced too late": {[]nn.Hook{
			func(s *nn.Site) { s.TokenProbs(1) }, func(s *nn.Site) { s.Q = nn.Scale(s.Q, 2) }}, "register it first"},
		"keys replaced between": {[]nn.Hook{
			func(s *nn.Site) { s.TokenProbs(1) }, func(s *nn.Site) { s.K = nn.Scale(s.K, 2); s.Probs() }}, "register it first"},
	} {
		_, err := nn.Compile(func(b *nn.Build) []*G.Node {
			q, k := b.Input("q", 2, 20, 12), b.Input("k", 2, 9, 12)
			return []*G.Node{b.Attend(nn.Site{Path: "attn", Heads: 3, Q: q, K: k, V: k})}
		}, nn.WithHooks(c.hooks...))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}
