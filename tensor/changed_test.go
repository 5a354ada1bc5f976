package tensor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// meddled is what others do to a file under an open one, and whether it has
// changed then, or was replaced.
var meddled = map[string]struct {
	meddle            func(path string) error
	changed, replaced bool
}{
	"left alone": {func(string) error { return nil }, false, false},
	"touched":    {func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)) }, true, false},
	"overwritten": {func(path string) error {
		return errors.Join(overwrite(path, every(0)), os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)))
	}, true, false},
	"cut short":    {func(path string) error { return os.Truncate(path, 100) }, true, false},
	"grown":        {func(path string) error { return os.Truncate(path, 1<<20) }, true, false},
	"renamed over": {renameOver, false, true},
	"written to and renamed over": {func(path string) error {
		return errors.Join(os.Truncate(path, 100), renameOver(path))
	}, true, true},
	"removed":    {os.Remove, false, false},
	"moved away": {func(path string) error { return os.Rename(path, path+".old") }, false, false},
	"protected":  {func(path string) error { return os.Chmod(path, 0o400) }, false, false},
	"linked to":  {func(path string) error { return os.Link(path, path+".too") }, false, false},
}

// overwrite writes over the beginning of a file, which stays the same file.
func overwrite(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// renameOver puts another file in the place of one.
func renameOver(path string) error {
	return errors.Join(os.WriteFile(path+".new", every(8), 0o600), os.Rename(path+".new", path))
}

// TestChanged meddles with files, also where they are reached through a link as
// in the hub's cache.
func TestChanged(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file in use cannot be changed")
	}
	for name, c := range meddled {
		for _, linked := range []bool{false, true} {
			dir := t.TempDir()
			path := write(t, dir, "m.safetensors", every(0))
			at := path
			if linked {
				at = filepath.Join(t.TempDir(), "link.safetensors")
				if err := os.Symlink(path, at); err != nil {
					t.Fatal(err)
				}
			}
			f := open(t, at)
			want := hashOf(every(0))
			if err := c.meddle(path); err != nil {
				t.Fatal(err)
			}
			err := f.Changed()
			if c.changed != errors.Is(err, ErrChanged) || err != nil && (!c.changed || !strings.Contains(err.Error(), at)) {
				t.Errorf("%s: Changed: %v, want ErrChanged with the path: %v", name, err, c.changed)
			}
			err = f.Replaced()
			if c.replaced != errors.Is(err, ErrReplaced) || err != nil && (!c.replaced || !strings.Contains(err.Error(), at)) {
				t.Errorf("%s: Replaced: %v, want ErrReplaced with the path: %v", name, err, c.replaced)
			}
			hashes, err := f.Hashes(t.Context())
			switch {
			case c.changed:
				if !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), at) {
					t.Errorf("%s: Hashes: %v, want ErrChanged with the path", name, err)
				}
			case err != nil || hashes[at] != want:
				t.Errorf("%s: Hashes: %v, %v, want that of what was opened, %s", name, hashes, err, want)
			}
		}
	}
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// TestHashes are those of all files, of an fs.FS too.
func TestHashes(t *testing.T) {
	index := `{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}`
	files := map[string]string{"m.safetensors.index.json": index, "1.safetensors": string(holding("a")), "2.safetensors": string(holding("b"))}
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	for kind, dir := range map[string]Dir{"disk": OnDisk(directory(t, files)), "fs": InFS(fsys)} {
		s, err := dir.OpenSet("m")
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Hashes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, path := range s.Paths() {
			want[path] = hashOf([]byte(files[filepath.Base(path)]))
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) != 3 {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
		if err := errors.Join(s.Changed(), s.Replaced(), s.Close()); err != nil {
			t.Error(err)
		}
		_, err = s.Hashes(t.Context())
		wantError(t, err, "closed", "1.safetensors")
	}
}

func TestHashesAreCancelled(t *testing.T) {
	f := open(t, write(t, t.TempDir(), "m.safetensors", every(0)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Hashes(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestRead reads a file that is gone, and changed, before its tensors are.
func TestRead(t *testing.T) {
	path := write(t, t.TempDir(), "m.safetensors", every(0))
	f, err := Read(path, int64(len(every(0))))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	d, err := f.Get("f32")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{1.5, -2}, Float32s(d)); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
	if err := errors.Join(f.Changed(), f.Replaced(), f.Close()); err != nil {
		t.Error(err)
	}
	_, err = Read(path, 1000)
	wantError(t, err, path, "the file is empty")
	_, err = Read(write(t, t.TempDir(), "m.safetensors", every(0)), 100)
	wantError(t, err, "m.safetensors", "want at most 100")
	_, err = Read(t.TempDir(), 100)
	wantError(t, err, "not a regular file but a directory")
}
