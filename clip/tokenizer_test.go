package clip

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
)

// golden is one configuration of testdata/tokenizer.json, made by testdata/make_tokenizer.py.
type golden struct {
	Files map[string]json.RawMessage
	Pad   int32
	Cases []struct {
		Text string
		IDs  []int32
	}
}

func goldens(t testing.TB) map[string]golden {
	data, err := os.ReadFile("testdata/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	var g map[string]golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// writeTokenizer writes a tokenizer directory with the default vocabulary, and the given files over it.
func writeTokenizer(t testing.TB, files map[string]string) tensor.Dir {
	merges := mergesText(t)
	vocab := map[string]int32{}
	for id, token := range DefaultTokenizer().tokens {
		vocab[token] = int32(id)
	}
	data, err := json.Marshal(vocab)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"vocab.json": string(data), "merges.txt": merges}
	for name, content := range files {
		all[name] = content
	}
	return writeFiles(t, all)
}

func writeFiles(t testing.TB, files map[string]string) tensor.Dir {
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tensor.OnDisk(dir)
}

func mergesText(t testing.TB) string {
	data, err := unzipMerges()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEncodeLikeTransformers(t *testing.T) {
	for name, g := range goldens(t) {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for file, content := range g.Files {
				files[file] = string(content)
			}
			tok, err := OpenTokenizer(writeTokenizer(t, files), 77)
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
			}
		})
	}
}

func TestDefaultTokenizer(t *testing.T) {
	tok := DefaultTokenizer()
	if tok.Size() != 49408 || tok.Length() != 77 {
		t.Errorf("size %d, length %d; want 49408, 77", tok.Size(), tok.Length())
	}
	for _, c := range goldens(t)["plain"].Cases {
		if got := tok.Encode(c.Text)[:len(c.IDs)]; !slices.Equal(got, c.IDs) {
			t.Errorf("%q: %v, want %v", c.Text, got, c.IDs)
		}
	}
	if got := tok.Tokens([]int32{0, 256, 320, 49406, 49407, 49408, -1}); !slices.Equal(got,
		[]string{"!", "!</w>", "a</w>", "<|startoftext|>", "<|endoftext|>", "", ""}) {
		t.Errorf("tokens %q", got)
	}
}

func TestEncodeInvalidUTF8(t *testing.T) {
	tok := DefaultTokenizer()
	if got, want := tok.Encode("a \xff b"), tok.Encode("a \uFFFD b"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTruncated(t *testing.T) {
	tok := DefaultTokenizer()
	words := func(n int) string { return strings.Repeat("hello ", n) }
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{words(75), nil},
		{words(76), []string{"hello"}},
		{words(75) + "a nut.", []string{"a", "nut", "."}},
		{words(74) + "unscratchedly", []string{"unscratchedly"}}, // its first token fits
	} {
		if diff := cmp.Diff(c.want, tok.Truncated(c.text)); diff != "" {
			t.Errorf("%q: %s", c.text, diff)
		}
	}
}

func TestFindWord(t *testing.T) {
	tok := DefaultTokenizer()
	long := strings.Repeat("very ", 75)
	for _, c := range []struct {
		text, word string
		want       []string // tokens
		first      int
	}{
		{"a photo of a hazelnut with a crack on it", "crack", []string{"crack</w>"}, 8},
		{"a photo of a hazelnut with a CRACK on it", "Crack", []string{"crack</w>"}, 8},
		{"a zipper with broken teeth, broken teeth", "broken  teeth", []string{"broken</w>", "teeth</w>"}, 4},
		{"broken glass and broken teeth", "broken teeth", []string{"broken</w>", "teeth</w>"}, 4},
		{"a miswired transistor", "miswired", []string{"mis", "wired</w>"}, 2},
		{"cracked wood with a crack", "crack", []string{"crack</w>"}, 5},
		{"it's bent-lead", "bent-lead", []string{"bent</w>", "-</w>", "lead</w>"}, 3},
		{"first", "first", []string{"first</w>"}, 1},
		{long[:len(long)-5] + "crack", "crack", []string{"crack</w>"}, 75},
	} {
		got, err := tok.FindWord(c.text, c.word)
		if err != nil {
			t.Errorf("%q in %q: %v", c.word, c.text, err)
			continue
		}
		var tokens []string
		ids := tok.Encode(c.text)
		for i, at := range got {
			if at != c.first+i {
				t.Errorf("%q in %q: indices %v, want them from %d", c.word, c.text, got, c.first)
			}
			tokens = append(tokens, tok.Tokens(ids[at:at+1])...)
		}
		if diff := cmp.Diff(c.want, tokens); diff != "" {
			t.Errorf("%q in %q: %s", c.word, c.text, diff)
		}
	}
}

func TestFindWordErrors(t *testing.T) {
	tok := DefaultTokenizer()
	for _, c := range []struct {
		text, word string
		is         error
		says       string
	}{
		{"A hazelnut, with a hole - it's old.", "crack", ErrWordAbsent, "words are: A, hazelnut, with, a, hole, it's, old"},
		{"a cracked nut", "crack", ErrWordAbsent, "a, cracked, nut"},
		{"a crack", " ", ErrWordAbsent, "no word"},
		{strings.Repeat("very ", 75) + "crack", "crack", ErrWordCut, "number 76"},
		{strings.Repeat("very ", 74) + "broken teeth", "broken teeth", ErrWordCut, "room for 75"},
	} {
		got, err := tok.FindWord(c.text, c.word)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q in %q: %v, error %v; want one that is %q and says %q", c.word, c.text, got, err, c.is, c.says)
		}
	}
}

func FuzzEncode(f *testing.F) {
	for _, c := range goldens(f)["plain"].Cases {
		f.Add(c.Text)
	}
	tok := DefaultTokenizer()
	f.Fuzz(func(t *testing.T, text string) {
		checkReads(t, tok, text)
	})
}
