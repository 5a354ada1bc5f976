package clip

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the default vocabulary
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

// DefaultTokenizer returns the tokenizer of OpenAI's CLIP and of Stable Diffusion 1.x: 49408 tokens, length 77. Its
// vocabulary is part of the module.
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
	return newTokenizer(vocabularyOf(merges), merges, &tokenizerConfig{}, length)
}

func unzipMerges() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(defaultMerges))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// HasTokenizer reports whether a directory has the files of a tokenizer, which OpenTokenizer would read.
func HasTokenizer(dir tensor.Dir) bool { return dir.Exists(vocabFile) || dir.Exists(wholeFile) }

// OpenTokenizer reads a model's tokenizer directory as transformers does. The vocabulary and the merges are those of
// tokenizer.json or, where there is none, of vocab.json and merges.txt. Added tokens, the start, end, padding and
// unknown token, and the length (model_max_length) are as tokenizer_config.json, special_tokens_map.json and
// added_tokens.json say. The length is at most maxLength, the text model's max_position_embeddings.
//
// A tokenizer that works otherwise than CLIP's is an error, and so is everything that is not of the files' form. The
// error is tensor.ErrDamaged, or fs.ErrNotExist where a file is missing; it names the file, and the line or field
// where it is about one.
func OpenTokenizer(dir tensor.Dir, maxLength int) (*Tokenizer, error) {
	t, err := openTokenizer(dir, maxLength)
	if err == nil {
		return t, nil
	}
	var unread *fs.PathError
	if !errors.As(err, &unread) {
		err = fmt.Errorf("%w%.0w", err, tensor.ErrDamaged) // %.0w wraps without printing
	}
	return nil, fmt.Errorf("clip: tokenizer: %w", err)
}

const vocabFile, mergesFile = "vocab.json", "merges.txt"

func openTokenizer(dir tensor.Dir, maxLength int) (*Tokenizer, error) {
	whole, err := readWhole(dir)
	if err != nil {
		return nil, err
	}
	config, err := readTokenizerConfig(dir, whole)
	if err != nil {
		return nil, err
	}
	if whole == nil {
		return openParts(dir, config, maxLength)
	}
	t, err := newTokenizer(whole.vocab, whole.merges, config, maxLength)
	if err != nil {
		return nil, err
	}
	// Beside the other two it is of the class CLIPTokenizer, which works as CLIP's whatever the file says.
	if !dir.Exists(vocabFile) || !dir.Exists(mergesFile) {
		err = whole.check(t)
	}
	return t, errors.Join(err, whole.checkSides(config))
}

// openParts reads a tokenizer whose vocabulary and merges are in files of their own.
func openParts(dir tensor.Dir, config *tokenizerConfig, maxLength int) (*Tokenizer, error) {
	data, err := readText(dir, vocabFile)
	if err != nil {
		return nil, err
	}
	at := func(offset int64) string { return fmt.Sprintf("%s:%d", dir.Path(vocabFile), lineAt(data, offset)) }
	vocab, err := parseVocab(at, data)
	if err != nil {
		return nil, err
	}
	text, err := readText(dir, mergesFile)
	if err != nil {
		return nil, err
	}
	if len(text) == 0 {
		return nil, fmt.Errorf("%s: the file is empty; want a merge of two tokens in each line", dir.Path(mergesFile))
	}
	merges, err := parseMerges(dir.Path(mergesFile), text)
	if err != nil {
		return nil, err
	}
	return newTokenizer(vocab, merges, config, maxLength)
}

// maxLengthRead is the longest text that a tokenizer is made for, in tokens.
const maxLengthRead = 1 << 16

// newTokenizer builds the tables of a vocabulary whose ids are 0..len(vocab)-1.
func newTokenizer(vocab map[string]int32, merges mergeList, config *tokenizerConfig, maxLength int) (*Tokenizer, error) {
	t := &Tokenizer{tokens: make([]string, len(vocab)), vocabulary: len(vocab), length: maxLength}
	for token, id := range vocab {
		t.tokens[id] = token
	}
	if n := config.maxLength; n != nil && *n < float64(maxLength) {
		t.length = int(*n)
	}
	if t.length < 2 || t.length > maxLengthRead {
		where := config.dir.String()
		if config.maxLength != nil {
			where = config.dir.Path(configFile)
		}
		return nil, fmt.Errorf("%s: a length of %d tokens (model_max_length, at most %d): want 2, for the start and the end token, to %d",
			where, t.length, maxLength, maxLengthRead)
	}
	if err := t.setMerges(vocab, merges); err != nil {
		return nil, err
	}
	ids, err := t.add(vocab, config)
	if err != nil {
		return nil, err
	}
	return t, errors.Join(t.setRoles(vocab, ids, config), t.setBytes(vocab, config))
}

// setRoles looks the start, end, unknown and padding token up.
func (t *Tokenizer) setRoles(vocab, added map[string]int32, config *tokenizerConfig) error {
	var errs []error
	for _, role := range []struct {
		name, field string
		id          *int32
	}{
		{"start", "bos_token", &t.start}, {"end", "eos_token", &t.end}, {"unknown", "unk_token", &t.unknown}, {"padding", "pad_token", &t.pad},
	} {
		token := config.role(role.field).content
		*role.id = added[token]
		if _, known := vocab[token]; !known && config.byID[*role.id].content != token {
			errs = append(errs, fmt.Errorf("%s: the %s token %.60q is not in the vocabulary of %d tokens, nor added to it with an id",
				config.place(token), role.name, token, len(vocab)))
		}
	}
	return errors.Join(errs...)
}

// setBytes looks the tokens of single bytes up. Where the vocabulary lacks one it is the unknown token.
func (t *Tokenizer) setBytes(vocab map[string]int32, config *tokenizerConfig) error {
	unknown := config.role("unk_token").content
	id, known := vocab[unknown]
	for b, r := range byteAlphabet() {
		for _, at := range []struct {
			token string
			id    *int32
		}{{string(r), &t.inner[b]}, {string(r) + endOfWord, &t.last[b]}} {
			found, ok := vocab[at.token]
			if !ok && !known {
				return fmt.Errorf("%s: the vocabulary of %d tokens has neither the unknown token %.60q nor %q, for the byte 0x%02x",
					config.dir, len(vocab), unknown, at.token, b)
			}
			if *at.id = id; ok {
				*at.id = found
			}
		}
	}
	return nil
}

// setMerges turns the merges' spellings into ids.
func (t *Tokenizer) setMerges(vocab map[string]int32, merges mergeList) error {
	t.pairs = make(map[tokenPair]tokenMerge, len(merges.list))
	for rank, m := range merges.list {
		var ids [3]int32
		for i, token := range []string{m.left, m.right, m.left + m.right} {
			id, ok := vocab[token]
			if !ok {
				return fmt.Errorf("%s: the merge %.60q %.60q needs the token %.60q, which the vocabulary does not have", merges.at(m.number), m.left, m.right, token)
			}
			ids[i] = id
		}
		key := tokenPair{ids[0], ids[1]}
		if _, twice := t.pairs[key]; twice {
			return fmt.Errorf("%s: the merge %.60q %.60q stands further up already", merges.at(m.number), m.left, m.right)
		}
		t.pairs[key] = tokenMerge{rank: int32(rank), token: ids[2]}
	}
	return nil
}
