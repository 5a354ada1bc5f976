package clip

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

const configFile, mapFile, addedFile = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"

// tokenizerConfig is what decides ids in the files beside a vocabulary.
type tokenizerConfig struct {
	maxLength *float64              // model_max_length, may be 1e30 for "none"
	named     map[string]addedToken // by field: bos_token, pad_token, ... and names of a model's own
	ownNames  []string              // those of them that are not in roles, in the files' order
	extra     []addedToken          // special tokens without a name
	byID      map[int32]addedToken  // tokens that were added with their ids
	sides     map[string]string     // of padding_side and truncation_side
	decoder   bool                  // there is an added_tokens_decoder, which byID is

	dir  tensor.Dir
	file string            // that is being read
	from map[string]string // the file that has a token, by its text
}

// roles are the named tokens that transformers knows, in the order in which it adds them.
var roles = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

// readTokenizerConfig reads tokenizer_config.json and, unless it has an added_tokens_decoder, what transformers
// merges with it then: special_tokens_map.json, added_tokens.json and the added tokens of tokenizer.json, of
// which the later file decides.
func readTokenizerConfig(dir tensor.Dir, whole *wholeTokenizer) (*tokenizerConfig, error) {
	c := &tokenizerConfig{
		named: map[string]addedToken{}, byID: map[int32]addedToken{}, sides: map[string]string{},
		dir: dir, from: map[string]string{},
	}
	if err := c.read(configFile, maxFields, c.set); err != nil {
		return nil, err
	}
	if c.decoder {
		return c, errors.Join(c.checkAdded(), c.checkCovered(whole))
	}
	if err := c.read(mapFile, maxFields, c.set); err != nil {
		return nil, err
	}
	special := c.special()
	if err := c.read(addedFile, maxTokens, func(content string, value json.RawMessage) error {
		return c.setAdded(content, value, special[content])
	}); err != nil {
		return nil, err
	}
	if whole != nil {
		for _, a := range whole.added {
			c.byID[a.id], c.from[a.content] = a, whole.file
		}
	}
	return c, c.checkAdded()
}

// read calls set with the fields of a JSON file, if there is one, in their order; there may be most.
func (c *tokenizerConfig) read(name string, most int, set func(name string, value json.RawMessage) error) error {
	data, err := readText(c.dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c.file = c.dir.Path(name)
	if err := checkJSON(c.file, data); err != nil {
		return err
	}
	if err := eachMember(data, most, set); err != nil {
		return fmt.Errorf("%s: %w", c.file, err)
	}
	return nil
}

// set reads a field of tokenizer_config.json or special_tokens_map.json.
func (c *tokenizerConfig) set(name string, value json.RawMessage) (err error) {
	switch {
	case name == "model_max_length":
		return nn.UnmarshalJSON(value, &c.maxLength)
	case name == "padding_side" || name == "truncation_side":
		var side string
		if err = nn.UnmarshalJSON(value, &side); err == nil && side != "" {
			c.sides[name], err = side, checkSide(side)
		}
		return err
	case name == "split_special_tokens":
		var split bool
		if err = nn.UnmarshalJSON(value, &split); err == nil && split {
			err = errors.New("true, want false: special tokens are found in a text")
		}
		return err
	case name == "added_tokens_decoder":
		c.decoder = true
		return eachMember(value, maxTokens, c.setDecoded)
	case name == "extra_special_tokens" || name == "additional_special_tokens":
		return c.setExtra(value)
	case slices.Contains(roles, name), strings.HasSuffix(name, "_token") && value[0] == '"':
		return c.setNamed(name, value)
	}
	return nil
}

// checkSide refuses padding and truncation at a text's beginning.
func checkSide(side string) error {
	if !strings.EqualFold(side, "right") {
		return fmt.Errorf("%.60q, want %q", side, "right")
	}
	return nil
}

func (c *tokenizerConfig) setNamed(name string, value json.RawMessage) error {
	if string(value) == "null" {
		return nil
	}
	a, err := parseToken(value, true)
	if err != nil {
		return err
	}
	if len(c.named) == maxFields {
		return fmt.Errorf("more than %d named tokens", maxFields)
	}
	if _, known := c.named[name]; !known && !slices.Contains(roles, name) {
		c.ownNames = append(c.ownNames, name)
	}
	c.named[name], c.from[a.content] = a, c.file
	return nil
}

// setExtra reads a list of tokens, or an object of named ones.
func (c *tokenizerConfig) setExtra(value json.RawMessage) error {
	if value[0] == '{' {
		return eachMember(value, maxFields, c.setNamed)
	}
	return eachElement(value, maxFields-len(c.extra), func(_ int, value json.RawMessage) error {
		a, err := parseToken(value, true)
		c.extra, c.from[a.content] = append(c.extra, a), c.file
		return err
	})
}

// setDecoded reads an entry of added_tokens_decoder: an id and its token.
func (c *tokenizerConfig) setDecoded(key string, value json.RawMessage) error {
	id, err := parseID("an added token", []byte(key))
	if err != nil {
		return err
	}
	a, err := parseToken(value, false)
	if err != nil {
		return err
	}
	return c.put(id, a)
}

// setAdded reads an entry of added_tokens.json: the text of a token and its id.
func (c *tokenizerConfig) setAdded(content string, value json.RawMessage, special bool) error {
	id, err := parseID(theToken(content), value)
	if err != nil {
		return err
	}
	if content == "" {
		return fmt.Errorf("the token with the id %d is empty", id)
	}
	return c.put(id, addedToken{content: content, normalized: !special})
}

func (c *tokenizerConfig) put(id int32, a addedToken) error {
	if other, twice := c.byID[id]; twice {
		return fmt.Errorf("the id %d is that of %s already", id, theToken(other.content))
	}
	a.id = id
	c.byID[id], c.from[a.content] = a, c.file
	return nil
}

// added returns the tokens that were added with their ids, in the order of these.
func (c *tokenizerConfig) added() []addedToken {
	return slices.SortedFunc(maps.Values(c.byID), func(a, b addedToken) int { return cmp.Compare(a.id, b.id) })
}

// checkAdded refuses a token of two ids.
func (c *tokenizerConfig) checkAdded() error {
	ids := map[string]int32{}
	for _, a := range c.added() {
		if first, twice := ids[a.content]; twice {
			return fmt.Errorf("%s: %s is added with two ids, %d and %d", c.from[a.content], theToken(a.content), first, a.id)
		}
		ids[a.content] = a.id
	}
	return nil
}

// checkCovered refuses an added_tokens_decoder that lacks what tokenizer.json adds to the vocabulary: some
// versions of transformers find such a token, others do not.
func (c *tokenizerConfig) checkCovered(whole *wholeTokenizer) error {
	if whole == nil {
		return nil
	}
	for _, a := range whole.added {
		_, known := whole.vocab[a.content]
		if !known && c.from[a.content] == "" {
			return fmt.Errorf("%s: added_tokens: %s with the id %d is not in the added_tokens_decoder of %s",
				whole.file, theToken(a.content), a.id, c.dir.Path(configFile))
		}
	}
	return nil
}

// special are the texts of the tokens that have a name or are among the extra ones.
func (c *tokenizerConfig) special() map[string]bool {
	special := map[string]bool{}
	for _, a := range slices.AppendSeq(slices.Clone(c.extra), maps.Values(c.named)) {
		special[a.content] = true
	}
	return special
}

// role returns a named token, that of CLIP where the files name none. It is empty for those that CLIP has not.
func (c *tokenizerConfig) role(name string) addedToken {
	if a, ok := c.named[name]; ok {
		return a
	}
	clips := map[string]string{"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
	return addedToken{content: clips[name], id: undeclared}
}

// tokens returns all that are looked for in a text, in the order in which transformers adds them to the
// vocabulary: those with ids, the named ones, those without a name. One without an id may be there twice.
func (c *tokenizerConfig) tokens() []addedToken {
	all, with, seen := c.added(), map[string]bool{}, map[addedToken]bool{}
	for _, a := range all {
		with[a.content] = true
	}
	add := func(a addedToken) {
		if a.content != "" && !with[a.content] && !seen[a] {
			all, seen[a] = append(all, a), true
		}
	}
	for _, name := range slices.Concat(roles, c.ownNames) {
		add(c.role(name))
	}
	for _, a := range c.extra {
		add(a)
	}
	return all
}

// place is the file that has a token, or the directory.
func (c *tokenizerConfig) place(content string) string {
	if file, ok := c.from[content]; ok {
		return file
	}
	return c.dir.String()
}
