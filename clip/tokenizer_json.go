package clip

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/sdgraph/sdgraph/tensor"
)

// readText reads a file of a tokenizer, which must be UTF-8.
func readText(dir tensor.Dir, name string) ([]byte, error) {
	data, err := dir.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for rest := data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			offset := len(data) - len(rest)
			return nil, fmt.Errorf("%s:%d: byte %d, 0x%02x, is not UTF-8", dir.Path(name), lineAt(data, int64(offset)), offset, rest[0])
		}
		rest = rest[size:]
	}
	return data, nil
}

// eachMember calls set with the members of a JSON object in their order.
func eachMember(object []byte, set func(name string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("want a JSON object, not %.40s", bytes.TrimSpace(object))
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if err := set(key.(string), value); err != nil { // the decoder lets nothing else be a key
			return fmt.Errorf("%.60s: %w", key, err)
		}
	}
	return nil
}

// parseToken reads an added token: its text, or an object with its flags. Special tokens are looked for in the
// text as given unless their object says otherwise.
func parseToken(value json.RawMessage, special bool) (addedToken, error) {
	var object struct {
		Content                             *string
		LStrip, RStrip, Normalized, Special *bool
		SingleWord                          *bool `json:"single_word"`
	}
	var text *string
	if err := json.Unmarshal(value, &text); err == nil && text != nil {
		object.Content, special = text, true
	} else if err := json.Unmarshal(value, &object); err != nil || object.Content == nil {
		return addedToken{}, fmt.Errorf(`a token is a string or an object with "content", not %.60s`, value)
	}
	if *object.Content == "" {
		return addedToken{}, errors.New("the token is empty")
	}
	on := func(flag *bool, otherwise bool) bool {
		if flag != nil {
			return *flag
		}
		return otherwise
	}
	return addedToken{
		content: *object.Content, lstrip: on(object.LStrip, false), rstrip: on(object.RStrip, false),
		singleWord: on(object.SingleWord, false), normalized: on(object.Normalized, !special && !on(object.Special, false)), id: undeclared,
	}, nil
}

// parseID reads the id of a token, which of names.
func parseID(of string, text []byte) (int32, error) {
	id, err := strconv.ParseInt(string(text), 10, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("the id of %s is %.40s, want a whole number from 0 to %d", of, text, maxTokens-1)
	case err != nil || id < 0 || id >= maxTokens:
		return 0, fmt.Errorf("the id %.40s of %s is out of range, want 0 to %d", text, of, maxTokens-1)
	}
	return int32(id), nil
}

// theToken names a token for messages.
func theToken(content string) string { return fmt.Sprintf("the token %.60q", content) }

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
