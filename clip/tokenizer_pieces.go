package clip

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// piece is what byte-pair encoding works on: a run of letters, one digit, a run of other characters, a
// contraction such as 's. Or it is an added token written out in the text.
type piece struct {
	text           string
	added, learned bool
	id, more       int32 // of an added token
}

// pieces splits a prompt. Added tokens are found first, as transformers does it; then the text between them is
// normalised and split by CLIP's pattern.
func (t *Tokenizer) pieces(text string) []piece {
	if t.Size() == 0 {
		return nil
	}
	var out []piece
	for _, raw := range t.given.cut(strings.ToValidUTF8(text, "\uFFFD")) {
		if raw.added {
			out = append(out, raw)
			continue
		}
		for _, p := range t.normalized.cut(normalizeText(raw.text)) {
			if p.added {
				out = append(out, p)
			} else {
				out = splitPieces(out, p.text)
			}
		}
	}
	return out
}

// normalizeText composes accents (NFC), makes a space of every run of white space, and lower-cases character by
// character, without regard to context.
func normalizeText(text string) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFC.String(text) {
		wasSpace := space
		if space = unicode.IsSpace(r); space {
			if !wasSpace {
				b.WriteByte(' ')
			}
			continue
		}
		if r == 'İ' { // the only character whose lower case is two characters
			b.WriteString("i\u0307")
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

var contractions = []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}

// splitPieces appends the matches of CLIP's pattern in a normalised text,
//
//	<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
//
// whose first two are split once more, as the byte-level step of transformers' tokenizer does.
func splitPieces(out []piece, text string) []piece {
	for text != "" {
		if name, rest, ok := cutMarker(text); ok {
			out = append(out, piece{text: "<|"}, piece{text: name}, piece{text: "|>"})
			text = rest
			continue
		}
		n := matchLength(text)
		if n == 0 { // white space
			_, size := utf8.DecodeRuneInString(text)
			text = text[size:]
			continue
		}
		out = append(out, piece{text: text[:n]})
		text = text[n:]
	}
	return out
}

// cutMarker cuts a start or end marker that is not a special token of this vocabulary, or not in this case.
func cutMarker(text string) (name, rest string, ok bool) {
	for _, name := range []string{"startoftext", "endoftext"} {
		if rest, ok := strings.CutPrefix(text, "<|"+name+"|>"); ok {
			return name, rest, true
		}
	}
	return "", "", false
}

// matchLength returns the length of the pattern's match at the start of a text that is not empty, 0 for
// white space.
func matchLength(text string) int {
	for _, c := range contractions {
		if strings.HasPrefix(text, c) {
			return len(c)
		}
	}
	first, size := utf8.DecodeRuneInString(text)
	class := classOf(first)
	if class == classNumber {
		return size
	}
	if class == classSpace {
		return 0
	}
	end := strings.IndexFunc(text, func(r rune) bool { return classOf(r) != class })
	if end < 0 {
		end = len(text)
	}
	return end
}

type runeClass uint8

const (
	classOther runeClass = iota
	classLetter
	classNumber
	classSpace
)

func classOf(r rune) runeClass {
	switch {
	case unicode.IsLetter(r):
		return classLetter
	case unicode.IsNumber(r):
		return classNumber
	case unicode.IsSpace(r):
		return classSpace
	}
	return classOther
}

// wordsOf returns a text's words as a reader sees them: between white space, without punctuation at the ends;
// where an added token is among them, its pieces.
func (t *Tokenizer) wordsOf(text string) []string {
	var words []string
	for _, field := range strings.Fields(text) {
		parts := []piece{{text: field}}
		if found := t.pieces(field); slices.ContainsFunc(found, func(p piece) bool { return p.added }) {
			parts = found
		}
		for _, p := range parts {
			if !p.added {
				p.text = strings.TrimFunc(p.text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
			}
			if p.text != "" {
				words = append(words, p.text)
			}
		}
	}
	return words
}
