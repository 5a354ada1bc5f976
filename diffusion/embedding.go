package diffusion

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Embedding is a word with vectors that were learned for it (textual inversion, Gal et al., arXiv 2208.01618): where the
// word stands in a prompt, the text encoder reads them in the place of those of its tokens.
type Embedding struct {
	Word    string    // as prompts have it, such as "<crack>"
	Vectors *gt.Dense // [n, d], 1 to 75 of the width of the text encoder

	// Initial is what the word began as, such as "crack". It stands for the word where another model reads the text:
	// CLIP, which has no vectors for it. Where it is empty, CLIP reads the word as it is spelled.
	Initial string

	Path, SHA256 string // of the file that it was read from; empty if there is none
}

// WithEmbeddings gives the model words whose vectors were learned (default: none): every prompt may have them. Open
// refuses words that the tokenizer has a token for, and vectors that are not of the text encoder's width or not finite,
// as ErrArgument.
func WithEmbeddings(all ...*Embedding) OpenOption {
	return func(o *openOptions) { o.embeddings = append(o.embeddings, all...) }
}

// Embeddings returns what WithEmbeddings gave the model.
func (p *Pipeline) Embeddings() []*Embedding { return slices.Clone(p.embeddings) }

// addEmbeddings gives words to a model that is open.
func (p *Pipeline) addEmbeddings(all []*Embedding) (err error) {
	p.plain, p.embeddings = p.Tokenizer, slices.Clone(all)
	if len(all) == 0 {
		return nil
	}
	p.Tokenizer, err = p.reading(all)
	return err
}

// reading returns the model's tokenizer with words, whose ids begin behind those that the text encoder has vectors for.
func (p *Pipeline) reading(all []*Embedding) (*clip.Tokenizer, error) {
	words := make([]clip.Word, len(all))
	for i, e := range all {
		if err := p.checkEmbedding(e); err != nil {
			return nil, err
		}
		words[i] = clip.Word{Text: e.Word, Tokens: e.Vectors.Shape()[0]}
	}
	return p.plain.With(p.Text.Config.VocabSize, words...)
}

// textWidths are of text encoders that people have embeddings for.
var textWidths = map[int]string{768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 1280: "the second encoder of Stable Diffusion XL"}

// checkEmbedding refuses what the text encoder could not read.
func (p *Pipeline) checkEmbedding(e *Embedding) error {
	if e == nil {
		return badArgument("an embedding is nil")
	}
	if err := checkFloats(fmt.Sprintf("the embedding of %q", e.Word), e.Vectors); err != nil {
		return err
	}
	s, want := e.Vectors.Shape(), p.Text.Config.HiddenSize
	switch {
	case len(s) != 2:
		return badArgument("the embedding of %q has the shape %v, want [n, %d]", e.Word, s, want)
	case s[1] != want:
		return badArgument("the embedding of %q has vectors of %d numbers%s, and the text encoder reads %d%s", e.Word, s[1], widthOf(s[1]), want, widthOf(want))
	}
	if err := nn.Finite(e.Vectors); err != nil {
		return badArgument("the embedding of %q is %w", e.Word, err)
	}
	return nil
}

// widthOf names the model of a width, if there is one.
func widthOf(d int) string {
	if name, known := textWidths[d]; known {
		return " (" + name + ")"
	}
	return ""
}

// EncodeWith encodes a prompt as Encode does, with further words beside the model's own. Of two of one spelling the
// further one counts.
func (p *Pipeline) EncodeWith(ctx context.Context, prompt string, more ...*Embedding) (Prompt, error) {
	t, all, err := p.with(more)
	if err != nil {
		return Prompt{}, err
	}
	if cut := t.Truncated(prompt); len(cut) > 0 {
		p.log.Warn("the prompt is too long", "left out", strings.Join(cut, " "))
	}
	vectors, err := p.tokenVectors(ctx, t.Encode(prompt), all)
	if err != nil {
		return Prompt{}, err
	}
	out, err := p.graphs.text.Run(ctx, map[string]*gt.Dense{"vectors": vectors})
	if err != nil {
		return Prompt{}, err
	}
	nn.Forget(p.Text) // a run reads its prompts once, at the beginning
	return Prompt{out[0]}, checkFinite("the text encoder's output", out[0])
}

// with is a tokenizer that finds further words beside the model's own, and all of them in the order of their ids.
func (p *Pipeline) with(more []*Embedding) (*clip.Tokenizer, []*Embedding, error) {
	if len(more) == 0 {
		return p.Tokenizer, p.embeddings, nil
	}
	replaced := func(e *Embedding) bool {
		return slices.ContainsFunc(more, func(m *Embedding) bool { return m != nil && strings.EqualFold(m.Word, e.Word) })
	}
	all := append(slices.DeleteFunc(slices.Clone(p.embeddings), replaced), more...)
	t, err := p.reading(all)
	return t, all, err
}

// tokenVectors returns the vectors of a text's tokens, [1, T, d]: those of the text encoder's table, and of ids behind it
// those that were learned.
func (p *Pipeline) tokenVectors(ctx context.Context, ids []int32, all []*Embedding) (*gt.Dense, error) {
	known, first := slices.Clone(ids), int32(p.Text.Config.VocabSize)
	for i, id := range known {
		if id >= first {
			known[i] = 0 // a row to be written over
		}
	}
	out, err := p.graphs.embed.Run(ctx, map[string]*gt.Dense{"ids": idTensor(known)})
	if err != nil {
		return nil, err
	}
	vectors, d := tensor.Float32s(out[0]), p.Text.Config.HiddenSize
	var learned []float32
	for _, e := range all {
		learned = append(learned, tensor.Float32s(e.Vectors)...)
	}
	for i, id := range ids {
		if id >= first {
			copy(vectors[i*d:(i+1)*d], learned[int(id-first)*d:])
		}
	}
	return out[0], nil
}

// WordVectors returns the vectors that the text encoder reads for the tokens of a text, [n, d] for n tokens, without
// start, end and padding: what a word begins as that is to be learned. Of a text without tokens, or of one that is too
// long, it is ErrArgument.
func (p *Pipeline) WordVectors(ctx context.Context, text string) (*gt.Dense, error) {
	where, err := p.Tokenizer.FindWord(text, text)
	if err != nil {
		return nil, badArgument("%w", err)
	}
	vectors, err := p.tokenVectors(ctx, p.Tokenizer.Encode(text), p.embeddings)
	if err != nil {
		return nil, err
	}
	d := p.Text.Config.HiddenSize
	found := slices.Clone(tensor.Float32s(vectors)[where[0]*d : (where[len(where)-1]+1)*d])
	return tensor.FromFloat32s(found, len(where), d), nil
}

// spelled is a text in which what learned words began as stands for them.
func (p *Pipeline) spelled(text string) string {
	if len(p.embeddings) == 0 {
		return text
	}
	return p.Tokenizer.Spell(text, func(word string) string {
		for _, e := range p.embeddings {
			if e.Word == word && e.Initial != "" {
				return e.Initial
			}
		}
		return word
	})
}
