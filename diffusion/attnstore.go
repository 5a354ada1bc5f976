package diffusion

import (
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// SiteFilter chooses attention sites.
type SiteFilter func(s *nn.Site) bool

// Cross chooses the cross-attention sites whose queries are a feature map of h×w.
func Cross(h, w int) SiteFilter {
	return func(s *nn.Site) bool { return s.Cross && s.H == h && s.W == w }
}

// Self chooses the self-attention sites whose queries are a feature map of h×w.
func Self(h, w int) SiteFilter {
	return func(s *nn.Site) bool { return !s.Cross && s.H == h && s.W == w }
}

// AllCross chooses every cross-attention site.
func AllCross(s *nn.Site) bool { return s.Cross }

// AttnStore records the attention probabilities of sites while a graph is built, as
// nodes that a loss may use (WithLoss) and a program may return (WithRead). It
// changes nothing that is computed. It belongs to one graph at a time: after a
// compilation it holds the nodes of that graph. Methods that return nodes are for
// the functions that build a graph; what they do not take is a panic, which
// Pipeline.Compile turns into an error.
type AttnStore struct {
	filter SiteFilter
	tokens []int // nil for all
	h, w   int   // size that Mean brings maps to; 0 for none
	sites  []storedSite
}

type storedSite struct {
	path  string
	h, w  int
	probs *G.Node // [B, heads, queries, keys or tokens]
}

// StoreOption changes what an AttnStore records.
type StoreOption func(*AttnStore)

// WithTokens records the maps of these tokens of the text alone, by their positions
// in it (default: all). The sites then stay one fused operation, whose other
// probabilities are never stored; see nn.Site.TokenProbs. Where a result has a
// channel for each token, it has those of tokens, in their order; Token and Word
// still take positions in the text.
func WithTokens(tokens ...int) StoreOption {
	return func(a *AttnStore) { a.tokens = slices.Clone(tokens) }
}

// WithSize resizes the maps of every site to h×w, by bicubic interpolation, before
// Mean adds them up, so that sites of several sizes may be chosen (default: they
// must be of one size).
func WithSize(h, w int) StoreOption { return func(a *AttnStore) { a.h, a.w = h, w } }

// NewAttnStore returns a store of the sites that filter chooses.
func NewAttnStore(filter SiteFilter, opts ...StoreOption) *AttnStore {
	if filter == nil {
		filter = func(*nn.Site) bool { panic("attention store: no filter; AllCross chooses every cross-attention site") }
	}
	a := &AttnStore{filter: filter}
	for _, opt := range opts {
		if opt != nil {
			opt(a)
		}
	}
	return a
}

// Hook returns the hook that does the recording, for nn.WithHooks; WithStore makes
// use of it by itself.
func (a *AttnStore) Hook() nn.Hook {
	return func(s *nn.Site) {
		if !a.filter(s) {
			return
		}
		site := storedSite{path: s.Path, h: s.H, w: s.W}
		if a.tokens == nil {
			site.probs = s.Probs()
		} else {
			site.probs = s.TokenProbs(a.tokens...)
		}
		a.sites = append(a.sites, site)
	}
}

// Reset forgets the nodes of the last graph. WithStore calls it before a graph is
// built.
func (a *AttnStore) Reset() { a.sites = nil }

// Paths returns the paths of the recorded sites, in the order of the forward pass.
func (a *AttnStore) Paths() []string {
	var paths []string
	for _, s := range a.sites {
		paths = append(paths, s.path)
	}
	return paths
}

// Sizes returns height and width of the feature map that each recorded site's
// queries are.
func (a *AttnStore) Sizes() [][2]int {
	var sizes [][2]int
	for _, s := range a.sites {
		sizes = append(sizes, [2]int{s.h, s.w})
	}
	return sizes
}

// Probs returns the probabilities of each recorded site,
// [B, heads, queries, keys]; with WithTokens, [B, heads, queries, tokens].
func (a *AttnStore) Probs() []*G.Node {
	var probs []*G.Node
	for _, s := range a.sites {
		probs = append(probs, s.probs)
	}
	return probs
}

// HeadMeans returns the mean over the heads of each recorded site,
// [B, queries, keys], at the site's own size.
func (a *AttnStore) HeadMeans() []*G.Node {
	var means []*G.Node
	for _, s := range a.sites {
		means = append(means, nn.MeanAxis(s.probs, 1))
	}
	return means
}

// Mean returns the mean over all recorded sites and their heads,
// [B, queries, keys], in which every site weighs alike. Without WithSize the sites
// must have one size and one number of heads, as those of one level do. No site at
// all is a panic.
func (a *AttnStore) Mean() *G.Node {
	if len(a.sites) == 0 {
		panic("attention store: no site of this model was chosen by the filter")
	}
	var sum *G.Node
	for i, mean := range a.HeadMeans() {
		s, first := a.sites[i], a.sites[0]
		switch heads, others := s.probs.Shape()[1], first.probs.Shape()[1]; {
		case a.h > 0:
			mean = nn.BicubicResize(mean, s.h, s.w, a.h, a.w, false)
		case heads != others:
			panic(fmt.Sprintf("attention store: %s has %d heads and %s has %d; a mean over both would not weigh them alike", s.path, heads, first.path, others))
		case s.h != first.h || s.w != first.w:
			panic(fmt.Sprintf("attention store: the maps of %s are %d×%d and those of %s %d×%d: choose sites of one size, or give WithSize", s.path, s.h, s.w, first.path, first.h, first.w))
		}
		if sum == nil {
			sum = mean
		} else {
			sum = nn.Add(sum, mean)
		}
	}
	return nn.Scale(sum, 1/float32(len(a.sites)))
}

// Token returns the map of the token at position j of the text: its channel of
// Mean, [B, queries, 1]. TokenMaps and TokenMap make tokens compete instead.
func (a *AttnStore) Token(j int) *G.Node { return a.Word([]int{j}) }

// Word returns the map of a word, [B, queries, 1]: the mean of its tokens' channels
// of Mean. tokens are their positions in the text, of which there must be one at
// least (clip.Tokenizer.FindWord).
func (a *AttnStore) Word(tokens []int) *G.Node { return a.WordIn(a.Mean(), tokens) }

// WordIn is Word with other maps of this store in place of Mean, such as one of
// HeadMeans.
func (a *AttnStore) WordIn(maps *G.Node, tokens []int) *G.Node {
	if len(tokens) == 0 {
		panic("attention store: a word without tokens")
	}
	var sum *G.Node
	for _, j := range tokens {
		at := j
		if a.tokens != nil {
			if at = slices.Index(a.tokens, j); at < 0 {
				panic(fmt.Sprintf("attention store: token %d is not among those that WithTokens names, %v", j, a.tokens))
			}
		}
		one := nn.SliceChannels(maps, at, at+1)
		if sum == nil {
			sum = one
		} else {
			sum = nn.Add(sum, one)
		}
	}
	return nn.Scale(sum, 1/float32(len(tokens)))
}
