package diffusion

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTexts are the configurations and vocabularies as they were read, whatever
// has become of them since.
func TestTexts(t *testing.T) {
	dir := copyModel(t)
	want := map[string]string{}
	for _, name := range []string{
		"scheduler/scheduler_config.json", "unet/config.json", "vae/config.json", "text_encoder/config.json", "clip/config.json",
		"tokenizer/vocab.json", "tokenizer/merges.txt", "tokenizer/tokenizer_config.json",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		want[path] = hex.EncodeToString(sum[:])
	}
	p := openModel(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "unet", "config.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, p.Texts()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	embedded, err := OpenFS(t.Context(), os.DirFS(modelA))
	if err != nil {
		t.Fatal(err)
	}
	defer embedded.Close()
	if got := slices.Sorted(maps.Keys(embedded.Texts())); len(got) != len(want) || got[0] != "clip/config.json" {
		t.Errorf("of an fs.FS: %q", got)
	}
}
