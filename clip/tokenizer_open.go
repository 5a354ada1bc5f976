package clip

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the default vocabulary
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/sdgraph/sdgraph/tensor"
)

// endOfWord is what the spelling of a token that ends a word ends in.
const endOfWord = "</w>"

//go:embed vocab/merges.txt.gz
var defaultMerges []byte

// DefaultTokenizer returns the tokenizer of OpenAI's CLIP, which Stable Diffusion 1.x shares: 49408 tokens,
// length 77. Its vocabulary is part of the module.
func DefaultTokenizer() *Tokenizer { return defaultTokenizer() }

var defaultTokenizer = sync.OnceValue(func() *Tokenizer {
	t, err := unpackDefault()
	if err != nil {
		panic("clip: the embedded vocabulary is broken: " + err.Error())
	}
	return t
})

func unpackDefault() (*Tokenizer, error) {
	data, err := unzipMerges()
	if err != nil {
		return nil, err
	}
	merges, err := parseMerges("merges.txt", data)
	if err != nil {
		return nil, err
	}
	const length = 77
	return newTokenizer(vocabularyOf(merges), merges, tokenizerConfig{}, length)
}

func unzipMerges() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(defaultMerges))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// OpenTokenizer reads a tokenizer directory of a model: vocab.json and merges.txt, and, where they exist,
// tokenizer_config.json and special_tokens_map.json, which name the start, end, padding and unknown token
// and the length, model_max_length. The length is at most maxLength, the text model's
// max_position_embeddings. The error names the file, and the line where it is about one.
func OpenTokenizer(dir tensor.Dir, maxLength int) (*Tokenizer, error) {
	t, err := openTokenizer(dir, maxLength)
	if err != nil {
		return nil, fmt.Errorf("clip: tokenizer: %w", err)
	}
	return t, nil
}

func openTokenizer(dir tensor.Dir, maxLength int) (*Tokenizer, error) {
	const vocabFile, mergesFile = "vocab.json", "merges.txt"
	data, err := dir.ReadFile(vocabFile)
	if err != nil {
		return nil, err
	}
	vocab, err := parseVocab(dir.Path(vocabFile), data)
	if err != nil {
		return nil, err
	}
	if data, err = dir.ReadFile(mergesFile); err != nil {
		return nil, err
	}
	merges, err := parseMerges(dir.Path(mergesFile), data)
	if err != nil {
		return nil, err
	}
	config, err := readTokenizerConfig(dir)
	if err != nil {
		return nil, err
	}
	return newTokenizer(vocab, merges, config, maxLength)
}

// newTokenizer builds the tables of a vocabulary whose ids are 0..len(vocab)-1.
func newTokenizer(vocab map[string]int32, merges []mergeLine, config tokenizerConfig, maxLength int) (*Tokenizer, error) {
	t := &Tokenizer{tokens: make([]string, len(vocab)), length: maxLength}
	for token, id := range vocab {
		t.tokens[id] = token
	}
	if n := config.MaxLength; n != nil && *n < float64(maxLength) {
		t.length = int(*n)
	}
	if t.length < 2 {
		return nil, fmt.Errorf("a length of %d has no room for the start and the end token (model_max_length, at most %d)", t.length, maxLength)
	}
	if err := t.setSpecials(vocab, config); err != nil {
		return nil, err
	}
	for b, r := range byteAlphabet() {
		t.inner[b] = idOr(vocab, string(r), t.unknown)
		t.last[b] = idOr(vocab, string(r)+endOfWord, t.unknown)
	}
	return t, t.setMerges(vocab, merges)
}

func idOr(vocab map[string]int32, token string, otherwise int32) int32 {
	if id, ok := vocab[token]; ok {
		return id
	}
	return otherwise
}

// setSpecials looks the special tokens up in the vocabulary.
func (t *Tokenizer) setSpecials(vocab map[string]int32, config tokenizerConfig) error {
	byContent := map[string]addedToken{}
	add := func(role string, token specialToken) (int32, error) {
		id, ok := vocab[token.Content]
		if !ok {
			return 0, fmt.Errorf("the %s token %q is not in the vocabulary of %d tokens", role, token.Content, len(vocab))
		}
		byContent[token.Content] = addedToken{content: token.Content, normalized: token.Normalized, id: id}
		return id, nil
	}
	var errs []error
	for _, role := range []struct {
		name      string
		token     *specialToken
		otherwise string
		id        *int32
	}{
		{"start", config.Start, "<|startoftext|>", &t.start},
		{"end", config.End, "<|endoftext|>", &t.end},
		{"unknown", config.Unknown, "<|endoftext|>", &t.unknown},
		{"padding", config.Padding, "<|endoftext|>", &t.pad},
	} {
		token := specialToken{Content: role.otherwise}
		if role.token != nil {
			token = *role.token
		}
		for _, known := range config.Added {
			if known.Content == token.Content {
				token = known
			}
		}
		id, err := add(role.name, token)
		errs = append(errs, err)
		*role.id = id
	}
	for _, token := range config.Added {
		_, err := add("added", token)
		errs = append(errs, err)
	}
	for _, token := range byContent {
		t.added = append(t.added, token)
	}
	return errors.Join(errs...)
}

// setMerges turns the merges' spellings into ids.
func (t *Tokenizer) setMerges(vocab map[string]int32, merges []mergeLine) error {
	t.pairs = make(map[tokenPair]tokenMerge, len(merges))
	for rank, m := range merges {
		var ids [3]int32
		for i, token := range []string{m.left, m.right, m.left + m.right} {
			id, ok := vocab[token]
			if !ok {
				return fmt.Errorf("%s: the merge %q %q needs the token %q, which the vocabulary does not have", m.place(), m.left, m.right, token)
			}
			ids[i] = id
		}
		key := tokenPair{ids[0], ids[1]}
		if _, twice := t.pairs[key]; twice {
			return fmt.Errorf("%s: the merge %q %q stands further up already", m.place(), m.left, m.right)
		}
		t.pairs[key] = tokenMerge{rank: int32(rank), token: ids[2]}
	}
	return nil
}

// tokenizerConfig is what matters of tokenizer_config.json and special_tokens_map.json.
type tokenizerConfig struct {
	MaxLength *float64                `json:"model_max_length"` // may be 1e30 for "none"
	Start     *specialToken           `json:"bos_token"`
	End       *specialToken           `json:"eos_token"`
	Unknown   *specialToken           `json:"unk_token"`
	Padding   *specialToken           `json:"pad_token"`
	Added     map[string]specialToken `json:"added_tokens_decoder"`
}

// specialToken is written as a string or as an object.
type specialToken struct {
	Content    string `json:"content"`
	Normalized bool   `json:"normalized"`
}

func (s *specialToken) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &s.Content) == nil {
		return nil
	}
	type object specialToken
	if err := json.Unmarshal(data, (*object)(s)); err != nil || s.Content == "" {
		return fmt.Errorf(`a token is a string or an object with "content", not %.60s`, data)
	}
	return nil
}

// readTokenizerConfig reads both files. The older special_tokens_map.json decides unless
// tokenizer_config.json lists its tokens in added_tokens_decoder, as transformers has it.
func readTokenizerConfig(dir tensor.Dir) (tokenizerConfig, error) {
	var config tokenizerConfig
	for _, name := range []string{"tokenizer_config.json", "special_tokens_map.json"} {
		if config.Added != nil {
			break
		}
		data, err := dir.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return config, err
		}
		if err := json.Unmarshal(data, &config); err != nil {
			return config, jsonError(dir.Path(name), data, err)
		}
	}
	return config, nil
}
