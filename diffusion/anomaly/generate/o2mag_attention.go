package generate

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// The batch of a step: the normal picture, the reference and the target, each without and with its prompt. The target
// is last, so that what is done to it is done to the last entries.
const (
	normalWithout = iota
	referenceWithout
	normalWith
	referenceWith
	targetWithout
	targetWith
	allBranches
)

// never is what is added to the score of a key that a query must not see. Its exponential is 0, and in every precision
// of the kernels it is a number.
const never = -1e4

// biasedAttention is attention to whose scores something is added: softmax(q·kᵀ/√d + a·bᵀ)·v. q is [B, Nq, heads·d], k
// and v are [B, Nk, heads·d], a is [B, Nq·heads, r] and b [B, Nk·heads, r], with the heads of a position one after another.
// The addend enters as r further channels of queries and keys, so that it stays one operation, which stores no
// probabilities: of a picture of 512×512 those would be gigabytes.
func biasedAttention(q, k, v, a, b *G.Node, heads int) *G.Node {
	d, r := q.Shape()[2]/heads, a.Shape()[2]
	widen := func(x, more *G.Node) *G.Node {
		s := x.Shape()
		wide := nn.Concat(nn.Reshape(x, s[0], s[1]*heads, d), more)
		return nn.Reshape(wide, s[0], s[1], heads*(d+r))
	}
	undo := float32(math.Sqrt(float64(d + r))) // what attention divides the scores by
	q = widen(nn.Scale(q, undo/float32(math.Sqrt(float64(d)))), nn.Scale(a, undo))
	out := nn.Attention(q, widen(k, b), widen(v, nn.Scale(b, 0)), heads, false)
	s := out.Shape()
	return nn.Reshape(nn.SliceChannels(nn.Reshape(out, s[0], s[1]*heads, d+r), 0, d), s[0], s[1], heads*d)
}

// keysAndValues are those of one branch, [B, N, heads·d].
type keysAndValues struct{ k, v *G.Node }

// graft is the target's self-attention (O2MAG, equations of its grafting): the queries inside the target's mask see the
// reference's keys inside the reference's mask, at a temperature, and the others see the normal picture's outside the
// target's mask. a and b say which, as graftQueries and graftKeys have them. It is one softmax over both branches' keys,
// of which each query sees those of one.
func graft(q *G.Node, reference, normal keysAndValues, a, b *G.Node, heads int, temperature float32) *G.Node {
	k := joinPositions(nn.Scale(reference.k, 1/temperature), normal.k)
	return biasedAttention(q, k, joinPositions(reference.v, normal.v), a, b, heads)
}

// joinPositions is the positions of x, [B, N, C], and behind them those of y.
func joinPositions(x, y *G.Node) *G.Node {
	s := x.Shape()
	n, m := s[1]*s[2], y.Shape()[1]*s[2]
	return nn.Reshape(nn.Concat(nn.Reshape(x, s[0], 1, n), nn.Reshape(y, s[0], 1, m)), s[0], s[1]+y.Shape()[1], s[2])
}

// joinEntries is the batch of x, and behind it that of y.
func joinEntries(x, y *G.Node) *G.Node {
	s := x.Shape().Clone()
	flat := nn.Concat(nn.Reshape(x, 1, x.Shape().TotalSize()), nn.Reshape(y, 1, y.Shape().TotalSize()))
	s[0] += y.Shape()[0]
	return nn.Reshape(flat, s...)
}

// bends are the masks of a call at the size of a site, row by row.
type bends struct {
	target    []float32 // 1 where a position has anything of the target's mask
	reference []float32 // and of the reference's
	outside   []float32 // 1 where the normal picture's keys count
}

// graftQueries are the numbers by which each query, inside the target's mask or outside it, meets graftKeys: [N·heads, 2].
func (m bends) graftQueries(heads int) []float32 {
	var out []float32
	for _, inside := range m.target {
		out = append(out, slices.Repeat([]float32{inside, 1 - inside}, heads)...)
	}
	return out
}

// graftKeys are, for a query inside and for one outside, what is added to the scores of the reference's keys, and behind
// them of the normal picture's: [2N·heads, 2].
func (m bends) graftKeys(heads int) []float32 {
	var out []float32
	for _, counts := range m.reference {
		out = append(out, slices.Repeat([]float32{(1 - counts) * never, never}, heads)...)
	}
	for _, counts := range m.outside {
		out = append(out, slices.Repeat([]float32{never, (1 - counts) * never}, heads)...)
	}
	return out
}

// wordQueries is 1 for the queries inside the target's mask: [N·heads, 1].
func (m bends) wordQueries(heads int) []float32 {
	var out []float32
	for _, inside := range m.target {
		out = append(out, slices.Repeat([]float32{inside}, heads)...)
	}
	return out
}

// wordKeys is the logarithm of a factor for the keys that are the words, and 0 for the others: [keys·heads, 1]. Added to
// the scores it multiplies the probabilities, whose rows are normalised again.
func wordKeys(keys, heads int, words []int, factor float64) []float32 {
	out := make([]float32, keys*heads)
	for _, j := range words {
		for h := range heads {
			out[j*heads+h] = float32(math.Log(factor))
		}
	}
	return out
}

// o2magPhase is what the steps of a part of the run do to the target's attention.
type o2magPhase int

const (
	phaseStart o2magPhase = iota // self-attention is grafted at every site, with the queries of the others, too
	phaseGraft                   // it is grafted at the last sites, with the target's queries
	phaseWords                   // and cross-attention hears the defect's words louder
	phases
)

// o2magGraph writes the UNet of one phase, and notes which inputs its masks need.
type o2magGraph struct {
	phase       o2magPhase
	temperature float32
	factor      float64
	words       []int           // the defect's tokens in the prompt
	last        map[string]bool // paths of the self-attention sites that are grafted

	build  *nn.Build
	inputs map[string]o2magInput
}

// o2magInput is an input that depends on the masks of a call.
type o2magInput struct {
	node   *G.Node
	values func(at func(h, w int) bends) []float32
}

// lastSites are the last n self-attention sites of the way up, or all where there are fewer, of the paths of all
// cross-attention sites, each of which has its self-attention before it. Of Stable Diffusion 1.5 the last 7 are
// up_blocks.1.attentions.2 and those behind it.
func lastSites(cross []string, n int) map[string]bool {
	var up []string
	for _, path := range cross {
		if strings.HasPrefix(path, "up_blocks.") {
			up = append(up, strings.TrimSuffix(path, "attn2")+"attn1")
		}
	}
	chosen := map[string]bool{}
	for _, path := range up[max(0, len(up)-n):] {
		chosen[path] = true
	}
	return chosen
}

// compile makes the program of a phase, for latents of c×h×w and prompts of tokens×width. Its result is the noise of the
// target, without and with the prompt.
func (g *o2magGraph) compile(p *diffusion.Pipeline, h, w int) (*nn.Program, error) {
	c := p.UNet.Config
	return p.Program("noise prediction with grafted attention", func(b *nn.Build) []*G.Node {
		g.build, g.inputs = b, map[string]o2magInput{}
		noise := p.UNet.Forward(b,
			b.Input("latent", allBranches, c.InChannels, h, w), b.Input("timestep", allBranches),
			b.Input("text", allBranches, p.Tokenizer.Length(), c.CrossAttentionDim))
		return []*G.Node{nn.Entries(noise, targetWithout, targetWith)}
	}, nn.WithHooks(g.hook))
}

// input is an input of a shape, one for all sites that ask for it by the same name.
func (g *o2magGraph) input(name string, values func(at func(h, w int) bends) []float32, shape ...int) *G.Node {
	if known, ok := g.inputs[name]; ok {
		return known.node
	}
	n := g.build.Input(name, shape...)
	g.inputs[name] = o2magInput{n, values}
	return n
}

// maskInputs are the values of the inputs that depend on masks.
func (g *o2magGraph) maskInputs(at func(h, w int) bends) map[string]*gt.Dense {
	out := map[string]*gt.Dense{}
	for name, in := range g.inputs {
		shape := in.node.Shape()
		values := in.values(at)
		out[name] = tensor.FromFloat32s(slices.Repeat(values, shape.TotalSize()/len(values)), shape...)
	}
	return out
}

// hook changes what the target attends to.
func (g *o2magGraph) hook(s *nn.Site) {
	switch {
	case s.Cross && g.phase == phaseWords && len(g.words) > 0:
		g.louder(s)
	case !s.Cross && (g.phase == phaseStart || g.last[s.Path]):
		g.graft(s)
	}
}

// graft replaces the target's self-attention.
func (g *o2magGraph) graft(s *nn.Site) {
	n, channels := s.Q.Shape()[1], s.Q.Shape()[2]
	normal := keysAndValues{nn.Entries(s.K, normalWithout, normalWith), nn.Entries(s.V, normalWithout, normalWith)}
	reference := keysAndValues{nn.Entries(s.K, referenceWithout, referenceWith), nn.Entries(s.V, referenceWithout, referenceWith)}
	size := fmt.Sprintf("%d×%d of %d heads", s.H, s.W, s.Heads)
	a := g.input("queries at "+size, func(at func(h, w int) bends) []float32 { return at(s.H, s.W).graftQueries(s.Heads) }, 2, n*s.Heads, 2)
	b := g.input("keys at "+size, func(at func(h, w int) bends) []float32 { return at(s.H, s.W).graftKeys(s.Heads) }, 2, 2*n*s.Heads, 2)
	q, temperature := nn.Entries(s.Q, targetWithout, targetWith), g.temperature
	if g.phase == phaseStart {
		inside := g.input(fmt.Sprintf("inside at %s, %d channels", size, channels), func(at func(h, w int) bends) []float32 {
			return eachChannel(at(s.H, s.W).target, channels)
		}, 2, n, channels)
		own := nn.Mul(nn.Entries(s.Q, referenceWithout, referenceWith), inside)
		q = nn.Add(own, nn.Mul(nn.Entries(s.Q, normalWithout, normalWith), nn.Affine(inside, -1, 1)))
		temperature = 1
	}
	rest := func(x *G.Node) *G.Node {
		return nn.Entries(x, normalWithout, referenceWithout, normalWith, referenceWith)
	}
	others := nn.Attention(rest(s.Q), rest(s.K), rest(s.V), s.Heads, false)
	s.SetOutput(joinEntries(others, graft(q, reference, normal, a, b, s.Heads, temperature)))
}

// louder makes the defect's words stronger in the target's cross-attention, where the prompt is.
func (g *o2magGraph) louder(s *nn.Site) {
	n, keys := s.Q.Shape()[1], s.K.Shape()[1]
	size := fmt.Sprintf("%d×%d of %d heads", s.H, s.W, s.Heads)
	a := g.input("word queries at "+size, func(at func(h, w int) bends) []float32 { return at(s.H, s.W).wordQueries(s.Heads) }, 1, n*s.Heads, 1)
	b := g.input(fmt.Sprintf("words of %d heads", s.Heads), func(func(h, w int) bends) []float32 {
		return wordKeys(keys, s.Heads, g.words, g.factor)
	}, 1, keys*s.Heads, 1)
	target := func(x *G.Node) *G.Node { return nn.Entries(x, targetWith) }
	rest := func(x *G.Node) *G.Node {
		return nn.Entries(x, normalWithout, referenceWithout, normalWith, referenceWith, targetWithout)
	}
	others := nn.Attention(rest(s.Q), rest(s.K), rest(s.V), s.Heads, false)
	s.SetOutput(joinEntries(others, biasedAttention(target(s.Q), target(s.K), target(s.V), a, b, s.Heads)))
}

// eachChannel is a mask [N] as [N, channels].
func eachChannel(mask []float32, channels int) []float32 {
	out := make([]float32, 0, len(mask)*channels)
	for _, v := range mask {
		out = append(out, slices.Repeat([]float32{v}, channels)...)
	}
	return out
}
