package clip

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is found in the text before anything else is done with it: one of the special
// tokens, or what textual inversion added. The flags are those of the tokenizers library's AddedToken.
type addedToken struct {
	content        string
	lstrip, rstrip bool // takes the white space before it, after it
	singleWord     bool // found only where no letter, digit or underscore touches it
	normalized     bool // looked for in the normalised (lower-cased) text instead of the text as given
	learned        bool // a Word of With
	id             int32
	more           int32 // tokens behind the first, with the ids behind its id
}

// undeclared is the id of an added token whose file gives it none.
const undeclared = -1

// addedTokens finds added tokens of one kind in a text.
type addedTokens struct {
	byText  map[string]addedToken // by the text that is looked for
	lengths []int                 // of these texts in bytes, the longest first
}

func newAddedTokens(byText map[string]addedToken) addedTokens {
	s := addedTokens{byText: byText}
	for text := range byText {
		s.lengths = append(s.lengths, len(text))
	}
	slices.Sort(s.lengths)
	s.lengths = slices.Compact(s.lengths)
	slices.Reverse(s.lengths)
	return s
}

// longest returns the longest token at a place of a text, and its length there, 0 for none.
func (s addedTokens) longest(text string, at int) (addedToken, int) {
	for _, n := range s.lengths {
		if n > len(text)-at {
			continue
		}
		if a, ok := s.byText[text[at:at+n]]; ok && (!a.learned || standsClear(text, at, at+n)) {
			return a, n
		}
	}
	return addedToken{}, 0
}

// cut cuts a text at the tokens: the leftmost first, of those the longest. A token that must be a word of its
// own and is not stays text, also where a shorter one would be found in it.
func (s addedTokens) cut(text string) []piece {
	var out []piece
	done := 0 // where the text begins that is not in out
	for at := 0; at < len(text); {
		a, n := s.longest(text, at)
		if n == 0 {
			at++
			continue
		}
		start, end := at, at+n
		at = end
		if a.singleWord && !standsAlone(text, start, end) {
			continue
		}
		if a.lstrip && done < start {
			start = done + len(strings.TrimRightFunc(text[done:start], unicode.IsSpace))
		}
		if a.rstrip {
			end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
		}
		if done < start {
			out = append(out, piece{text: text[done:start]})
		}
		out = append(out, piece{text: a.content, added: true, learned: a.learned, id: a.id, more: a.more})
		done = end
	}
	if done < len(text) {
		out = append(out, piece{text: text[done:]})
	}
	return out
}

// standsAlone reports whether no character of a word touches text[start:end].
func standsAlone(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return (start == 0 || !inWord(before)) && (end == len(text) || !inWord(after))
}

// inWord reports whether a character matches \w as Unicode's Technical Standard 18 has it.
func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.In(r, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control)
}

// maxAddedLength is how many bytes an added token may have.
const maxAddedLength = 256

// add gives every added token its id, as transformers does: that of the vocabulary, or the next one behind it.
// Where a token is given twice, what is said last of it holds. It returns the ids by the tokens' texts.
func (t *Tokenizer) add(vocab map[string]int32, c *tokenizerConfig) (map[string]int32, error) {
	ids, last := map[string]int32{}, map[string]addedToken{}
	for _, a := range c.tokens() {
		if len(a.content) > maxAddedLength {
			return nil, fmt.Errorf("%s: the added token %.40q... has %d bytes, at most %d are read", c.place(a.content), a.content, len(a.content), maxAddedLength)
		}
		id, known := vocab[a.content]
		if !known {
			id, known = ids[a.content]
		}
		if !known {
			id = int32(len(t.tokens))
			t.tokens = append(t.tokens, a.content)
		}
		if a.id != undeclared && a.id != id {
			return nil, fmt.Errorf("%s: the id %d of the added token %q: %s", c.place(a.content), a.id, a.content, wantedID(vocab, id))
		}
		a.id = id
		ids[a.content], last[a.content] = id, a
	}
	if len(t.tokens) > maxTokens {
		return nil, fmt.Errorf("%s: %d tokens with those that are added, at most %d are read", c.dir, len(t.tokens), maxTokens)
	}
	return ids, t.find(last, c)
}

func wantedID(vocab map[string]int32, id int32) string {
	if int(id) < len(vocab) {
		return fmt.Sprintf("it is %d in the vocabulary", id)
	}
	return fmt.Sprintf("it can only be %d, for ids go on without a gap behind the %d tokens of the vocabulary", id, len(vocab))
}

// Within returns the tokenizer for a text model that has embeddings for n ids: added tokens of higher ids are to it
// text like any other. It is t itself where there are none, and where tokens of the vocabulary itself have such ids.
func (t *Tokenizer) Within(n int) *Tokenizer {
	if t == nil || n >= t.Size() || n < t.vocabulary || int(max(t.start, t.end, t.pad, t.unknown)) >= n {
		return t
	}
	within := *t
	within.tokens = t.tokens[:n]
	within.given, within.normalized = t.given.below(n), t.normalized.below(n)
	return &within
}

// below returns the tokens whose ids are less than n.
func (s addedTokens) below(n int) addedTokens {
	byText := maps.Clone(s.byText)
	maps.DeleteFunc(byText, func(_ string, a addedToken) bool { return int(a.id) >= n })
	return newAddedTokens(byText)
}

// find prepares the search for the added tokens.
func (t *Tokenizer) find(added map[string]addedToken, c *tokenizerConfig) error {
	given, normalized := map[string]addedToken{}, map[string]addedToken{}
	for content, a := range added {
		if !a.normalized {
			given[content] = a
			continue
		}
		text := normalizeText(content)
		if other, twice := normalized[text]; twice {
			return fmt.Errorf("%s: the added tokens %q and %q are the same text once it is normalised, %q: which of them it is would be chance",
				c.place(content), min(content, other.content), max(content, other.content), text)
		}
		normalized[text] = a
	}
	t.given, t.normalized = newAddedTokens(given), newAddedTokens(normalized)
	return nil
}
