package tensor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	gt "gorgonia.org/tensor"
)

// TestDir reads the same from the disk and from an fs.FS: files, tensors, and
// what a file says about itself.
func TestDir(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "part"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, root, "part/m.safetensors", every(1))
	write(t, root, "part/config.json", []byte("{}"))
	for name, c := range map[string]struct {
		dir  Dir
		path string
	}{
		"disk": {OnDisk(root), root},
		"fs":   {InFS(os.DirFS(root)), "."},
	} {
		t.Run(name, func(t *testing.T) {
			part := c.dir.Sub("part")
			if got, want := part.String(), filepath.Join(c.path, "part"); filepath.FromSlash(got) != want {
				t.Errorf("the part is %q, want %q", got, want)
			}
			if !part.Exists("config.json") || part.Exists("none") || !c.dir.Exists("part") {
				t.Error("Exists sees what is not there, or not what is")
			}
			if text, err := part.ReadFile("config.json"); err != nil || string(text) != "{}" {
				t.Errorf("ReadFile: %q, %v", text, err)
			}
			_, err := part.ReadFile("none")
			var at *fs.PathError
			if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &at) || at.Path != part.Path("none") {
				t.Errorf("ReadFile of nothing: %v, want ErrNotExist for %s", err, part.Path("none"))
			}
			s, err := part.OpenSet("none", "m")
			if err != nil {
				t.Fatal(err)
			}
			checkSet(t, s, part.Path("m.safetensors"))
		})
	}
}

// checkSet wants the tensors of every, before Close and not after.
func checkSet(t *testing.T, s *Set, path string) {
	t.Helper()
	if diff := cmp.Diff([]string{path}, s.Paths()); diff != "" {
		t.Errorf("Paths (-want +got):\n%s", diff)
	}
	wanted := open(t, write(t, t.TempDir(), "m.safetensors", every(1)))
	if diff := cmp.Diff(wanted.Names(), s.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
	var last *gt.Dense
	for _, name := range []string{"f32", "f16", "bf16", "f64"} {
		want, err1 := wanted.Get(name)
		got, err2 := s.Get(name)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		s.Forget(name) // gives nothing away that is still needed
		if diff := cmp.Diff(Float32s(want), Float32s(got)); diff != "" || want.Dtype() != got.Dtype() {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		last = got
	}
	if last == nil {
		t.Error("nothing was compared")
	}
	if err := s.Changed(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err := s.Get("f32")
	wantError(t, err, "closed", path)
}

// TestDirErrors are those of the disk, with paths from the root of the fs.FS.
func TestDirErrors(t *testing.T) {
	fsys := fstest.MapFS{
		"broken/m.safetensors":            {Data: []byte("abc")},
		"shards/m.safetensors.index.json": {Data: []byte(`{"weight_map":{"a":"1.safetensors"}}`)},
		"pickle/m.bin":                    {Data: []byte("PK")},
	}
	for part, says := range map[string][]string{
		"broken": {"broken/m.safetensors: ", "too short"},
		"shards": {"shards/m.safetensors.index.json: 1 of 1 shards are not there", "shards/1.safetensors"},
		"pickle": {"pickle: no weights: looked for m.safetensors", "found m.bin, a pickle"},
		"none":   {"model weights: ", "none"},
	} {
		_, err := InFS(fsys).Sub(part).OpenSet("m")
		wantError(t, err, says...)
	}
}

// TestReadUpTo reads so many bytes and no more, of regular files alone.
func TestReadUpTo(t *testing.T) {
	disk := t.TempDir()
	if err := os.WriteFile(disk+"/four", []byte("1234"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(disk+"/folder", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]Dir{
		"disk": OnDisk(disk),
		"fs":   InFS(fstest.MapFS{"four": {Data: []byte("1234")}, "folder": {Mode: fs.ModeDir}}),
	} {
		if data, err := dir.ReadUpTo("four", 4); err != nil || string(data) != "1234" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		for file, says := range map[string]string{"four": "four: the file has more bytes than it may, want at most 3", "folder": "folder"} {
			if _, err := dir.ReadUpTo(file, 3); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %s: error %v, want one that says %s", name, file, err, says)
			}
		}
		if _, err := dir.ReadUpTo("none", 3); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a file that is not there: %v", name, err)
		}
	}
	if _, err := OnDisk("/dev").ReadUpTo("zero", 3); err == nil {
		t.Error("a device is read")
	}
}
