package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// TestWordFile divides at the last colon what names a file and a word.
func TestWordFile(t *testing.T) {
	for text, want := range map[string]WordFile{
		"w.safetensors":                  {"w.safetensors", ""},
		"w.safetensors:my crack":         {"w.safetensors", "my crack"},
		"a:b.safetensors":                {"a:b.safetensors", ""},
		`C:\words\w.safetensors`:         {`C:\words\w.safetensors`, ""},
		`c:/words/w.safetensors:<crack>`: {"c:/words/w.safetensors", "<crack>"},
		"sub:dir/w.safetensors":          {"sub:dir/w.safetensors", ""},
		"sub:dir/w.safetensors:w":        {"sub:dir/w.safetensors", "w"},
		"12:30.safetensors:w":            {"12:30.safetensors", "w"},
	} {
		var got WordFile
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %+v, %v, want %+v", text, got, err, want)
		}
		if back, err := got.MarshalText(); err != nil || string(back) != text {
			t.Errorf("%+v is written as %q, %v, want %q", got, back, err, text)
		}
	}
	for _, text := range []string{":w", "w.safetensors:", "w.safetensors: "} {
		if err := new(WordFile).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// TestEmbeddings reads the words of a command line.
func TestEmbeddings(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/my, crack.safetensors"
	if err := tensor.Save(path, map[string]*gt.Dense{"<c>": tensor.FromFloat32s([]float32{1, 2}, 2)}, nil); err != nil {
		t.Fatal(err)
	}
	var f struct {
		Embeddings `json:"-"`
		Again      Embeddings `kong:"-"`
	}
	if _, err := NewParser("test", "", &f).Parse([]string{"--embedding", path, "--embedding", path + ":b", "--embedding=none:c"}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(); err == nil || !strings.Contains(err.Error(), "--embedding") || !strings.Contains(err.Error(), "none") || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	f.Embedding = f.Embedding[:2]
	all, err := f.Read()
	if err != nil || len(all) != 2 || all[0].Word != "<c>" || all[1].Word != "b" || all[1].Path != path {
		t.Errorf("the words are %v, %v", all, err)
	}
	data, err := json.Marshal(f.Embeddings)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &f.Again); err != nil || !slices.Equal(f.Again.Embedding, f.Embedding) {
		t.Errorf("%s is read as %v, %v", data, f.Again, err)
	}
	if none, err := new(Embeddings).Read(); none != nil || err != nil {
		t.Errorf("without words there are %v, %v", none, err)
	}
}
