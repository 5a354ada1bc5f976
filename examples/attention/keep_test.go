package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
)

// contents are the files of a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range clitest.Written(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(data)
	}
	return all
}

// refused runs a command that must be refused before anything is computed, with
// everything in its folder as it was.
func refused(t *testing.T, name string, f flags, says ...string) {
	t.Helper()
	before, ran := contents(t, f.Out), 0
	err := run(nn.WithTrace(t.Context(), func(nn.Executed) { ran++ }), f)
	for _, part := range append(says, f.Out) {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: error %v, want one that mentions %q", name, err, part)
		}
	}
	if ran > 0 {
		t.Errorf("%s: %d operations ran", name, ran)
	}
	if diff := cmp.Diff(before, contents(t, f.Out)); diff != "" {
		t.Errorf("%s: files before -, after +:\n%s", name, diff)
	}
}

// TestNothingIsLost makes maps, and others that would take their place.
func TestNothingIsLost(t *testing.T) {
	f := small(t)
	f.Steps = 1
	runAll(t, f)
	first := contents(t, f.Out)
	runAll(t, f)
	if diff := cmp.Diff(first, contents(t, f.Out)); diff != "" {
		t.Errorf("the same command makes other files:\n%s", diff)
	}
	for name, c := range map[string]struct {
		change func(f *flags)
		says   string
	}{
		"seed":       {func(f *flags) { f.Seed = 1 }, "--seed was 0 and is 1"},
		"words":      {func(f *flags) { f.Words = []string{"crack"} }, "--words was photo,hazelnut,crack and is crack"},
		"prompt":     {func(f *flags) { f.Prompt = "a cat" }, "--prompt was a photo of"},
		"photograph": {func(f *flags) { f.Image, f.T = photograph(t), []float64{300} }, "--image was not given and is the picture"},
	} {
		other := f
		c.change(&other)
		refused(t, name, other, "other options", c.says, "--overwrite")
	}
	f.Overwrite, f.Words, f.Seed = true, []string{"crack"}, 1
	for _, name := range runAll(t, f) {
		if strings.HasPrefix(name, "hazelnut") {
			t.Errorf("%s of other options is left", name)
		}
	}
	page := filepath.Join(f.Out, "crack.png")
	if err := os.WriteFile(page, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "a map that was edited", f, page, "was changed since this program wrote it")
}

// TestFilesOfOthers are never overwritten.
func TestFilesOfOthers(t *testing.T) {
	for name, says := range map[string]string{
		"picture.png": "not known to be a file of this program", "index.html": "not known to be a file of this program",
		"crack.png": "not known", "crack-step-01.png": "not known", "crack-site-03-mid-0.png": "not known",
		"index.json": "not an index of this program",
	} {
		f := small(t)
		f.Overwrite = true
		if err := os.MkdirAll(f.Out, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.Out, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, name, f, filepath.Join(f.Out, name), says)
	}
}

// TestIndexOfOthers names no file outside its folder.
func TestIndexOfOthers(t *testing.T) {
	dir := t.TempDir()
	folder, err := files.Hold(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Release()
	for text, says := range map[string]string{
		`{"format": "attention index 1", "files": {"../x": []}}`:       `"../x"`,
		`{"format": "attention index 1", "files": null}`:               "no files",
		`{"format": "anomalyany index 1", "entries": []}`:              `"anomalyany index 1"`,
		`{"format": ` + strings.Repeat("[", 1000):                      "nested deeper",
		`{"format": "attention index 1", "options": {"--steps": 3}}`:   "options",
		`{"format": "attention index 1", "files": {"a.png": ["000"]}}`: "a.png",
	} {
		if err := os.WriteFile(filepath.Join(dir, indexName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readIndex(folder); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), folder.Path(indexName)) {
			t.Errorf("%.60s: %v, want %q", text, err, says)
		}
	}
}

// TestHeldFolder is refused to a second run.
func TestHeldFolder(t *testing.T) {
	f := small(t)
	d, err := files.Hold(f.Out)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Release()
	if err := run(t.Context(), f); !errors.Is(err, files.ErrHeld) {
		t.Errorf("%v, want ErrHeld", err)
	}
}
