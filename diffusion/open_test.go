package diffusion

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// openModel opens one of the tiny models until the test ends.
func openModel(t testing.TB, dir string, opts ...OpenOption) *Pipeline {
	t.Helper()
	p, err := Open(t.Context(), dir, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// TestOpen opens the form that is written today and that of published files.
func TestOpen(t *testing.T) {
	for _, c := range []struct {
		dir                     string
		factor, multiple, files int
	}{
		{modelA, 8, 64, 4},
		{modelB, 4, 32, 6}, // three of the UNet,
	} {
		p := openModel(t, c.dir)
		if p.Factor() != c.factor || p.Multiple() != c.multiple {
			t.Errorf("%s: factor %d and multiple %d, want %d and %d", c.dir, p.Factor(), p.Multiple(), c.factor, c.multiple)
		}
		if p.CLIP == nil || p.CLIPDir != filepath.Join(c.dir, "clip") {
			t.Errorf("%s: CLIP is %v from %q", c.dir, p.CLIP, p.CLIPDir)
		}
		files := p.Files()
		if len(files) != c.files {
			t.Errorf("%s: %d files %v, want %d", c.dir, len(files), files, c.files)
		}
		for _, f := range files {
			if _, err := os.Stat(f); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestCheckSize(t *testing.T) {
	p := openModel(t, modelA)
	for _, c := range []struct {
		height, width int
		ok            bool
	}{{64, 64, true}, {128, 192, true}, {0, 64, false}, {64, 96, false}, {-64, 64, false}, {32, 64, false}} {
		if err := p.CheckSize(c.height, c.width); (err == nil) != c.ok {
			t.Errorf("%d×%d: %v", c.height, c.width, err)
		} else if err != nil && !strings.Contains(err.Error(), "64") {
			t.Errorf("%d×%d: the error does not say what a size must be: %v", c.height, c.width, err)
		}
	}
}

// TestWhereCLIPIs opens models with CLIP in other places and nowhere.
func TestWhereCLIPIs(t *testing.T) {
	without := copyModel(t)
	if err := os.RemoveAll(filepath.Join(without, "clip")); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(modelB, "clip")
	if p := openModel(t, without, WithCLIPDir(elsewhere)); p.CLIP == nil || p.CLIPDir != elsewhere {
		t.Errorf("CLIP is from %q, want %q", p.CLIPDir, elsewhere)
	}
	for _, p := range []*Pipeline{openModel(t, without), openModel(t, modelA, WithoutCLIP()), openModel(t, modelA, WithoutCLIP(), WithCLIPDir(elsewhere))} {
		if p.CLIP != nil || p.CLIPDir != "" {
			t.Errorf("there is a CLIP from %q", p.CLIPDir)
		}
		if _, err := p.CLIPText(t.Context(), "a nut"); !errors.Is(err, ErrNoCLIP) {
			t.Errorf("CLIPText: %v, want ErrNoCLIP", err)
		}
	}
	if _, err := Open(t.Context(), modelA, WithCLIPDir("nowhere")); err == nil || !strings.Contains(err.Error(), filepath.Join("nowhere", "config.json")) {
		t.Errorf("a CLIP directory that is not there: %v", err)
	}
}

func TestOpenNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{filepath.Join(file, "x"): "model directory", "no-such-directory": "no such file", file: "is a file", "": "model directory"} {
		_, err := Open(t.Context(), path)
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), Layout) {
			t.Errorf("%q: %v, want %q and what a model directory holds", path, err, says)
		}
	}
}
