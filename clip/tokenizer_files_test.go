package clip

import (
	"slices"
	"strings"
	"testing"
)

// tinyVocab is a vocabulary of a few letters in which most characters are unknown.
const (
	tinyVocab = `{"a": 0, "b": 1,
"a</w>": 2, "b</w>": 3,
"ab</w>": 4,
"<s>": 5, "</s>": 6, "<pad>": 7, "<unk>": 8}`
	tinyMerges = "#version: 0.2\na b</w>\n"
	tinyConfig = `{"bos_token": "<s>", "eos_token": {"content": "</s>"}, "unk_token": "<unk>", "pad_token": "<pad>", "model_max_length": 6}`
)

func TestOpenTokenizerTiny(t *testing.T) {
	dir := writeFiles(t, map[string]string{"vocab.json": tinyVocab, "merges.txt": tinyMerges, "tokenizer_config.json": tinyConfig})
	for _, c := range []struct {
		maxLength int
		text      string
		want      []int32
	}{
		{77, "ab b", []int32{5, 4, 3, 6, 7, 7}},
		{5, "ab b", []int32{5, 4, 3, 6, 7}},
		{77, "acb b", []int32{5, 0, 8, 3, 3, 6}},
		{77, "é", []int32{5, 8, 8, 6, 7, 7}}, // two unknown bytes
		{77, "aabb<pad>bbb", []int32{5, 0, 0, 1, 3, 6}},
		{77, "a<pad>b", []int32{5, 2, 7, 3, 6, 7}},
	} {
		tok, err := OpenTokenizer(dir, c.maxLength)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Encode(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
		}
	}
}

func TestOpenTokenizerErrors(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		says                string
	}{
		{"no vocabulary", "vocab.json", "", "vocab.json"},
		{"no merges", "merges.txt", "", "merges.txt"},
		{"not JSON", "vocab.json", "{\"a\": 0,\n\"b\" 1}", "vocab.json:2:"},
		{"cut short", "vocab.json", "{\"a\": 0,\n", "vocab.json:2: "},
		{"list", "vocab.json", "[1]", "vocab.json:1: must be a JSON object"},
		{"text for an id", "vocab.json", "{\"a\": 0,\n\"b\": \"x\"}", `vocab.json:2: the id of the token "b"`},
		{"fraction for an id", "vocab.json", "{\"a\": 0.5}", `the id of the token "a"`},
		{"same id", "vocab.json", "{\"a\": 0,\n\"b\": 0}", `vocab.json:2: the tokens "a" and "b" have the same id 0`},
		{"same token", "vocab.json", "{\"a\": 0,\n\"a\": 1}", `vocab.json:2: the token "a" stands further up`},
		{"high id", "vocab.json", "{\"a\": 0,\n\"b\": 7}", `vocab.json:2: the id 7 of the token "b" is out of range: the 2 tokens have the ids 0 to 1`},
		{"negative id", "vocab.json", "{\"a\": 0,\n\"b\": -1}", "vocab.json:2: the id -1"},
		{"no specials", "vocab.json", `{"a": 0, "b</w>": 1, "ab</w>": 2}`, `the start token "<s>" is not in the vocabulary of 3 tokens`},
		{"one word", "merges.txt", "#version: 0.2\na b</w>\nab\n", "merges.txt:3: \"ab\" is not a merge"},
		{"three words", "merges.txt", "a b</w> a\n", "merges.txt:1:"},
		{"unknown token", "merges.txt", "#version: 0.2\na c\n", `merges.txt:2: the merge "a" "c" needs the token "c"`},
		{"unknown result", "merges.txt", "a b\n", `needs the token "ab"`},
		{"twice", "merges.txt", "a b</w>\na b</w>\n", "merges.txt:2: the merge"},
		{"broken configuration", "tokenizer_config.json", "{\n\"pad_token\": }", "tokenizer_config.json:2:"},
		{"number for a token", "tokenizer_config.json", `{"pad_token": 3}`, `with "content", not 3`},
		{"unknown padding", "tokenizer_config.json", `{"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<x>"}`, `the padding token "<x>"`},
		{"map decides", "special_tokens_map.json", `{"pad_token": "<y>"}`, `the padding token "<y>"`},
		{"too short", "tokenizer_config.json", strings.Replace(tinyConfig, "6}", "1}", 1), "length of 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"vocab.json": tinyVocab, "merges.txt": tinyMerges, "tokenizer_config.json": tinyConfig}
			files[c.file] = c.content
			if c.content == "" {
				delete(files, c.file)
			}
			_, err := OpenTokenizer(writeFiles(t, files), 77)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %s", err, c.says)
			}
		})
	}
}

// An entry of added_tokens_decoder says how its token is found, and special_tokens_map.json is not read then.
func TestAddedTokensDecoder(t *testing.T) {
	config := strings.Replace(tinyConfig, "{", `{"added_tokens_decoder": {"5": {"content": "<s>", "normalized": true}, "4": {"content": "ab</w>"}}, `, 1)
	tok, err := OpenTokenizer(writeFiles(t, map[string]string{
		"vocab.json": tinyVocab, "merges.txt": tinyMerges, "tokenizer_config.json": config,
		"special_tokens_map.json": `{"pad_token": "<y>"}`,
	}), 77)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tok.Encode("<S>aab</w>"), []int32{5, 5, 2, 4, 6, 7}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func FuzzParseVocab(f *testing.F) {
	f.Add([]byte(tinyVocab))
	f.Add([]byte(`{"a": 0, "a": 1}`))
	f.Add([]byte(`{"a": 0, "b": 0}`))
	f.Add([]byte(`{"a": 0, "b": 2}`))
	f.Add([]byte(`{"a": 0, "b": -1}`))
	f.Add([]byte(`{"a": [}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		vocab, err := parseVocab(func(int64) string { return "vocab.json" }, data)
		if err != nil {
			return
		}
		ids := make([]bool, len(vocab))
		for token, id := range vocab {
			if ids[id] {
				t.Fatalf("id %d of %q is given twice", id, token)
			}
			ids[id] = true
		}
	})
}

func FuzzParseMerges(f *testing.F) {
	f.Add([]byte(tinyMerges))
	f.Add([]byte("a b c\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		merges, err := parseMerges("merges.txt", data)
		if err != nil {
			return
		}
		for _, m := range merges.list {
			if m.left == "" || m.right == "" || strings.ContainsAny(m.left+m.right, " \n") {
				t.Fatalf("line %d: %q %q", m.number, m.left, m.right)
			}
		}
	})
}
