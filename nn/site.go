package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"
)

// Site is one attention layer while its graph is being built. A hook may read its
// nodes and put others in their place, made with any operation of gorgonia or of
// this package: they become part of the graph, and of its gradient.
type Site struct {
	// Path is the layer's path in the checkpoint, such as
	// "up_blocks.1.attentions.0.transformer_blocks.0.attn2".
	Path  string
	Cross bool // keys and values come from another sequence, such as a text
	Heads int
	H, W  int // the queries' positions are a feature map of H×W; 0 where they are none

	// Q is [B, Nq, heads·d]; K and V are [B, Nk, heads·d]. A hook may assign
	// others, before anything asks for the probabilities.
	Q, K, V *G.Node

	causal bool
	probs  *G.Node
	taken  [2]*G.Node // the queries and keys that probabilities were made of
	output *G.Node
}

// Hook is called once for each attention site when a graph is built.
type Hook func(s *Site)

// Queries returns the number of query positions, Nq.
func (s *Site) Queries() int { return s.Q.Shape()[1] }

// Probs returns the attention probabilities, [B, heads, Nq, Nk]. Where they are asked
// for, they are stored, and the site's output is computed from them; else attention
// is one operation that never stores them.
func (s *Site) Probs() *G.Node {
	if s.probs == nil {
		s.take()
		s.probs = AttentionProbs(s.Q, s.K, s.Heads, s.causal)
	}
	return s.probs
}

// TokenProbs returns the attention probabilities of the keys with the given numbers,
// such as those of tokens of a text, [B, heads, Nq, len(tokens)]. Other than with
// Probs, the site's attention stays one operation, and the probabilities of other
// keys are not stored, in the backward pass either. After Probs, it returns columns
// of what that returned.
func (s *Site) TokenProbs(tokens ...int) *G.Node {
	if s.probs != nil {
		return channels(s.probs, tokens)
	}
	s.take()
	return AttentionTokenProbs(s.Q, s.K, s.Heads, s.causal, tokens...)
}

// take notes which queries and keys probabilities were made of.
func (s *Site) take() {
	s.checkTaken()
	s.taken = [2]*G.Node{s.Q, s.K}
}

func (s *Site) checkTaken() {
	if s.taken != [2]*G.Node{} && s.taken != [2]*G.Node{s.Q, s.K} {
		panic(fmt.Sprintf("%s: a hook replaced the queries or keys after another had asked for the probabilities; register it first", s.Path))
	}
}

// SetProbs makes the output p·v, with p of the shape of Probs.
func (s *Site) SetProbs(p *G.Node) {
	sameShape(s.Path+": probabilities", p.Shape(), []int{s.Q.Shape()[0], s.Heads, s.Queries(), s.K.Shape()[1]})
	s.probs, s.taken = p, [2]*G.Node{s.Q, s.K}
}

// SetOutput replaces the site's output, which the projection behind it takes,
// [B, Nq, heads·d].
func (s *Site) SetOutput(out *G.Node) {
	sameShape(s.Path+": output", out.Shape(), s.Q.Shape())
	s.output = out
}

// Attend computes the attention of a site, after every hook has seen it.
func (b *Build) Attend(s Site) *G.Node {
	return b.attend(&s)
}

// AttendCausal is Attend where position i sees positions 0…i only.
func (b *Build) AttendCausal(s Site) *G.Node {
	s.causal = true
	return b.attend(&s)
}

func (b *Build) attend(s *Site) *G.Node {
	for _, hook := range b.hooks {
		hook(s)
	}
	if s.output != nil {
		return s.output
	}
	s.checkTaken()
	if s.probs == nil {
		return Attention(s.Q, s.K, s.V, s.Heads, s.causal)
	}
	return AttentionMix(s.probs, s.V)
}
