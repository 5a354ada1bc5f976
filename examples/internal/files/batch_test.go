package files

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
)

// TestWriteAll writes all files or none.
func TestWriteAll(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := WriteAll(File{Path: at("a.png"), Data: []byte("old")}); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at("taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := WriteAll(File{Path: at("a.png"), Data: []byte("new")}, File{Path: at(filepath.Join("none", "b.png"))})
	if err == nil || !strings.Contains(err.Error(), filepath.Join("none", "b.png")+":") {
		t.Errorf("a directory that is not there: %v", err)
	}
	if got, err := os.ReadFile(at("a.png")); err != nil || string(got) != "old" {
		t.Errorf("a.png has %q (%v) after a failure, want what it had", got, err)
	}
	if err := WriteAll(File{Path: at("b.png")}, File{Path: at("taken")}, File{Path: at("c.png")}); err == nil {
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

// TestOrder gives names and removes files in the order given.
func TestOrder(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := WriteAll(File{Path: at("a.json")}, File{Path: at("a.png")}); err != nil {
		t.Fatal(err)
	}
	var seen []string
	Changed = func(string) { seen = append(seen, strings.Join(names(t, dir), " ")) }
	t.Cleanup(func() { Changed = nil })
	if err := WriteAll(File{Path: at("a.json"), Remove: true}, File{Path: at("gone"), Remove: true}, File{Path: at("b.png")}, File{Path: at("a.json")}); err != nil {
		t.Fatal(err)
	}
	var visible []string
	for _, s := range seen {
		visible = append(visible, strings.Join(slices.DeleteFunc(strings.Fields(s), tensor.IsTemporary), " "))
	}
	if want := []string{"a.png", "a.png", "a.png b.png", "a.json a.png b.png"}; !slices.Equal(visible, want) {
		t.Errorf("there were one after another %q, want %q", visible, want)
	}
}

// TestPermissions are those of any new file.
func TestPermissions(t *testing.T) {
	dir := t.TempDir()
	plain, written := filepath.Join(dir, "plain"), filepath.Join(dir, "written")
	f, err := os.Create(plain)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := Write(written, nil); err != nil {
		t.Fatal(err)
	}
	a, err1 := os.Stat(plain)
	b, err2 := os.Stat(written)
	if err := errors.Join(err1, err2); err != nil || a.Mode() != b.Mode() {
		t.Errorf("%v, want %v: %v", b.Mode(), a.Mode(), err)
	}
}

// TestLinks are replaced, not followed.
func TestLinks(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "mine")
	if err := os.WriteFile(outside, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a.png")
	if err := os.Symlink(outside, path); err != nil {
		t.Skip(err)
	}
	if err := Write(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(outside); err != nil || string(got) != "mine" {
		t.Errorf("the linked file has %q (%v)", got, err)
	}
}

// TestClean removes what is temporary and nothing else.
func TestClean(t *testing.T) {
	dir := t.TempDir()
	keep := []string{".a.png.123", ".hidden", ".note.png.7", ".sdgraph-x.tmp", "a.png", "sdgraph-1.tmp"}
	for _, name := range append([]string{".sdgraph-123.tmp", ".sdgraph-9.tmp"}, keep...) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, ".sdgraph-17.tmp", "maps"), 0o700); err != nil {
		t.Fatal(err)
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
	name, err := writeTemporary(File{Path: filepath.Join(dir, "a.png")})
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
