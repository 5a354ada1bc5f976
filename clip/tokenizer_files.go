package clip

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Bounds of what is read. CLIP's vocabulary, which OpenCLIP and Stable Diffusion XL share, has 49408 tokens and 48894
// merges; its tokenizer.json has 4 MB.
const (
	maxTokens = 1 << 17
	maxMerges = 1 << 17
	maxFields = 1 << 10
	maxBytes  = 10 << 20
)

// vocabReader reads an object from token to id.
type vocabReader struct {
	*json.Decoder
	at      func(offset int64) string // the place in the file, for messages
	vocab   map[string]int32
	byID    map[int32]string
	highest int32
	offset  int64 // of the token with the highest id
}

// parseVocab reads an object from token to id, the ids 0..n-1 each once.
func parseVocab(at func(offset int64) string, data []byte) (map[string]int32, error) {
	r := &vocabReader{Decoder: json.NewDecoder(bytes.NewReader(data)), at: at, vocab: map[string]int32{}, byID: map[int32]string{}}
	if t, err := r.Token(); err != nil || t != json.Delim('{') {
		return nil, r.fail("must be a JSON object from token to id")
	}
	for r.More() {
		if err := r.entry(); err != nil {
			return nil, err
		}
	}
	if _, err := r.Token(); err != nil {
		return nil, r.broken(err)
	}
	if r.More() {
		return nil, r.fail("there is more behind the object from token to id")
	}
	if n := len(r.vocab); int(r.highest) >= n && n > 0 {
		return nil, fmt.Errorf("%s: the id %d of the token %.60q is out of range: the %d tokens have the ids 0 to %d",
			at(r.offset), r.highest, r.byID[r.highest], n, n-1)
	}
	return r.vocab, nil
}

func (r *vocabReader) entry() error {
	key, err := r.Token()
	if err != nil {
		return r.broken(err)
	}
	token := key.(string) // the decoder lets nothing else be a key
	var value json.RawMessage
	if err := r.Decode(&value); err != nil {
		return r.broken(err)
	}
	id, err := parseID(theToken(token), value)
	if err != nil {
		return r.fail("%v", err)
	}
	if token == "" {
		return r.fail("the token with the id %d is empty", id)
	}
	if _, twice := r.vocab[token]; twice {
		return r.fail("the token %.60q stands further up already", token)
	}
	if first, twice := r.byID[id]; twice {
		return r.fail("the tokens %.60q and %.60q have the same id %d", first, token, id)
	}
	if id >= r.highest {
		r.highest, r.offset = id, r.InputOffset()
	}
	r.vocab[token], r.byID[id] = id, token
	return nil
}

// broken is the error for what is no JSON.
func (r *vocabReader) broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s: the JSON ends too early", r.at(math.MaxInt64))
	}
	return r.fail("%v", err)
}

func (r *vocabReader) fail(format string, args ...any) error {
	return fmt.Errorf("%s: %s", r.at(r.InputOffset()), fmt.Sprintf(format, args...))
}

// merge is two tokens that become one.
type merge struct {
	left, right string
	number      int // of its line in merges.txt, of its place in model.merges
}

// mergeList is merges, the most important first, and where they are, for messages.
type mergeList struct {
	list []merge
	at   func(number int) string
}

// parseMerges reads merges.txt: two tokens a line, the most important merge first, below a line that begins
// with "#version".
func parseMerges(file string, data []byte) (mergeList, error) {
	merges := mergeList{at: func(n int) string { return fmt.Sprintf("%s:%d", file, n) }}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if n == 1 && strings.HasPrefix(line, "#version") {
			continue
		}
		left, right, ok := cutMerge(line)
		if !ok {
			return mergeList{}, fmt.Errorf("%s: %.60q is not a merge: two tokens with one space between them", merges.at(n), line)
		}
		if len(merges.list) == maxMerges {
			return mergeList{}, fmt.Errorf("%s: more than %d merges", merges.at(n), maxMerges)
		}
		merges.list = append(merges.list, merge{left, right, n})
	}
	return merges, nil
}

func cutMerge(line string) (left, right string, ok bool) {
	left, right, _ = strings.Cut(line, " ")
	return left, right, left != "" && right != "" && !strings.Contains(right, " ")
}

// vocabularyOf returns the vocabulary that CLIP's merges determine: the bytes in the order of their
// characters' first appearance in GPT-2's alphabet, the same at the end of a word, the merges, the specials.
func vocabularyOf(merges mergeList) map[string]int32 {
	vocab := make(map[string]int32, 2*256+len(merges.list)+2)
	add := func(token string) { vocab[token] = int32(len(vocab)) }
	alphabet := byteAlphabet()
	for _, suffix := range []string{"", endOfWord} {
		for _, printable := range []bool{true, false} {
			for b, r := range alphabet {
				if printableLatin1(b) == printable {
					add(string(r) + suffix)
				}
			}
		}
	}
	for _, m := range merges.list {
		add(m.left + m.right)
	}
	add("<|startoftext|>")
	add("<|endoftext|>")
	return vocab
}
