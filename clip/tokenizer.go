package clip

import (
	"errors"
	"fmt"
	"strings"
)

// Tokenizer turns a prompt into the token ids that CLIP's text model reads: byte-pair encoding (Sennrich et
// al. 2016) of the lower-cased text, as in OpenAI's CLIP and in the CLIPTokenizer of the transformers
// library, whose results it reproduces. It is immutable and may be used by several goroutines. Only DefaultTokenizer
// and OpenTokenizer make one; nil, and the zero Tokenizer, have no tokens and a length of 0.
type Tokenizer struct {
	tokens []string // by id: the vocabulary, then what was added to it
	pairs  map[tokenPair]tokenMerge
	inner  [256]int32 // token of each byte inside a word
	last   [256]int32 // token of each byte that ends a word

	given, normalized addedTokens // looked for in the text as given, and in the normalised one

	start, end, pad, unknown int32
	vocabulary, length       int
}

// The errors of FindWord, to be told apart with errors.Is.
var (
	// ErrWordAbsent is wrapped where the prompt does not contain the word.
	ErrWordAbsent = errors.New("not in the prompt")
	// ErrWordCut is wrapped where the prompt contains the word, but behind the last token that the model reads.
	ErrWordCut = errors.New("behind the end of what the model reads")
)

// Length returns how many ids Encode returns, whatever the text, start and end token included: 77 for CLIP.
func (t *Tokenizer) Length() int {
	if t == nil {
		return 0
	}
	return t.length
}

// Size returns the number of tokens, those of the vocabulary and those that were added to it: 49408 for CLIP. Ids are
// from 0 to Size-1.
func (t *Tokenizer) Size() int {
	if t == nil {
		return 0
	}
	return len(t.tokens)
}

// Encode returns the Length ids of a prompt: the start token, the prompt's own tokens, the end token, and padding. A
// prompt of more than Length-2 tokens is cut; Truncated returns what is left out. Invalid UTF-8 is read as U+FFFD.
func (t *Tokenizer) Encode(text string) []int32 {
	if t.Length() == 0 {
		return nil
	}
	ids := make([]int32, 1, t.length)
	ids[0] = t.start
	for _, p := range t.pieces(text) {
		if len(ids) >= t.length-1 {
			break
		}
		ids = append(ids, t.encodePiece(p)...)
	}
	ids = append(ids[:min(len(ids), t.length-1)], t.end)
	for len(ids) < t.length {
		ids = append(ids, t.pad)
	}
	return ids
}

// Truncated returns the words and punctuation marks of a prompt of which Encode leaves out at least one token, in
// order; nil for a prompt that fits.
func (t *Tokenizer) Truncated(text string) []string {
	var cut []string
	next := 1
	for _, p := range t.pieces(text) {
		next += len(t.encodePiece(p))
		if next > t.length-1 {
			cut = append(cut, p.text)
		}
	}
	return cut
}

// Tokens returns the spelling of the token of each id, "" where there is none of that id. A token that ends a word
// ends in "</w>", and bytes outside printable ASCII are spelled in GPT-2's byte alphabet.
func (t *Tokenizer) Tokens(ids []int32) []string {
	tokens := make([]string, len(ids))
	for i, id := range ids {
		if id >= 0 && int(id) < t.Size() {
			tokens[i] = t.tokens[id]
		}
	}
	return tokens
}

// FindWord returns the indices in Encode(text) of all tokens of a word, or of a phrase whose words follow one another.
// Of several occurrences it takes the first. Upper and lower case are the same, and only whole words match. An added
// token such as <scar> is a word wherever Encode finds it. The error is ErrWordAbsent, and names the prompt's words,
// or ErrWordCut.
func (t *Tokenizer) FindWord(text, word string) ([]int, error) {
	want, prompt := t.pieces(word), t.pieces(text)
	if len(want) == 0 {
		return nil, fmt.Errorf("clip: no word to look for: %q has neither letters nor other characters: %w", word, ErrWordAbsent)
	}
	next := 1 // index in Encode(text) of the piece's first token
	for i := range prompt {
		if !hasPrefix(prompt[i:], want) {
			next += len(t.encodePiece(prompt[i]))
			continue
		}
		var indices []int
		for _, p := range want {
			for range t.encodePiece(p) {
				indices = append(indices, next)
				next++
			}
		}
		if next > t.length-1 {
			return nil, fmt.Errorf("clip: %q is %w: its last token would be number %d, the prompt has room for %d; put it further to the front",
				word, ErrWordCut, next-1, t.length-2)
		}
		return indices, nil
	}
	return nil, fmt.Errorf("clip: %q is %w, whose words are: %s", word, ErrWordAbsent, strings.Join(t.wordsOf(text), ", "))
}

// hasPrefix reports whether the pieces of a prompt begin with those of a phrase.
func hasPrefix(prompt, phrase []piece) bool {
	if len(prompt) < len(phrase) {
		return false
	}
	for i, p := range phrase {
		if prompt[i] != p {
			return false
		}
	}
	return true
}
