package clip

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sdgraph/sdgraph/nn"
)

// Word is a text that stands for tokens of its own, such as a word whose vectors were learned (textual inversion, Gal et
// al. 2022).
type Word struct {
	Text   string // such as "<crack>", or "my crack"
	Tokens int    // how many tokens it stands for, 1 to Length()-2
}

// With returns a tokenizer that finds words, too. Their tokens have the ids from first on, word after word; first is at
// least Size, and the ids between are of no token. A word is found wherever it stands, upper and lower case are the same,
// but not within a longer word: where it begins with a letter or digit, none is directly before it, and where it ends with
// one, none is directly behind it. Of several words that begin at one place it is the longest. A word that the tokenizer
// has a token for, or that is given twice, is nn.ErrArgument, as are numbers out of their range.
func (t *Tokenizer) With(first int, words ...Word) (*Tokenizer, error) {
	switch {
	case t.Size() == 0:
		return nil, wrongWord("there is no tokenizer to add words to: DefaultTokenizer and OpenTokenizer make one")
	case first < t.Size() || first > maxTokens:
		return nil, wrongWord("words with ids from %d on, want %d, the number of tokens there are, to %d", first, t.Size(), maxTokens)
	}
	with, all := *t, maps.Clone(t.normalized.byText)
	with.tokens = append(slices.Clip(t.tokens), make([]string, first-len(t.tokens))...)
	for _, w := range words {
		text, err := t.newWord(w)
		if err != nil {
			return nil, err
		}
		if _, twice := all[text]; twice {
			return nil, wrongWord("%q is a word already: give it another name", w.Text)
		}
		all[text] = addedToken{content: w.Text, normalized: true, learned: true, id: int32(len(with.tokens)), more: int32(w.Tokens - 1)}
		for i := range w.Tokens {
			with.tokens = append(with.tokens, numbered(w.Text, i))
		}
	}
	if len(with.tokens) > maxTokens {
		return nil, wrongWord("%d tokens with those of the words, want at most %d", len(with.tokens), maxTokens)
	}
	with.normalized = newAddedTokens(all)
	return &with, nil
}

// numbered is how diffusers spells the i-th token of a word.
func numbered(word string, i int) string {
	if i == 0 {
		return word
	}
	return fmt.Sprintf("%s_%d", word, i)
}

// newWord returns the text that is looked for.
func (t *Tokenizer) newWord(w Word) (string, error) {
	text := normalizeText(strings.ToValidUTF8(w.Text, "\uFFFD"))
	switch {
	case strings.TrimSpace(text) == "" || strings.TrimSpace(text) != text:
		return "", wrongWord("%q is no word: want one without white space at its ends, such as %q", w.Text, "<crack>")
	case len(text) > maxAddedLength:
		return "", wrongWord("the word %.40q... has %d bytes, want at most %d", w.Text, len(text), maxAddedLength)
	case w.Tokens < 1 || w.Tokens > t.length-2:
		return "", wrongWord("the word %q stands for %d tokens, want 1 to %d, which fit into a text", w.Text, w.Tokens, t.length-2)
	case t.has(text):
		return "", wrongWord("%q is in the vocabulary already, as a token of its own: give the word another name, such as %q", w.Text, "<"+text+">")
	}
	return text, nil
}

// has reports whether a text is the spelling of a token, alone or as a word.
func (t *Tokenizer) has(text string) bool {
	alphabet := byteAlphabet()
	var b strings.Builder
	for _, c := range []byte(text) {
		b.WriteRune(alphabet[c])
	}
	spelled := b.String()
	return slices.ContainsFunc(t.tokens, func(token string) bool {
		return token == text || token == spelled || strings.TrimSuffix(token, endOfWord) == spelled
	})
}

// Spell returns a text in which each word of With is written as another text, for who reads no learned words. The rest is
// normalised, as Encode reads it.
func (t *Tokenizer) Spell(text string, as func(word string) string) string {
	if t.Size() == 0 || as == nil {
		return text
	}
	var b strings.Builder
	for _, p := range t.normalized.cut(normalizeText(strings.ToValidUTF8(text, "\uFFFD"))) {
		if p.learned {
			p.text = as(p.text)
		}
		b.WriteString(p.text)
	}
	return b.String()
}

// standsClear reports whether text[start:end] is not part of a longer word: at an end that is a letter or digit, no other
// touches it.
func standsClear(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	first, _ := utf8.DecodeRuneInString(text[start:end])
	last, _ := utf8.DecodeLastRuneInString(text[start:end])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return !(start > 0 && inName(before) && inName(first)) && !(end < len(text) && inName(after) && inName(last))
}

func inName(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// wrongWord is nn.ErrArgument that says what is wrong; %.0w wraps without printing.
func wrongWord(format string, a ...any) error {
	return fmt.Errorf("clip: %w%.0w", fmt.Errorf(format, a...), nn.ErrArgument)
}
