package detect

import (
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/clip"
)

// TestPromptADTokens: behind the vectors' places come the tokens of the released code's own texts, whose words N and A stand
// in their places, for every part and state.
func TestPromptADTokens(t *testing.T) {
	c := CLIP{Model: &clip.Model{Config: clip.ViTB16Plus240()}, Tokenizer: clip.DefaultTokenizer()}
	text := func(words string) []int32 {
		ids := c.Tokenizer.Encode(words)
		return ids[:slices.Index(ids, c.Tokenizer.Encode("")[1])+1]
	}
	for object := range promptADOwn {
		name, states := promptADWords(object)
		w, err := newPromptWords(c, name, states)
		if err != nil {
			t.Fatal(err)
		}
		p := newPrompting(c.Model, w, 3, 4)
		row := func(i, vectors int) []int32 { // with 0 in the vectors' places
			var ids []int32
			for _, id := range p.ids[i*p.length:][:int(p.pooled[i])+1] {
				ids = append(ids, int32(id))
			}
			clear(ids[1 : 1+vectors])
			return ids
		}
		want := func(words string, vectors int) []int32 {
			ids := text(words)
			clear(ids[1 : 1+vectors])
			return ids
		}
		if i := p.count() - 1; !slices.Equal(row(0, 4), want("N N N N "+name+".", 4)) || !slices.Equal(row(i, 5), want("N N N N A "+name+".", 5)) {
			t.Errorf("%s: tokens %v and %v", object, row(0, 4), row(i, 5))
		}
		for i, s := range states {
			words := "N N N N " + strings.Replace(s, "{}", name, 1) + "."
			for k := range 3 {
				if got := row(3+3*i+k, 4); !slices.Equal(got, want(words, 4)) {
					t.Errorf("%s: tokens of %q are %v, want %v", object, words, got, want(words, 4))
				}
			}
		}
	}
}
