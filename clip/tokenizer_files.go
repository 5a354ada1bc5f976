package clip

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// parseVocab reads vocab.json: an object from token to id, the ids 0..n-1 each once.
func parseVocab(file string, data []byte) (map[string]int32, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%s:%d: %s", file, lineAt(data, d.InputOffset()), fmt.Sprintf(format, args...))
	}
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fail("must be a JSON object from token to id")
	}
	vocab := map[string]int32{}
	type entry struct {
		token  string
		offset int64
	}
	byID := map[int32]entry{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, jsonError(file, data, err)
		}
		token := key.(string) // the decoder lets nothing else be a key
		var id int32
		if err := d.Decode(&id); err != nil {
			return nil, fail("the id of the token %q is not a whole number from 0 on", token)
		}
		if _, twice := vocab[token]; twice {
			return nil, fail("the token %q stands further up already", token)
		}
		if first, twice := byID[id]; twice {
			return nil, fail("the tokens %q and %q have the same id %d", first.token, token, id)
		}
		vocab[token], byID[id] = id, entry{token, d.InputOffset()}
	}
	if _, err := d.Token(); err != nil {
		return nil, jsonError(file, data, err)
	}
	for id, e := range byID {
		if id < 0 || int(id) >= len(vocab) {
			return nil, fmt.Errorf("%s:%d: the id %d of the token %q is out of range: the %d tokens have the ids 0 to %d",
				file, lineAt(data, e.offset), id, e.token, len(vocab), len(vocab)-1)
		}
	}
	return vocab, nil
}

// mergeLine is one line of merges.txt: two tokens that become one.
type mergeLine struct {
	left, right string
	file        string
	line        int
}

func (m mergeLine) place() string { return fmt.Sprintf("%s:%d", m.file, m.line) }

// parseMerges reads merges.txt: two tokens a line, the most important merge first, below a line that begins
// with "#version".
func parseMerges(file string, data []byte) ([]mergeLine, error) {
	var merges []mergeLine
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if n == 1 && strings.HasPrefix(line, "#version") {
			continue
		}
		left, right, ok := strings.Cut(line, " ")
		if !ok || left == "" || right == "" || strings.Contains(right, " ") {
			return nil, fmt.Errorf("%s:%d: %.60q is not a merge: two tokens with one space between them", file, n, line)
		}
		merges = append(merges, mergeLine{left: left, right: right, file: file, line: n})
	}
	return merges, nil
}

// vocabularyOf returns the vocabulary that CLIP's merges determine: the bytes in the order of their
// characters' first appearance in GPT-2's alphabet, the same at the end of a word, the merges, the specials.
func vocabularyOf(merges []mergeLine) map[string]int32 {
	vocab := make(map[string]int32, 2*256+len(merges)+2)
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
	for _, m := range merges {
		add(m.left + m.right)
	}
	add("<|startoftext|>")
	add("<|endoftext|>")
	return vocab
}

// jsonError puts the file and line before an error of the JSON decoder.
func jsonError(file string, data []byte, err error) error {
	offset := int64(len(data))
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	return fmt.Errorf("%s:%d: %w", file, lineAt(data, offset), err)
}

// lineAt returns the line, counted from 1, of a byte offset.
func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
}
