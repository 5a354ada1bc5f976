package clip

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/tensor"
)

// FuzzOpenTokenizer opens a directory of any files, empty ones being absent, and reads a text with it.
func FuzzOpenTokenizer(f *testing.F) {
	add := func(files map[string]string, text string) {
		f.Add([]byte(files[vocabFile]), []byte(files[mergesFile]), []byte(files[wholeFile]),
			[]byte(files[configFile]), []byte(files[mapFile]), []byte(files[addedFile]), text)
	}
	add(map[string]string{vocabFile: tinyVocab, mergesFile: tinyMerges, configFile: tinyConfig}, "ab b<pad>")
	add(map[string]string{vocabFile: tinyVocab, mergesFile: tinyMerges, configFile: tinyConfig, addedFile: `{"b a": 9, " ": 10}`}, "ab  b a b")
	add(map[string]string{vocabFile: `{"a": 0, "": 1}`, configFile: `{"bos_token": "", "unk_token": "a"}`}, "a")
	add(map[string]string{
		vocabFile: tinyVocab, mergesFile: tinyMerges,
		configFile: `{"added_tokens_decoder": {"5": {"content": "<s>", "normalized": true, "lstrip": true, "rstrip": true, "single_word": true}}, "model_max_length": 1e30}`,
		mapFile:    `{"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}`,
	}, "é <s>\u3000<S>a")
	add(map[string]string{vocabFile: tinyVocab, configFile: tinyConfig, wholeFile: `{"model": {"type": "BPE", "vocab": ` + tinyVocab + `, "merges": [["a", "b</w>"]]},
		"added_tokens": [{"id": 9, "content": "<scar>"}]}`}, "a <scar>")
	f.Fuzz(func(t *testing.T, vocab, merges, whole, config, special, added []byte, text string) {
		fsys := fstest.MapFS{}
		for name, data := range map[string][]byte{
			vocabFile: vocab, mergesFile: merges, wholeFile: whole, configFile: config, mapFile: special, addedFile: added,
		} {
			if len(data) > 0 {
				fsys[name] = &fstest.MapFile{Data: data}
			}
		}
		tok, err := OpenTokenizer(tensor.InFS(fsys), 77)
		if err == nil {
			checkReads(t, tok, text)
		} else if len(err.Error()) > 4000 {
			t.Fatalf("an error of %d bytes", len(err.Error()))
		}
	})
}

// FuzzEncodeAdded reads texts with tokens of all flags, that overlap, and that are written in several ways.
func FuzzEncodeAdded(f *testing.F) {
	var tokenizers []*Tokenizer
	for _, name := range []string{"flags", "overlapping", "spellings", "saved with more tokens"} {
		g := layouts(f)[name]
		tok, err := OpenTokenizer(writeFiles(f, layoutFiles(f, g.Files)), 77)
		if err != nil {
			f.Fatal(err)
		}
		tokenizers = append(tokenizers, tok)
		for _, c := range g.Cases {
			f.Add(c.Text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range tokenizers {
			checkReads(t, tok, text)
		}
	})
}

// checkReads checks what holds for every tokenizer and text.
func checkReads(t *testing.T, tok *Tokenizer, text string) {
	t.Helper()
	ids := tok.Encode(text)
	n := tok.Length()
	if len(ids) != n || n < 2 || n > 77 || ids[0] != tok.start || ids[n-1] != tok.end && ids[n-1] != tok.pad {
		t.Fatalf("%q: %d ids of %d: %v", text, len(ids), n, ids)
	}
	for i, token := range tok.Tokens(ids) {
		if token == "" {
			t.Fatalf("%q: the id %d at %d is no token's", text, ids[i], i)
		}
	}
	if len(tok.pieces(text)) == 0 {
		return
	}
	at, err := tok.FindWord(text, text)
	if err != nil && !errors.Is(err, ErrWordCut) || err == nil && (at[0] != 1 || at[len(at)-1] > n-2) {
		t.Fatalf("%q in itself: at %v, error %v", text, at, err)
	}
	if cut := tok.Truncated(text); (err != nil) != (cut != nil) {
		t.Fatalf("%q: error %v, but %q is cut", text, err, cut)
	}
}
