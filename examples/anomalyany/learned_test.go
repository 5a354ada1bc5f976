package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor"
)

// scratchFile is a file with a word of four vectors, "<scratch>".
func scratchFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scratch.safetensors")
	if err := os.WriteFile(path, readFile(t, "../../diffusion/testdata/embeddings/written.safetensors"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLearnedWord makes a picture with a word that was learned, and again; not with another file of the same name.
func TestLearnedWord(t *testing.T) {
	word, m := scratchFile(t), made{dir: filepath.Join(t.TempDir(), "out")}
	image, name := writePicture(t, "nut.png", 96, 64), "hazelnut-"+files.Name("<scratch>")+"-0001"
	args := []string{"--model", modelA, "--image", image, "--object", "hazelnut", "--anomaly", "<scratch>", "--size", "64", "--steps", "4", "--refine", "1", "--seed", "1"}
	if said := m.run(t, "", slices.Concat(args, []string{"--embedding", word, "--out", m.dir})...); strings.Contains(said, "is not among them") {
		t.Errorf("it warns of the word that it was given:\n%s", said)
	}
	var f Spec
	f.Out = m.dir
	r := readRecord(t, f, name+".json")
	if want := []int{8, 9, 10, 11}; !slices.Equal(r.Anomaly, want) || !slices.Equal(r.Tokens[8:12], []string{"<scratch>", "<scratch>_1", "<scratch>_2", "<scratch>_3"}) {
		t.Errorf("the defect is at %v of %q, want %v", r.Anomaly, r.Tokens, want)
	}
	hash, err := files.Hash(word)
	if err != nil {
		t.Fatal(err)
	}
	if want := (learnedWord{"<scratch>", "scratch.safetensors", hash}); len(r.Embeddings) != 1 || r.Embeddings[0] != want {
		t.Errorf("the record has the words %v, want %v", r.Embeddings, want)
	}
	picture := filepath.Join(m.dir, name+".png")
	if said := m.run(t, "", "--from", picture); !strings.Contains(said, "--embedding [\""+word) {
		t.Errorf("it does not say that it reads the word:\n%s", said)
	}
	if !slices.Equal(readFile(t, picture), readFile(t, m.dir, "again", name+".png")) {
		t.Error("the picture differs when it is made again")
	}
	e, err := diffusion.ReadEmbedding(word, "")
	if err != nil {
		t.Fatal(err)
	}
	tensor.Float32s(e.Vectors)[0]++
	if err := e.Write(word); err != nil {
		t.Fatal(err)
	}
	m.run(t, `the learned word "<scratch>" in `+word+" is not the one", "--from", picture)
	if said := m.run(t, "", slices.Concat(args, []string{"--embedding", word, "--out", m.dir})...); !strings.Contains(said, "made with other options: --embedding was") {
		t.Errorf("beside a picture with another word it says\n%s", said)
	}
	m.run(t, `"<scratch>" is not in the prompt`, slices.Concat(args, []string{"--embedding", word + ":<dent>", "--prompt", "a nut with a <dent>", "--out", t.TempDir()})...)
	m.run(t, "--embedding says nothing to --generator nsa", "--generator", "nsa", "--image", image, "--embedding", word, "--out", t.TempDir())
}
