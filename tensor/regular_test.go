package tensor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestLinksThatLeadNowhere are errors that say so, and not files that are
// missing: those may be looked for elsewhere.
func TestLinksThatLeadNowhere(t *testing.T) {
	dir := t.TempDir()
	for link, target := range map[string]string{"m.safetensors": "../blobs/gone", "config.json": filepath.Join(dir, "gone"), "part": "gone", "chain.json": "first", "first": "part/second"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip(err) // Windows lets only some users make links
		}
	}
	d := OnDisk(dir)
	_, weights := OpenSet(dir, "m")
	_, text := d.ReadFile("config.json")
	_, below := d.Sub("part").ReadFile("config.json")
	_, chain := d.ReadFile("chain.json")
	for path, c := range map[string]struct {
		err    error
		target string
	}{
		"m.safetensors": {weights, filepath.Join(filepath.Dir(dir), "blobs", "gone")},
		"config.json":   {text, filepath.Join(dir, "gone")},
		"part":          {below, filepath.Join(dir, "gone")},
		"chain.json":    {chain, filepath.Join(dir, "gone")},
	} {
		wantError(t, c.err, d.Path(path)+": a link to "+c.target+", which is not there: the download was not finished")
		if errors.Is(c.err, fs.ErrNotExist) {
			t.Errorf("%s: %v is ErrNotExist", path, c.err)
		}
		if !d.Exists(path) {
			t.Errorf("%s does not exist", path)
		}
	}
	if err := os.Symlink("loop.json", filepath.Join(dir, "loop.json")); err != nil || !d.Exists("loop.json") {
		t.Errorf("a link to itself does not exist: %v", err)
	}
	if _, err := d.ReadFile("other.json"); !errors.Is(err, fs.ErrNotExist) || d.Exists("other.json") {
		t.Errorf("a file that nothing names: %v", err)
	}
}

// TestReadFileRefuses what could be no text of a model's.
func TestReadFileRefuses(t *testing.T) {
	dir := directory(t, map[string]string{"empty.json": "", "empty.txt": "", "long.json": ""})
	if err := os.Truncate(filepath.Join(dir, "long.json"), maxText+1); err != nil {
		t.Fatal(err)
	}
	for kind, d := range map[string]Dir{"disk": OnDisk(dir), "fs": InFS(os.DirFS(dir))} {
		_, err := d.ReadFile("empty.json")
		wantError(t, err, d.Path("empty.json"), "the file is empty; want JSON")
		_, err = d.ReadFile("long.json")
		wantError(t, err, d.Path("long.json"), "want at most 16777216")
		if text, err := d.ReadFile("empty.txt"); err != nil || len(text) != 0 {
			t.Errorf("%s: %q, %v", kind, text, err)
		}
	}
}

// TestUnfinishedDownloads are found where programs leave them.
func TestUnfinishedDownloads(t *testing.T) {
	beside := directory(t, map[string]string{"m.safetensors.incomplete": "", "m.bin": ""})
	_, err := OpenSet(beside, "m")
	wantError(t, err, "looked for m.safetensors", "found "+filepath.Join(beside, "m.safetensors.incomplete"), "not finished")

	model := t.TempDir()
	downloads := filepath.Join(model, ".cache", "huggingface", "download", "unet")
	if err := errors.Join(os.MkdirAll(downloads, 0o700), os.Mkdir(filepath.Join(model, "unet"), 0o700)); err != nil {
		t.Fatal(err)
	}
	part := write(t, downloads, "abc.0123.incomplete", nil)
	_, err = OpenSet(filepath.Join(model, "unet"), "m")
	wantError(t, err, "looked for m.safetensors", "found "+part)
}
