package detect

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sdgraph/sdgraph/clip"
)

// narrowCLIP is open_clip's ViT-B-16-plus-240, narrow, with random weights (testdata/openclip), and with a tokenizer of
// letters, which that has not: whatever it says, 198 begins a text and 199 ends it.
func narrowCLIP(t *testing.T) CLIP {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte, err error) {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"open_clip_config.json", "open_clip_model.safetensors"} {
		data, err := os.ReadFile(filepath.Join("../../../testdata/openclip", name))
		write(name, data, err)
	}
	vocabulary := map[string]int{"<|startoftext|>": 198, "<|endoftext|>": 199, "!": 0}
	for c := '#'; len(vocabulary) < 200; c++ {
		vocabulary[string(c)] = len(vocabulary) - 2
		if len(vocabulary) < 200 {
			vocabulary[string(c)+"</w>"] = len(vocabulary) - 2
		}
	}
	data, err := json.Marshal(vocabulary)
	write("vocab.json", data, err)
	write("merges.txt", []byte("#version: 0.2\n"), nil)
	write("tokenizer_config.json", []byte(`{"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "pad_token": "!", "unk_token": "!"}`), nil)
	f, err := clip.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return CLIP{Model: f.Model, Tokenizer: f.Tokenizer, Colours: f.Colours, Name: "narrow", SHA256: f.SHA256}
}
