package textures

import (
	"image"
	"io/fs"
	"testing"

	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// TestTextures reads every file of the folder: three grey pictures that are not of one colour.
func TestTextures(t *testing.T) {
	names, err := fs.Glob(FS(), "*")
	if err != nil || len(names) != 3 {
		t.Fatalf("%v, %v, want three files", names, err)
	}
	for _, name := range names {
		p, err := images.ReadFS(t.Context(), FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Rect.Size() != image.Pt(256, 256) || !images.IsGrey(p) {
			t.Errorf("%s: %v, grey %v, want 256×256 grey pixels", name, p.Rect.Size(), images.IsGrey(p))
		}
		if levels := levels(p); levels < 100 {
			t.Errorf("%s has %d levels, want those of a photograph", name, levels)
		}
	}
}

func levels(p *image.RGBA) int {
	seen := map[uint8]bool{}
	for i := 0; i < len(p.Pix); i += 4 {
		seen[p.Pix[i]] = true
	}
	return len(seen)
}

func TestMisuse(t *testing.T) {
	nntest.Misuse{Harmless: map[string][]func(){"FS": {func() { FS() }}}}.Check(t)
}
