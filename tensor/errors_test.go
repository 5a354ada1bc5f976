package tensor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestErrorsAre finds what is damaged and what is not there, and never takes one
// for the other.
func TestErrorsAre(t *testing.T) {
	everything := open(t, write(t, t.TempDir(), "every.safetensors", every(0)))
	get := func(name string) func() error {
		return func() error { _, err := everything.Get(name); return err }
	}
	openSet := func(files map[string]string) func() error {
		return func() error { _, err := OpenSet(directory(t, files), "m"); return err }
	}
	kinds := map[error]map[string]func() error{
		ErrDamaged: {
			"integers":           get("i64"),
			"no numbers":         get("none"),
			"empty file":         openSet(map[string]string{"m.safetensors": ""}),
			"directory":          func() error { _, err := Open(t.TempDir()); return err },
			"index of no shards": openSet(map[string]string{"m.safetensors.index.json": "{}"}),
			"index that lies": openSet(map[string]string{
				"m.safetensors.index.json": `{"weight_map":{"b":"s.safetensors"}}`, "s.safetensors": string(holding("a")),
			}),
			"large file": func() error {
				_, err := Read(write(t, t.TempDir(), "m.safetensors", holding("a")), 10)
				return err
			},
			"empty JSON": func() error {
				_, err := OnDisk(directory(t, map[string]string{"a.json": ""})).ReadFile("a.json")
				return err
			},
			"page as text": func() error {
				_, err := OnDisk(directory(t, map[string]string{"a.json": "<html>"})).ReadFile("a.json")
				return err
			},
			"link that leads nowhere": func() error {
				dir := t.TempDir()
				if err := os.Symlink("gone", filepath.Join(dir, "m.safetensors")); err != nil {
					t.Log(err)
					return ErrDamaged // Windows lets only some users make links
				}
				_, err := OpenSet(dir, "m")
				return err
			},
		},
		fs.ErrNotExist: {
			"file":      func() error { _, err := Open(filepath.Join(t.TempDir(), "m.safetensors")); return err },
			"directory": func() error { _, err := OpenSet("nowhere", "m"); return err },
			"weights":   openSet(nil),
			"pickle":    openSet(map[string]string{"m.bin": "PK\x03\x04"}),
			"shard":     openSet(map[string]string{"m.safetensors.index.json": `{"weight_map":{"b":"s.safetensors"}}`}),
			"text":      func() error { _, err := OnDisk(t.TempDir()).ReadFile("a.json"); return err },
			"in an FS":  func() error { _, err := InFS(os.DirFS(t.TempDir())).OpenSet("m"); return err },
		},
	}
	for name, lie := range lies {
		kinds[ErrDamaged]["header: "+name] = func() error {
			_, err := Open(write(t, t.TempDir(), "m.safetensors", lie.file))
			return err
		}
	}
	for name, f := range foreigners {
		kinds[ErrDamaged]["in its place: "+name] = openSet(map[string]string{"m.safetensors": f.file})
	}
	for want, calls := range kinds {
		for name, call := range calls {
			err := call()
			for kind := range kinds {
				if errors.Is(err, kind) != (kind == want) {
					t.Errorf("%s: is %v %q: %v", name, errors.Is(err, kind), kind, err)
				}
			}
		}
	}
}
