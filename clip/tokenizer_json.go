package clip

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// readText reads a file of a tokenizer, which must be UTF-8.
func readText(dir tensor.Dir, name string) ([]byte, error) {
	data, err := dir.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("%s: %d bytes, at most %d are read", dir.Path(name), len(data), maxBytes)
	}
	if utf8.Valid(data) {
		return data, nil
	}
	at := 0
	for r, size := utf8.DecodeRune(data); r != utf8.RuneError || size != 1; r, size = utf8.DecodeRune(data[at:]) {
		at += size
	}
	return nil, fmt.Errorf("%s:%d: byte %d, 0x%02x, is not UTF-8", dir.Path(name), lineAt(data, int64(at)), at, data[at])
}

// checkJSON refuses a file that is no JSON, or that is too deep.
func checkJSON(file string, data []byte) error {
	if json.Valid(data) {
		return nil
	}
	return jsonError(file, data, nn.UnmarshalJSON(data, new(any)))
}

// eachMember calls set with the members of a JSON object in their order, of which there may be most.
func eachMember(object []byte, most int, set func(name string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if len(object) == 0 {
		return errors.New("missing, want a JSON object")
	}
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("want a JSON object, not %.40s", bytes.TrimSpace(object))
	}
	for i := 0; d.More(); i++ {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if i == most {
			return fmt.Errorf("more than %d members", most)
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

// membersOf returns members of a JSON object by their names.
func membersOf(object []byte, names ...string) (map[string]json.RawMessage, error) {
	found := map[string]json.RawMessage{}
	err := eachMember(object, maxFields, func(name string, value json.RawMessage) error {
		if slices.Contains(names, name) {
			found[name] = value
		}
		return nil
	})
	return found, err
}

// eachElement calls add with the elements of a JSON list, of which there may be most.
func eachElement(list []byte, most int, add func(i int, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(list))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return fmt.Errorf("want a list, not %.40s", list)
	}
	for i := 0; d.More(); i++ {
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if i == most {
			return fmt.Errorf("more than %d elements", most)
		}
		if err := add(i, value); err != nil {
			return err
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
