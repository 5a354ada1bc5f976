package files

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestHold gives a folder to one run at a time, and leaves nothing.
func TestHold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	first, err := Hold(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(dir); !errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second run: %v, want ErrHeld and the folder", err)
	}
	if got, want := first.Path("n/a.png"), filepath.Join(dir, "n", "a.png"); got != want {
		t.Errorf("a path is %s, want %s", got, want)
	}
	first.Release()
	if Exists(dir) {
		t.Error("an empty folder that Hold has made is left")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".sdgraph-12.tmp", ".note.png.7", lockName} { // as a killed run leaves them, and a user's
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	second, err := Hold(dir)
	if err != nil {
		t.Fatal(err)
	}
	second.Release()
	if got := names(t, dir); !slices.Equal(got, []string{".note.png.7"}) {
		t.Errorf("left are %v", got)
	}
}

// TestHoldAtOnce has many ask for a folder, each of which gives it back: never
// do two have it.
func TestHoldAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	var holders, held atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				f, err := Hold(dir)
				if errors.Is(err, ErrHeld) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if holders.Add(1) != 1 {
					t.Error("two have it")
				}
				held.Add(1)
				holders.Add(-1)
				f.Release()
			}
		})
	}
	all.Wait()
	if held.Load() == 0 {
		t.Error("nobody got it")
	}
}

func TestHoldRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, lockName), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(dir); err == nil || !strings.Contains(err.Error(), lockName) {
		t.Errorf("a folder in the place of the lock: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(file); err == nil {
		t.Error("a file is held")
	}
	long := filepath.Join(dir, strings.Repeat("x", 300))
	if _, err := Hold(long); err == nil || strings.Count(err.Error(), long) != 1 {
		t.Errorf("a name that is too long: %v, want one that names it once", err)
	}
	if err := os.Symlink(filepath.Join(dir, "gone"), filepath.Join(dir, "link")); err == nil {
		if _, err := Hold(filepath.Join(dir, "link")); err == nil {
			t.Error("a link that leads nowhere is held")
		}
	}
	outside := filepath.Join(t.TempDir(), "outside")
	linked := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(linked, lockName)); err != nil {
		t.Skip(err)
	}
	if _, err := Hold(linked); err == nil || Exists(outside) {
		t.Errorf("a link in the place of the lock: %v", err)
	}
}
