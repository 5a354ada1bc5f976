package clip

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestWholeTokenizerErrors spoils one thing of a tokenizer.json that stands alone.
func TestWholeTokenizerErrors(t *testing.T) {
	model := func(all map[string]any) map[string]any { return all["model"].(map[string]any) }
	token := func(all map[string]any) map[string]any { return all["added_tokens"].([]any)[2].(map[string]any) }
	post := func(all map[string]any) map[string]any { return all["post_processor"].(map[string]any) }
	for _, c := range []struct {
		name  string
		spoil func(all map[string]any)
		says  string
	}{
		{"no model", func(all map[string]any) { delete(all, "model") }, "model: missing, want a JSON object"},
		{"another model", func(all map[string]any) { model(all)["type"] = "WordPiece" }, `model.type is "WordPiece"`},
		{"no vocabulary", func(all map[string]any) { delete(model(all), "vocab") }, "model.vocab: must be a JSON object"},
		{"vocabulary as a list", func(all map[string]any) { model(all)["vocab"] = []string{"a"} }, "model.vocab: must be a JSON object"},
		{"gap in the vocabulary", func(all map[string]any) { delete(model(all)["vocab"].(map[string]any), "a") }, "model.vocab: the id 639"},
		{"empty token", func(all map[string]any) { model(all)["vocab"].(map[string]any)[""] = 640 }, "model.vocab: the token with the id 640 is empty"},
		{"no merges", func(all map[string]any) { delete(model(all), "merges") }, "model.merges: want a list"},
		{"merge of one", func(all map[string]any) { model(all)["merges"] = []any{[]string{"a"}} }, `model.merges: ["a"], number 0`},
		{"merge with nothing", func(all map[string]any) { model(all)["merges"] = []any{[]string{"", "a"}} }, "model.merges: "},
		{"merge of unknown tokens", func(all map[string]any) { model(all)["merges"] = []any{"a b"} }, `model.merges[0]: the merge "a" "b" needs the token "ab"`},
		{"merge twice", func(all map[string]any) { model(all)["merges"] = []any{"c r", "c r"} }, `model.merges[1]: the merge "c" "r" stands further up`},
		{"no lower case", func(all map[string]any) { all["normalizer"] = map[string]any{"type": "NFC"} }, `normalizer is {"type":"NFC"}, want {"normalizers"`},
		{"no normalizer", func(all map[string]any) { all["normalizer"] = nil }, "normalizer is null"},
		{"another pattern", func(all map[string]any) {
			split := all["pre_tokenizer"].(map[string]any)["pretokenizers"].([]any)[0].(map[string]any)
			split["pattern"] = map[string]any{"Regex": `\w+`}
		}, "pre_tokenizer is "},
		{"another start", func(all map[string]any) { post(all)["cls"] = []any{"a</w>", 320} }, "post_processor is "},
		{"no start", func(all map[string]any) { all["post_processor"] = nil }, "post_processor is null"},
		{"another suffix", func(all map[string]any) { model(all)["end_of_word_suffix"] = "@" }, `model.end_of_word_suffix is "@", want "</w>"`},
		{"a prefix", func(all map[string]any) { model(all)["continuing_subword_prefix"] = "##" }, "model.continuing_subword_prefix"},
		{"dropout", func(all map[string]any) { model(all)["dropout"] = 0.1 }, "model.dropout is 0.1"},
		{"fused", func(all map[string]any) { model(all)["fuse_unk"] = true }, "model.fuse_unk"},
		{"bytes", func(all map[string]any) { model(all)["byte_fallback"] = true }, "model.byte_fallback"},
		{"merges ignored", func(all map[string]any) { model(all)["ignore_merges"] = true }, "model.ignore_merges"},
		{"another unknown token", func(all map[string]any) { model(all)["unk_token"] = "a</w>" }, "model.unk_token"},
		{"padded on the left", func(all map[string]any) { all["padding"] = map[string]any{"direction": "Left"} }, `padding.direction: "Left", want "right"`},
		{"cut on the left", func(all map[string]any) { all["truncation"] = map[string]any{"direction": "Left"} }, "truncation.direction"},
		{"added tokens in an object", func(all map[string]any) { all["added_tokens"] = map[string]any{} }, "added_tokens: want a list"},
		{"added token without an id", func(all map[string]any) { delete(token(all), "id") }, `added_tokens: the token "<scar>" has no id`},
		{"added token with half an id", func(all map[string]any) { token(all)["id"] = 640.5 }, `the id of the token "<scar>" is 640.5, want a whole number`},
		{"added token behind a gap", func(all map[string]any) { token(all)["id"] = 645 }, `the id 645 of the added token "<scar>": it can only be 640`},
		{"added token of another's id", func(all map[string]any) { token(all)["id"] = 512 }, "the id 512"},
		{"added token without contents", func(all map[string]any) { token(all)["content"] = "" }, "added_tokens: the token is empty"},
		{"added token that is long", func(all map[string]any) { token(all)["content"] = strings.Repeat("a", 257) }, "has 257 bytes"},
		{"flag that is none", func(all map[string]any) { token(all)["lstrip"] = "yes" }, "added_tokens: a token is a string or an object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := layoutFiles(t, layouts(t)["tokenizer.json, merges as lines"].Files)
			files[wholeFile] = edited(t, []byte(files[wholeFile]), c.spoil)
			wantRefused(t, files, wholeFile, c.says)
		})
	}
}

// TestAddedTokenErrors spoils what is said of added tokens beside vocab.json.
func TestAddedTokenErrors(t *testing.T) {
	const config, added = "tokenizer_config.json", "added_tokens.json"
	for _, c := range []struct{ name, file, content, says string }{
		{"behind a gap", added, `{"<scar>": 641}`, `the id 641 of the added token "<scar>": it can only be 640, for ids go on without a gap behind the 640 tokens`},
		{"of the vocabulary", added, `{"metal</w>": 640}`, `the id 640 of the added token "metal</w>": it is 548 in the vocabulary`},
		{"one id twice", added, `{"<scar>": 640, "<dent>": 640}`, `<dent>: the id 640 is that of the token "<scar>" already`},
		{"no contents", added, `{"": 640}`, "the token with the id 640 is empty"},
		{"below zero", added, `{"<scar>": -1}`, `the id -1 of the token "<scar>" is out of range, want 0 to 131071`},
		{"beyond all numbers", added, `{"<scar>": 1e99}`, `the id of the token "<scar>" is 1e99, want a whole number`},
		{"beyond all ids", added, `{"<scar>": 99999999999999999999}`, "the id 99999999999999999999"},
		{"text for an id", added, `{"<scar>": "640"}`, `the id of the token "<scar>" is "640"`},
		{"not an object", added, `[]`, "want a JSON object, not []"},
		{"not JSON", added, "<!DOCTYPE html>\n<html>", "added_tokens.json: the file is a web page"},
		{"half of it", added, `{"<scar>": 64`, "added_tokens.json:1: unexpected end of JSON input"},
		{"deep", added, strings.Repeat("[", 1<<20), "added_tokens.json:1: "},
		{"decoder without contents", config, `{"added_tokens_decoder": {"640": {"content": ""}}}`, "added_tokens_decoder: 640: the token is empty"},
		{"decoder without a number", config, `{"added_tokens_decoder": {"x": {"content": "<scar>"}}}`, "the id of an added token is x, want a whole number"},
		{"decoder that is a list", config, `{"added_tokens_decoder": []}`, "added_tokens_decoder: want a JSON object, not []"},
		{"decoder that is none", config, `{"added_tokens_decoder": null}`, "added_tokens_decoder: want a JSON object, not null"},
		{"two ids", config, `{"added_tokens_decoder": {"640": {"content": "<scar>"}, "641": {"content": "<scar>"}}}`, `the token "<scar>" is added with two ids, 640 and 641`},
		{"one text", config, `{"added_tokens_decoder": {"640": {"content": "<scar>"}, "641": {"content": "<SCAR>"}}}`, `the added tokens "<SCAR>" and "<scar>" are the same text`},
		{"empty start", config, `{"bos_token": ""}`, "bos_token: the token is empty"},
		{"start that is a list", config, `{"bos_token": []}`, "bos_token: a token is"},
		{"end that is nowhere", config, `{"eos_token": "<end>"}`, `the end token "<end>" is not in the vocabulary of 640 tokens`},
		{"padding on the left", config, `{"padding_side": "left"}`, `padding_side: "left", want "right"`},
		{"cut on the left", config, `{"truncation_side": "left"}`, "truncation_side"},
		{"specials as text", config, `{"split_special_tokens": true}`, "split_special_tokens: true, want false"},
		{"specials without a list", config, `{"extra_special_tokens": "<scar>"}`, `extra_special_tokens: want a list, not "<scar>"`},
		{"length that is none", config, `{"model_max_length": "77"}`, "model_max_length: "},
		{"length of one", config, `{"model_max_length": 1}`, "tokenizer_config.json: a length of 1 tokens (model_max_length, at most 77)"},
		{"length below zero", config, `{"model_max_length": -1e30}`, "(model_max_length, at most 77)"},
		{"long end", config, `{"eos_token": "` + strings.Repeat("x", 100_000) + `"}`, `the added token "xxxx`},
		{"long side", config, `{"padding_side": "` + strings.Repeat("x", 100_000) + `"}`, `padding_side: "xxxx`},
		{"long number", config, `{"padding_side": ` + strings.Repeat("7", 100_000) + `}`, `padding_side: json: cannot unmarshal number into Go value`},
		{"long length", config, `{"model_max_length": ` + strings.Repeat("7", 100_000) + `}`, "model_max_length: json: cannot unmarshal number 7777"},
		{"no merges", "merges.txt", "", "merges.txt: the file is empty; want a merge"},
		{"not UTF-8", config, "{\"bos_token\":\n\"\xff\"}", "tokenizer_config.json:2: byte 15, 0xff, is not UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := layoutFiles(t, nil)
			files[c.file] = c.content
			wantRefused(t, files, "", c.says)
		})
	}
}

// TestUncoveredToken refuses a token that some versions of transformers find and others do not.
func TestUncoveredToken(t *testing.T) {
	files := layoutFiles(t, layouts(t)["tokenizer.json, merges as lines"].Files)
	files["tokenizer_config.json"] = `{"added_tokens_decoder": {"512": {"content": "<|startoftext|>"}}}`
	wantRefused(t, files, wholeFile, `the token "<scar>" with the id 640 is not in the added_tokens_decoder of `)
}

// TestEmptyToken is a vocabulary with an empty token that is a special one, too: it would be found everywhere.
func TestEmptyToken(t *testing.T) {
	wantRefused(t, map[string]string{
		vocabFile: `{"a": 0, "": 1}`, mergesFile: "#version: 0.2\n", "tokenizer_config.json": `{"bos_token": "a", "pad_token": "a", "eos_token": "a", "unk_token": "a"}`,
	}, vocabFile, "the token with the id 1 is empty")
}

// TestLargeFiles are refused by what they count, not by what fits into memory.
func TestLargeFiles(t *testing.T) {
	many := strings.Repeat("a b\n", maxMerges+1)
	wantRefused(t, map[string]string{vocabFile: tinyVocab, mergesFile: many}, mergesFile, "more than 131072 merges")
	wantRefused(t, map[string]string{vocabFile: `{"a": 131072}`, mergesFile: ""}, vocabFile, `the id 131072 of the token "a" is out of range`)
	wantRefused(t, map[string]string{vocabFile: `{"a": ` + strings.Repeat("[", 1<<20), mergesFile: ""}, vocabFile, "vocab.json:1: ")
	if _, err := OpenTokenizer(writeFiles(t, layoutFiles(t, map[string]json.RawMessage{"tokenizer_config.json": json.RawMessage("null")})), 1<<40); err == nil {
		t.Error("a length of 2^40 is taken")
	}
}

// wantRefused wants an error that names a file and says something.
func wantRefused(t *testing.T, files map[string]string, file, says string) {
	t.Helper()
	_, err := OpenTokenizer(writeFiles(t, files), 77)
	if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), file) || len(err.Error()) > 2000 {
		t.Errorf("error %.3000v, want one of at most 2000 bytes about %s that says %s", err, file, says)
	}
}
