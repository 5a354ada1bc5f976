package clip

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/nn"
)

// withWords has words of one, three and two tokens, as diffusers numbers them.
func withWords(t *testing.T, words ...Word) *Tokenizer {
	t.Helper()
	with, err := DefaultTokenizer().With(49408, words...)
	if err != nil {
		t.Fatal(err)
	}
	return with
}

// TestWords compares ids with those of diffusers' tokenizer after load_textual_inversion.
func TestWords(t *testing.T) {
	with := withWords(t, Word{"<cracked>", 1}, Word{"golden-rust", 3}, Word{"<dent>", 2})
	for text, want := range map[string][]int32{
		"a photo of a <cracked> hazelnut":              {320, 1125, 539, 320, 49408, 35816},
		"golden-rust on a metal nut, golden-rust":      {49409, 49410, 49411, 525, 320, 4044, 6491, 267, 49409, 49410, 49411},
		"A photo of <CRACKED> and <dent>, Golden-Rust": {320, 1125, 539, 49408, 537, 49412, 49413, 267, 49409, 49410, 49411},
		"a photo of a cracked hazelnut":                {320, 1125, 539, 320, 19826, 35816},
	} {
		got := with.Encode(text)
		if !slices.Equal(got[1:1+len(want)], want) || got[1+len(want)] != with.end {
			t.Errorf("%q: %v, want %v", text, got[:len(want)+3], want)
		}
	}
	if got := with.Tokens([]int32{49409, 49411}); !slices.Equal(got, []string{"golden-rust", "golden-rust_2"}) {
		t.Errorf("spelled %q", got)
	}
	if with.Size() != 49414 || DefaultTokenizer().Size() != 49408 {
		t.Errorf("%d tokens with the words, %d without", with.Size(), DefaultTokenizer().Size())
	}
	full := strings.Repeat("a ", 70) + "golden-rust hazelnut <cracked> nut"
	if got := with.Encode(full); !slices.Equal(got[70:], []int32{320, 49409, 49410, 49411, 35816, 49408, 49407}) {
		t.Errorf("at the end of what fits: %v", got[70:])
	}
	if cut := with.Truncated(full); !slices.Equal(cut, []string{"nut"}) {
		t.Errorf("cut: %q", cut)
	}
}

// TestWordsStandAlone finds words wherever they stand, but not in longer ones.
func TestWordsStandAlone(t *testing.T) {
	with := withWords(t, Word{"rust-x", 1}, Word{"rust-x tail", 1}, Word{"<r>", 1})
	const short, long, angle = 49408, 49409, 49410
	for text, want := range map[string][]int32{
		"(rust-x)": {short}, "a,rust-x!": {short}, "rust-xy": nil, "1rust-x": nil, "rust-x tail": {long}, "rust-x\n TAIL": {long},
		"rust-x tails": {short}, "brust-x tail": nil, "a<r>b": {angle}, "<r><r>": {angle, angle}, "<rr>": nil,
	} {
		var got []int32
		for _, id := range with.Encode(text) {
			if id >= short {
				got = append(got, id)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q has the words %v, want %v", text, got, want)
		}
	}
}

// TestFindLearnedWord finds all tokens of a word.
func TestFindLearnedWord(t *testing.T) {
	with := withWords(t, Word{"<crack>", 4}, Word{"my dent", 2})
	for word, want := range map[string][]int{"<Crack>": {5, 6, 7, 8}, "my dent": {10, 11}, "<crack> and my dent": {5, 6, 7, 8, 9, 10, 11}} {
		got, err := with.FindWord("a nut with a <crack> and my dent", word)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v, want %v", word, got, err, want)
		}
	}
	if _, err := with.FindWord("a nut with a crack", "<crack>"); !errors.Is(err, ErrWordAbsent) {
		t.Error("a word that is not there:", err)
	}
	got := with.Spell("A nut with a <crack> and a MY dent", func(word string) string { return strings.Trim(word, "<>") + "!" })
	if got != "a nut with a crack! and a my dent!" {
		t.Errorf("spelled: %q", got)
	}
}

// TestWordsRefused says what is wrong with a word.
func TestWordsRefused(t *testing.T) {
	for says, words := range map[string][]Word{
		"hazelnut":       {{"hazelnut", 1}},
		"is a word":      {{"<a>", 1}, {"<A>", 2}},
		"1 to 75":        {{"<a>", 76}},
		"stands for 0":   {{"<a>", 0}},
		"white space":    {{" ", 1}},
		"at most":        {{"<a>", 1}, {"<" + strings.Repeat("b", 300) + ">", 1}},
		"without white ": {{"<a> ", 1}},
	} {
		if _, err := DefaultTokenizer().With(49408, words...); !errors.Is(err, nn.ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v, want it to say %q", words, err, says)
		}
	}
	if _, err := DefaultTokenizer().With(49407, Word{"<a>", 1}); !errors.Is(err, nn.ErrArgument) {
		t.Error("the id of another token:", err)
	}
	gap := func() *Tokenizer { t, _ := DefaultTokenizer().With(50000, Word{"<a>", 1}); return t }()
	if got := gap.Encode("<a>")[1]; got != 50000 {
		t.Errorf("behind a gap: %d", got)
	}
	if again, err := gap.With(50001, Word{"<b>", 1}); err != nil || !slices.Equal(again.Encode("<a><b>")[1:3], []int32{50000, 50001}) {
		t.Error("words to a tokenizer with words:", err)
	}
}
