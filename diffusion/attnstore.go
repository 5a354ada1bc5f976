package diffusion

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// SiteFilter chooses attention sites.
type SiteFilter func(s *nn.Site) bool

// Cross chooses the cross-attention sites whose queries are a picture of h×w.
func Cross(h, w int) SiteFilter {
	return func(s *nn.Site) bool { return s.Cross && s.H == h && s.W == w }
}

// Self chooses the self-attention sites whose queries are a picture of h×w.
func Self(h, w int) SiteFilter {
	return func(s *nn.Site) bool { return !s.Cross && s.H == h && s.W == w }
}

// AttnStore records the attention probabilities of sites while a graph is
// built, as nodes that a loss may use and a program may return. It changes
// nothing. One AttnStore belongs to one graph at a time: after a compilation it
// holds the nodes of that graph.
type AttnStore struct {
	filter SiteFilter
	paths  []string
	probs  []*G.Node
}

// NewAttnStore returns a store of the sites that filter chooses.
func NewAttnStore(filter SiteFilter) *AttnStore { return &AttnStore{filter: filter} }

// Hook is what does the recording; see nn.WithHooks and WithStore.
func (a *AttnStore) Hook() nn.Hook {
	return func(s *nn.Site) {
		if a.filter(s) {
			a.paths = append(a.paths, s.Path)
			a.probs = append(a.probs, s.Probs())
		}
	}
}

// Reset forgets the nodes of the last graph.
func (a *AttnStore) Reset() { a.paths, a.probs = nil, nil }

// Paths lists the recorded sites, in the order of the forward pass.
func (a *AttnStore) Paths() []string { return a.paths }

// Probs lists the probabilities of the recorded sites, each
// [B, heads, queries, keys].
func (a *AttnStore) Probs() []*G.Node { return a.probs }

// Mean is the mean over sites and heads, [B, queries, keys]. The sites must
// have the same number of heads, as all of one resolution do; it panics if
// there are none.
func (a *AttnStore) Mean() *G.Node {
	if len(a.probs) == 0 {
		panic("attention store: no site of this model was chosen by the filter")
	}
	var sum *G.Node
	for i, p := range a.probs {
		if p.Shape()[1] != a.probs[0].Shape()[1] {
			panic(fmt.Sprintf("attention store: %s has %d heads and %s has %d; a mean over both would not weigh them alike", a.paths[i], p.Shape()[1], a.paths[0], a.probs[0].Shape()[1]))
		}
		mean := nn.MeanAxis(p, 1)
		if sum == nil {
			sum = mean
		} else {
			sum = nn.Add(sum, mean)
		}
	}
	return nn.Scale(sum, 1/float32(len(a.probs)))
}

// Token is the map of one token of the prompt in the mean over sites and heads,
// [B, queries, 1]. TokenMap makes it compete with those of the other tokens.
func (a *AttnStore) Token(j int) *G.Node { return nn.SliceChannels(a.Mean(), j, j+1) }
