package tensor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// jsonReader reads JSON of a known form token by token: what is not of that
// form is an error as soon as it is met, before it takes memory, and a name
// that an object holds twice is one too. (encoding/json alone would keep the
// last of the two without a word.)
type jsonReader struct{ *json.Decoder }

func newJSONReader(text []byte) jsonReader {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return jsonReader{d}
}

var errEndsEarly = errors.New("the JSON ends too early")

// next is the next token.
func (r jsonReader) next() (json.Token, error) {
	token, err := r.Token()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errEndsEarly
	case err != nil:
		return nil, fmt.Errorf("no JSON at byte %d: %w", r.InputOffset(), err)
	}
	return token, nil
}

// end wants that nothing follows.
func (r jsonReader) end() error {
	at := r.InputOffset()
	if _, err := r.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("there is more after top-level value, which ends at byte %d", at)
	}
	return nil
}

// open reads the bracket that an object or an array begins with.
func (r jsonReader) open(bracket json.Delim, what string) error {
	token, err := r.next()
	if err == nil && token != bracket {
		err = fmt.Errorf("is %s, want %s", shown(token), what)
	}
	return err
}

// object reads an object. At each key it calls value, which reads what the key
// has.
func (r jsonReader) object(value func(key string) error) error {
	if err := r.open('{', "an object"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for r.More() {
		token, err := r.next()
		if err != nil {
			return err
		}
		key := token.(string) // the decoder takes nothing else for a key
		if seen[key] {
			return fmt.Errorf("%.60q appears twice; every name must be unique", key)
		}
		seen[key] = true
		if err := value(key); err != nil {
			return err
		}
	}
	_, err := r.next() // the closing bracket
	return err
}

// text reads a string.
func (r jsonReader) text() (string, error) {
	token, err := r.next()
	if err != nil {
		return "", err
	}
	s, ok := token.(string)
	if !ok {
		return "", fmt.Errorf("is %s, want a string", shown(token))
	}
	return s, nil
}

// texts reads an object of strings.
func (r jsonReader) texts() (map[string]string, error) {
	all := map[string]string{}
	err := r.object(func(key string) (err error) {
		if all[key], err = r.text(); err != nil {
			err = fmt.Errorf("%.60q: %w", key, err)
		}
		return err
	})
	return all, err
}

// naturals reads an array of natural numbers, of which there may be most.
func (r jsonReader) naturals(most int) ([]uint64, error) {
	value, err := r.value()
	if err != nil {
		return nil, err
	}
	inside, ok := strings.CutPrefix(value, "[")
	if !ok {
		return nil, fmt.Errorf("is %.60s, want an array of natural numbers", value)
	}
	all := []uint64{}
	if inside = strings.TrimSpace(strings.TrimSuffix(inside, "]")); inside == "" {
		return all, nil
	}
	for number := range strings.SplitSeq(inside, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("holds %.60s, want natural numbers below 2^64", strings.TrimSpace(number))
		}
		if len(all) == most {
			return nil, fmt.Errorf("holds more than %d numbers", most)
		}
		all = append(all, n)
	}
	return all, nil
}

// value reads a value of any form, and returns its text.
func (r jsonReader) value() (string, error) {
	var value json.RawMessage
	err := r.Decode(&value)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "", errEndsEarly
	case err != nil:
		return "", fmt.Errorf("no JSON at byte %d: %w", r.InputOffset(), err)
	}
	return string(value), nil
}

// shown is a token for people.
func shown(token json.Token) string {
	switch v := token.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("%.60q", v)
	case json.Delim:
		if v == '{' {
			return "an object"
		}
		return "an array"
	}
	return fmt.Sprintf("%.60v", token)
}
