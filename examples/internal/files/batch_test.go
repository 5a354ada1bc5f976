package files

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestWriteAll writes all files or none.
func TestWriteAll(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := WriteAll(File{at("a.png"), []byte("old")}); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at("taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := WriteAll(File{at("a.png"), []byte("new")}, File{at(filepath.Join("none", "b.png")), nil})
	if err == nil || !strings.Contains(err.Error(), filepath.Join("none", "b.png")+":") {
		t.Errorf("a directory that is not there: %v", err)
	}
	if got, err := os.ReadFile(at("a.png")); err != nil || string(got) != "old" {
		t.Errorf("a.png has %q (%v) after a failure, want what it had", got, err)
	}
	if err := WriteAll(File{at("b.png"), nil}, File{at("taken"), nil}, File{at("c.png"), nil}); err == nil {
		t.Error("it replaces a directory")
	}
	if got := names(t, dir); !slices.Equal(got, []string{"a.png", "b.png", "taken"}) {
		t.Errorf("there are %v", got)
	}
}

// TestFullDevice writes to a disk that has no space left.
func TestFullDevice(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	if err := naming("a.png", fill(f, []byte("data"))); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "a.png: no space left") {
		t.Errorf("%v, want that there is no space left for a.png", err)
	}
}

// TestClean removes what is temporary and nothing else.
func TestClean(t *testing.T) {
	dir := t.TempDir()
	keep := []string{".hidden", ".note.txt.123", "a.png", "b.png.123"}
	for _, name := range append([]string{".a.png.123", ".a.b.state.9", ".index.html.7", ".writable.55"}, keep...) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Clean(dir); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); !slices.Equal(got, keep) {
		t.Errorf("left are %v, want %v", got, keep)
	}
	if err := Clean(filepath.Join(dir, "none")); err == nil {
		t.Error("it cleans a directory that is not there")
	}
}

// TestTemporaryNames are those that Clean knows.
func TestTemporaryNames(t *testing.T) {
	dir := t.TempDir()
	name, err := writeTemporary(File{filepath.Join(dir, "a.png"), nil})
	if err != nil {
		t.Fatal(err)
	}
	if err := Clean(dir); err != nil {
		t.Fatal(err)
	}
	if Exists(name) {
		t.Errorf("%s is still there", name)
	}
}
