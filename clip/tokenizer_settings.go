package clip

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
)

// What CLIP's tokenizer.json says of the work around byte-pair encoding, which pieces and normalizeText do.
const (
	clipNormalizer = `{"type": "Sequence", "normalizers": [
		{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Lowercase"}]}`
	clipPreTokenizer = `{"type": "Sequence", "pretokenizers": [
		{"type": "Split", "pattern": {"Regex": %s}, "behavior": "Removed", "invert": true},
		{"type": "ByteLevel", "add_prefix_space": false}]}`
	clipPostProcessor = `{"type": "RobertaProcessing", "sep": [%s, %d], "cls": [%s, %d]}`

	clipPattern = `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`
	clipMarkers = `<\|startoftext\|>|<\|endoftext\|>|` // before the pattern, since transformers 5
)

// setting is a field of tokenizer.json that decides ids, with the values that mean what this package does.
type setting struct {
	name  string
	value json.RawMessage
	want  []string
}

// check refuses a tokenizer.json that has other ids than t for some text.
func (w *wholeTokenizer) check(t *Tokenizer) error {
	off := []string{"false", "null"}
	for _, s := range []setting{
		{"normalizer", w.fields["normalizer"], []string{clipNormalizer}},
		{"pre_tokenizer", w.fields["pre_tokenizer"], []string{
			fmt.Sprintf(clipPreTokenizer, quoted(clipMarkers+clipPattern)), fmt.Sprintf(clipPreTokenizer, quoted(clipPattern)),
		}},
		{"post_processor", w.fields["post_processor"], []string{
			fmt.Sprintf(clipPostProcessor, quoted(t.tokens[t.end]), t.end, quoted(t.tokens[t.start]), t.start),
		}},
		{"model.unk_token", w.model["unk_token"], []string{quoted(t.tokens[t.unknown])}},
		{"model.end_of_word_suffix", w.model["end_of_word_suffix"], []string{quoted(endOfWord)}},
		{"model.continuing_subword_prefix", w.model["continuing_subword_prefix"], []string{`""`, "null"}},
		{"model.dropout", w.model["dropout"], []string{"null", "0"}},
		{"model.fuse_unk", w.model["fuse_unk"], off},
		{"model.byte_fallback", w.model["byte_fallback"], off},
		{"model.ignore_merges", w.model["ignore_merges"], off},
	} {
		if err := s.check(); err != nil {
			return fmt.Errorf("%s: %w", w.file, err)
		}
	}
	return nil
}

func (s setting) check() error {
	got := string(s.value)
	if len(got) < 4096 { // what CLIP has is shorter
		got = canonical(s.value)
	}
	if !slices.ContainsFunc(s.want, func(want string) bool { return canonical([]byte(want)) == got }) {
		return fmt.Errorf("%s is %.300s, want %.300s, as CLIP has it", s.name, got, canonical([]byte(s.want[0])))
	}
	return nil
}

// checkSides refuses padding and truncation of a text's beginning, unless the configuration has its own word.
func (w *wholeTokenizer) checkSides(c *tokenizerConfig) error {
	for _, name := range []string{"padding", "truncation"} {
		var with *struct{ Direction string }
		if value, ok := w.fields[name]; ok {
			if err := nn.UnmarshalJSON(value, &with); err != nil {
				return fmt.Errorf("%s: %s: %w", w.file, name, err)
			}
		}
		if with != nil && with.Direction != "" && c.sides[name+"_side"] == "" {
			if err := checkSide(with.Direction); err != nil {
				return fmt.Errorf("%s: %s.direction: %w", w.file, name, err)
			}
		}
	}
	return nil
}

// canonical spells JSON in one way, without what decides no ids: members in the order of their names.
func canonical(text []byte) string {
	var value any
	if len(text) > 0 && json.Unmarshal(text, &value) != nil {
		return string(text)
	}
	dropIdle(value)
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(value) != nil {
		return string(text)
	}
	return strings.TrimSpace(b.String())
}

// dropIdle removes settings that are about offsets only, or that say what is meant without them.
func dropIdle(value any) {
	switch v := value.(type) {
	case []any:
		for _, x := range v {
			dropIdle(x)
		}
	case map[string]any:
		delete(v, "trim_offsets")
		if v["use_regex"] == true {
			delete(v, "use_regex")
		}
		if v["type"] == "RobertaProcessing" {
			delete(v, "add_prefix_space")
		}
		for _, x := range v {
			dropIdle(x)
		}
	}
}

func quoted(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		return text // not possible of a string
	}
	return string(data)
}
