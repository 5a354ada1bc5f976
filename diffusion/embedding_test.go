package diffusion

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// openWith opens the tiny model with words.
func openWith(t *testing.T, all ...*Embedding) *Pipeline {
	t.Helper()
	p, err := Open(t.Context(), modelA, WithEmbeddings(all...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// vectorsOf are those of a text's tokens.
func vectorsOf(t *testing.T, p *Pipeline, text string) *gt.Dense {
	t.Helper()
	v, err := p.WordVectors(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestLearnedWordIsItsVectors reads a word that has the vectors of others as these others, whatever stands around it, and
// every other prompt as before.
func TestLearnedWordIsItsVectors(t *testing.T) {
	plain := openModel(t, modelA)
	rust := &Embedding{Word: "<Rust>", Vectors: vectorsOf(t, plain, "golden crack")}
	nut := &Embedding{Word: "my nut", Vectors: vectorsOf(t, plain, "hazelnut")}
	p := openWith(t, rust, nut)
	for written, meant := range map[string]string{
		"a <rust> nut":                "a golden crack nut",
		"a photo of a My Nut, <RUST>": "a photo of a hazelnut, golden crack",
		"a photo of a nut":            "a photo of a nut",
	} {
		if got, want := encode(t, p, written).Hidden, encode(t, plain, meant).Hidden; !sameFloats(got, want) {
			t.Errorf("%q is not what %q is", written, meant)
		}
	}
	got, err := plain.EncodeWith(t.Context(), "a <rust> nut", rust)
	if err != nil || !sameFloats(got.Hidden, encode(t, p, "a <rust> nut").Hidden) {
		t.Errorf("a word of one prompt alone is another: %v", err)
	}
	other := &Embedding{Word: "<rust>", Vectors: nut.Vectors}
	got, err = p.EncodeWith(t.Context(), "a <rust> my nut", other)
	if err != nil || !sameFloats(got.Hidden, encode(t, plain, "a hazelnut hazelnut").Hidden) {
		t.Errorf("a further word does not replace the model's own: %v", err)
	}
	if all := p.Embeddings(); len(all) != 2 || all[0] != rust {
		t.Errorf("%d words", len(all))
	}
}

// TestInitialStandsForAWord has CLIP, which has no vectors for a learned word, read what it began as.
func TestInitialStandsForAWord(t *testing.T) {
	plain := openModel(t, modelA)
	p := openWith(t, &Embedding{Word: "<x>", Vectors: vectorsOf(t, plain, "golden crack"), Initial: "crack"})
	clipText := func(p *Pipeline, text string) *gt.Dense {
		e, err := p.CLIPText(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	if !sameFloats(clipText(p, "a nut with a <X>"), clipText(plain, "a nut with a crack")) {
		t.Error("CLIP reads another text")
	}
}

// TestEmbeddingsRefused says what does not fit.
func TestEmbeddingsRefused(t *testing.T) {
	ones := func(shape ...int) *gt.Dense {
		n := 1
		for _, s := range shape {
			n *= s
		}
		return tensor.FromFloat32s(make([]float32, n), shape...)
	}
	nan := ones(1, 32)
	tensor.Float32s(nan)[3] = float32(math.NaN())
	for says, e := range map[string]*Embedding{
		"768 numbers (Stable Diffusion 1.x), and the text encoder reads 32": {Word: "<a>", Vectors: ones(2, 768)},
		"hazelnut": {Word: "hazelnut", Vectors: ones(1, 32)},
		"finite":   {Word: "<a>", Vectors: nan},
		"1 to 75":  {Word: "<a>", Vectors: ones(76, 32)},
		"shape":    {Word: "<a>", Vectors: ones(1, 1, 32)},
		"no word":  {Vectors: ones(1, 32)},
		"nil":      nil,
	} {
		_, err := Open(t.Context(), modelA, WithEmbeddings(e))
		if !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v, want it to say %q", e, err, says)
		}
	}
}
