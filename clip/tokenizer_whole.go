package clip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/sdgraph/sdgraph/tensor"
)

const wholeFile = "tokenizer.json"

// wholeTokenizer is a tokenizer.json, the file of the tokenizers library that holds all of a tokenizer. The form
// is that library's own serialisation.
type wholeTokenizer struct {
	file   string
	vocab  map[string]int32
	merges mergeList
	added  []addedToken

	fields, model map[string]json.RawMessage
}

// readWhole reads a directory's tokenizer.json; it is nil where there is none.
func readWhole(dir tensor.Dir) (*wholeTokenizer, error) {
	data, err := readText(dir, wholeFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	w := &wholeTokenizer{file: dir.Path(wholeFile)}
	if err := checkJSON(w.file, data); err != nil {
		return nil, err
	}
	if w.fields, err = membersOf(data, "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "model", "padding", "truncation"); err != nil {
		return nil, fmt.Errorf("%s: %w", w.file, err)
	}
	if w.model, err = membersOf(w.fields["model"], "type", "vocab", "merges", "unk_token", "end_of_word_suffix", "continuing_subword_prefix",
		"dropout", "fuse_unk", "byte_fallback", "ignore_merges"); err != nil {
		return nil, fmt.Errorf("%s: model: %w", w.file, err)
	}
	if kind, ok := w.model["type"]; ok && string(kind) != `"BPE"` {
		return nil, fmt.Errorf(`%s: model.type is %.40s, want "BPE", which CLIP has`, w.file, kind)
	}
	at := func(int64) string { return w.file + ": model.vocab" }
	if w.vocab, err = parseVocab(at, w.model["vocab"]); err != nil {
		return nil, err
	}
	if err := w.readMerges(); err != nil {
		return nil, fmt.Errorf("%s: model.merges: %w", w.file, err)
	}
	if err := w.readAdded(); err != nil {
		return nil, fmt.Errorf("%s: added_tokens: %w", w.file, err)
	}
	return w, nil
}

// readMerges reads model.merges in either of its forms, "a b" and ["a", "b"].
func (w *wholeTokenizer) readMerges() error {
	w.merges.at = func(n int) string { return fmt.Sprintf("%s: model.merges[%d]", w.file, n) }
	return eachElement(w.model["merges"], maxMerges, func(i int, value json.RawMessage) error {
		m, ok := parseMerge(value)
		if !ok {
			return fmt.Errorf(`%.60s, number %d, is not a merge: "a b" or ["a", "b"]`, value, i)
		}
		m.number = i
		w.merges.list = append(w.merges.list, m)
		return nil
	})
}

func parseMerge(value json.RawMessage) (m merge, ok bool) {
	var line string
	if json.Unmarshal(value, &line) == nil {
		m.left, m.right, ok = cutMerge(line)
		return m, ok
	}
	var pair []string
	if json.Unmarshal(value, &pair) != nil || len(pair) != 2 {
		return m, false
	}
	m.left, m.right = pair[0], pair[1]
	return m, m.left != "" && m.right != ""
}

// readAdded reads added_tokens: a list of tokens with their flags and ids.
func (w *wholeTokenizer) readAdded() error {
	list, ok := w.fields["added_tokens"]
	if !ok {
		return nil
	}
	ids := map[int32]bool{}
	return eachElement(list, maxTokens, func(_ int, value json.RawMessage) error {
		a, err := parseToken(value, false)
		if err != nil {
			return err
		}
		var with struct{ ID json.RawMessage }
		if err := json.Unmarshal(value, &with); err != nil || with.ID == nil {
			return fmt.Errorf("%s has no id", theToken(a.content))
		}
		if a.id, err = parseID(theToken(a.content), with.ID); err != nil {
			return err
		}
		if ids[a.id] {
			return fmt.Errorf("the id %d of %s is that of another already", a.id, theToken(a.content))
		}
		ids[a.id] = true
		w.added = append(w.added, a)
		return nil
	})
}
