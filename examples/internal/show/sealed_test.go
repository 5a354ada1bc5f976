package show

import (
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// TestSealed: a program knows its own pictures, and what became of them.
func TestSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	m := image.NewRGBA(image.Rect(0, 0, 5, 3))
	for i := range m.Pix {
		m.Pix[i] = uint8(i) | 3
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	id := files.Identity{"--prompt": "a “cat”"}
	write := func(m *image.RGBA, program string, id files.Identity) {
		t.Helper()
		data, err := EncodeSealed(m, []images.Text{{Key: "parameters", Value: "x"}}, program, id)
		if err != nil {
			t.Fatal(err)
		}
		if err := files.Write(path, data); err != nil {
			t.Fatal(err)
		}
	}
	check := func(says string, overwrite bool) {
		t.Helper()
		err := CheckSealed(t.Context(), path, "p", id, overwrite)
		if (err != nil) != (says != "") || err != nil && (!strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	check("", false)
	write(m, "p", id)
	check("", false)
	write(m, "p", files.Identity{"--prompt": "a dog"})
	check("other options: --prompt was a dog and is a “cat”", false)
	check("", true)
	write(m, "other", id)
	check("not known to be a picture of this program", true)
	if err := images.WritePNGText(path, m, nil); err != nil {
		t.Fatal(err)
	}
	check("not known to be a picture of this program", true)

	edited := image.NewRGBA(m.Rect)
	copy(edited.Pix, m.Pix)
	edited.Set(1, 1, color.White)
	write(m, "p", id)
	texts, err := images.ReadPNGText(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := images.WritePNGText(path, edited, texts); err != nil {
		t.Fatal(err)
	}
	check("was changed since this program wrote it", true)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	check("is a directory", true)
}
