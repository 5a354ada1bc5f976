package main

import (
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/tensor/images"
)

const wordFile = "../../diffusion/testdata/embeddings/written.safetensors" // whose word is <scratch>

// TestLearnedWord makes a picture with a word that was learned, says so as the web UI does, and keeps it from others.
func TestLearnedWord(t *testing.T) {
	f := small(t)
	f.Prompt, f.Steps, f.Embedding = "a photo of a <scratch>", 1, []cli.WordFile{{Path: wordFile}, {Path: wordFile, Word: "<unused>"}}
	with, path := runOne(t, f)
	texts, err := images.ReadPNGText(t.Context(), path, "parameters")
	if err != nil {
		t.Fatal(err)
	}
	e, err := diffusion.ReadEmbedding(wordFile, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := `, TI hashes: "<scratch>: ` + e.SHA256[:12] + `", RNG: CPU`; !strings.HasSuffix(texts[0].Value, want) {
		t.Errorf("the parameters are %q, want them to end with %q", texts[0].Value, want)
	}
	without := f
	without.Embedding = nil
	refused(t, "without the word", without, path, "--embedding was", "and is not known")
	without.Out = t.TempDir()
	if plain, _ := runOne(t, without); difference(t, with, plain) == 0 {
		t.Error("the word changes nothing")
	}
}
