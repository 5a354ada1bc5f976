package detect

import (
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// PromptAD's prompts are vectors in the place of words, and words behind them:
//
//	normal                    [N]₁ [N]₂ [N]₃ [N]₄ name .
//	abnormal, hand-written    [N]₁ [N]₂ [N]₃ [N]₄ damaged name .    one for each state
//	abnormal, learned         [N]₁ [N]₂ [N]₃ [N]₄ [A] name .
//
// There are several contexts N and A: a prompt for each N, each state with each N, and as many learned ones as there are
// pairs.

// How many vectors a context has: n_ctx and n_ctx_ab.
const normalVectors, abnormalVectors = 4, 1

// promptWords are the tokens of a part's prompts.
type promptWords struct {
	start  int32
	name   []int32   // name, full stop, end
	states [][]int32 // the same for each state
}

// newPromptWords reads what is said of a part.
func newPromptWords(c CLIP, name string, states []string) (promptWords, error) {
	empty := c.Tokenizer.Encode("")
	w := promptWords{start: empty[0]}
	room := min(c.Tokenizer.Length(), c.Model.Config.Text.MaxPositions) - normalVectors - abnormalVectors
	read := func(text string) ([]int32, error) {
		ids := c.Tokenizer.Encode(text + ".")[1:]
		end := slices.Index(ids, empty[1])
		if len(c.Tokenizer.Truncated(text+".")) > 0 || end+2 > room {
			return nil, wrong("%.80q has too many tokens for a prompt of %d", text, room)
		}
		return ids[:end+1], nil
	}
	var err error
	if w.name, err = read(name); err != nil {
		return w, err
	}
	for _, s := range states {
		if strings.Count(s, "{}") != 1 || strings.TrimSpace(s) == "{}" {
			return w, wrong("the state %.80q, want words with {} once, in the place of the part's name", s)
		}
		ids, err := read(strings.Replace(s, "{}", name, 1))
		if err != nil {
			return w, err
		}
		w.states = append(w.states, ids)
	}
	return w, nil
}

// prompting is all prompts of a training as one batch: the normal ones, the hand-written ones, state by state, and the
// learned ones. Only the tokens up to the longest prompt's end are computed: none sees later ones.
type prompting struct {
	model            *clip.Model
	normal, abnormal int       // contexts N and A: n_pro and n_pro_ab
	written, learned int       // how many prompts there are of these kinds
	ids              []float32 // [count, length]; what stands in the place of vectors is overwritten
	pooled           []float32 // [count], the position that stands for a prompt
	length           int
}

func newPrompting(m *clip.Model, w promptWords, normal, abnormal int) *prompting {
	p := &prompting{model: m, normal: normal, abnormal: abnormal, written: normal * len(w.states), learned: normal * abnormal}
	var rows [][]int32
	add := func(vectors int, words []int32) {
		row := slices.Concat(slices.Repeat([]int32{w.start}, 1+vectors), words)
		rows, p.length = append(rows, row), max(p.length, len(row))
	}
	for range normal {
		add(normalVectors, w.name)
	}
	for _, s := range w.states {
		for range normal {
			add(normalVectors, s)
		}
	}
	for range p.learned {
		add(normalVectors+abnormalVectors, w.name)
	}
	for _, row := range rows {
		p.pooled = append(p.pooled, float32(m.Config.Text.PooledPosition(row)))
		for _, id := range append(row, make([]int32, p.length-len(row))...) {
			p.ids = append(p.ids, float32(id))
		}
	}
	return p
}

func (p *prompting) count() int { return p.normal + p.written + p.learned }

// width is how many numbers a vector has that takes a word's place.
func (p *prompting) width() int { return p.model.Config.Text.HiddenSize }

// features returns the prompts' embeddings in the space of pictures, [count, projection_dim], not normalised, of contexts
// N [normal, 4, C] and A [abnormal, 1, C]. Prompt i has N number i mod normal, a learned one A number i mod abnormal.
func (p *prompting) features(b *nn.Build, normal, abnormal *G.Node) *G.Node {
	words := p.model.TextModel.Embed(b, b.Constant("prompts", p.ids, p.count(), p.length))
	given := p.count() - p.learned
	fifth := joinEntries( // a word, or the vector A
		nn.Entries(nn.SlicePositions(words, 1+normalVectors, 2+normalVectors), modulo(given, given)...),
		nn.Entries(abnormal, modulo(p.learned, p.abnormal)...))
	x := joinPositions(
		nn.SlicePositions(words, 0, 1),
		nn.Entries(normal, modulo(p.count(), p.normal)...), // the numbers of hand-written and learned prompts are multiples of normal
		fifth,
		nn.SlicePositions(words, 2+normalVectors, p.length))
	hidden := p.model.TextModel.Encode(b, x)
	pooled := nn.SelectPositions(hidden, b.Constant("ends", p.pooled, p.count()))
	return p.model.TextProjection.Forward(pooled)
}

// modulo is 0 to n-1, each modulo m.
func modulo(n, m int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i % m
	}
	return all
}

// joinPositions puts tokens [B, n, C] behind one another.
func joinPositions(parts ...*G.Node) *G.Node {
	b, c, n := parts[0].Shape()[0], parts[0].Shape()[2], 0
	flat := make([]*G.Node, len(parts))
	for i, p := range parts {
		n += p.Shape()[1]
		flat[i] = nn.Reshape(p, b, p.Shape()[1]*c)
	}
	return nn.Reshape(nn.Concat(flat...), b, n, c)
}

// joinEntries puts batches of equal entries behind one another.
func joinEntries(parts ...*G.Node) *G.Node {
	shape := parts[0].Shape().Clone()
	shape[0] = 0
	flat := make([]*G.Node, len(parts))
	for i, p := range parts {
		shape[0] += p.Shape()[0]
		flat[i] = nn.Reshape(p, 1, p.Shape().TotalSize())
	}
	return nn.Reshape(nn.Concat(flat...), shape...)
}
