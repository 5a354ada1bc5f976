package clip

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const layoutsOf = "../testdata/models/a/tokenizer"

// layouts are the forms in which tokenizer directories come, testdata/goldens/tokenizers.json, made by
// testdata/reference/tokenizers.py: files more, changed or gone (null) in a directory, and ids in it.
func layouts(t testing.TB) map[string]golden {
	data, err := os.ReadFile("../testdata/goldens/tokenizers.json")
	if err != nil {
		t.Fatal(err)
	}
	var g map[string]golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// layoutFiles are the files of a layout by their names.
func layoutFiles(t testing.TB, changed map[string]json.RawMessage) map[string]string {
	t.Helper()
	files := map[string]string{}
	names, err := os.ReadDir(layoutsOf)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(layoutsOf, name.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[name.Name()] = string(data)
	}
	vocab, merges := files[vocabFile], files[mergesFile]
	for name, content := range changed {
		switch {
		case string(content) == "null":
			delete(files, name)
		case name == wholeFile:
			files[name] = withVocabulary(t, content, vocab, merges)
		default:
			files[name] = string(content)
		}
	}
	return files
}

// withVocabulary fills in what the tokenizer.json of a layout is kept without.
func withVocabulary(t testing.TB, whole json.RawMessage, vocab, merges string) string {
	t.Helper()
	return edited(t, whole, func(all map[string]any) {
		model := all["model"].(map[string]any)
		model["vocab"] = json.RawMessage(vocab)
		var list []any
		for _, line := range strings.Split(strings.TrimSpace(merges), "\n")[1:] {
			if model["merges"] == "lines" {
				list = append(list, line)
			} else {
				list = append(list, strings.Split(line, " "))
			}
		}
		model["merges"] = list
	})
}

// edited is a JSON object after an edit.
func edited(t testing.TB, object []byte, edit func(all map[string]any)) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(object, &all); err != nil {
		t.Fatal(err)
	}
	edit(all)
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestLayouts compares ids with those of transformers, and wants FindWord to know the place of each added token.
func TestLayouts(t *testing.T) {
	for name, g := range layouts(t) {
		t.Run(name, func(t *testing.T) {
			tok, err := OpenTokenizer(writeFiles(t, layoutFiles(t, g.Files)), 77)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range g.Cases {
				want := slices.Clone(c.IDs)
				for len(want) < 77 {
					want = append(want, g.Pad)
				}
				got := tok.Encode(c.Text)
				if diff := cmp.Diff(tok.Tokens(want), tok.Tokens(got)); diff != "" || !slices.Equal(want, got) {
					t.Errorf("%q (-transformers +Encode):\n%s", c.Text, diff)
				}
				checkFound(t, tok, c.Text, c.IDs)
			}
		})
	}
}

// checkFound looks for every added token of a text that is found as a word of its own.
func checkFound(t *testing.T, tok *Tokenizer, text string, ids []int32) {
	t.Helper()
	for at, id := range ids {
		if at == 0 || at == len(ids)-1 || id < 640 || slices.Index(ids, id) != at {
			continue
		}
		content := tok.Tokens([]int32{id})[0]
		if got, err := tok.FindWord(text, content); err != nil || !slices.Equal(got, []int{at}) {
			t.Errorf("%q in %q: %v, %v; want [%d]", content, text, got, err, at)
		}
	}
}
