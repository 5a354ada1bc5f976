package anomalyany

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestLearnedWord has the attention of all tokens of a word that was learned drawn, and CLIP judge by what it began as.
func TestLearnedWord(t *testing.T) {
	v := make([]float32, 4*32)
	for i := range v {
		v[i] = float32(i%7)/20 - 0.15
	}
	word := &diffusion.Embedding{Word: "<x>", Vectors: tensor.FromFloat32s(v, 4, 32), Initial: "crack"}
	plain, p := openModel(t, modelA), openModel(t, modelA, diffusion.WithEmbeddings(word))
	o := short()
	o.Prompt, o.Words, o.Steps, o.Refine = "a photo of a hazelnut with a <X> on it", []string{"<x>"}, 1, 0
	g := newGenerator(t, p, o)
	if diff := cmp.Diff([]int{8, 9, 10, 11}, g.Tokens()); diff != "" {
		t.Errorf("tokens, want -, got +:\n%s", diff)
	}
	if r := generate(t, g, 2); len(r.Trace) != 1 || !(r.Trace[0].Attention > 0) || !(r.Trace[0].Gradient > 0) {
		t.Errorf("the trace is %+v, want one step that draws the attention", r.Trace)
	}
	scores := func(p *diffusion.Pipeline, word string) Scores {
		w := Wording{Prompt: "a photo of a hazelnut with a " + word + " on it", Normal: "a photo of a hazelnut", Others: []string{"a photo of a hazelnut with a hole on it"}}
		s, err := NewScorer(t.Context(), p, photograph(), w)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Score(t.Context(), made())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if diff := cmp.Diff(scores(plain, "crack"), scores(p, "<x>")); diff != "" {
		t.Errorf("scores of what the word began as -, of the word +:\n%s", diff)
	}
}
