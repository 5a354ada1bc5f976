package files

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestHoldings knows the program's own files from others, whatever happens to
// them.
func TestHoldings(t *testing.T) {
	dir := t.TempDir()
	f, err := Hold(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	write := func(name, data string) {
		t.Helper()
		if err := Write(f.Path(name), []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	h := Holdings{}
	check := func(says, name string) {
		t.Helper()
		err := h.Check(f, "none.png", name)
		if (err != nil) != (says != "") || err != nil && (!strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), f.Path(name))) {
			t.Errorf("%s: %v, want %q", name, err, says)
		}
	}
	write("mine.png", "x")
	check("not known to be a file of this program", "mine.png")
	h.Replace("a.png", []byte("one"))
	check("", "a.png") // not there yet
	write("a.png", "one")
	check("", "a.png")
	h.Replace("a.png", []byte("two")) // killed before the name was given, or after
	check("", "a.png")
	h.Replace("a.png", []byte("two"))
	write("a.png", "two")
	check("", "a.png")
	write("a.png", "one")
	check("changed since this program wrote it", "a.png")
	h.Replace("a.png", []byte("three"))
	write("a.png", "three")
	h.Written("a.png", false)
	if got := h["a.png"]; !slices.Equal(got, []string{SHA256([]byte("three"))}) {
		t.Errorf("written: %v", got)
	}
	h.Replace("a.png", nil)
	check("", "a.png")
	h.Written("a.png", true)
	check("not known", "a.png")
	if err := os.Mkdir(f.Path("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	check("is a directory", "folder")
	if err := os.Symlink(filepath.Join(dir, "none"), f.Path("link")); err == nil {
		check("is a link", "link")
	}
}

func TestHoldingsOfOthers(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	good := Holdings{"a.png": {hash}, "normal/b.png": {hash, hash}, "gone.png": {}}
	if err := good.CheckNames(); err != nil {
		t.Error(err)
	}
	for name, hashes := range map[string][]string{
		"../a.png": {hash}, "/a.png": {hash}, "a//b": {hash}, "": {hash}, `a\b`: {hash}, "normal/../../x": {hash},
		"a.png": {"12"}, "b.png": {strings.Repeat("x", 64)}, "c.png": {hash, hash, hash, hash, hash},
	} {
		if err := (Holdings{name: hashes}).CheckNames(); err == nil {
			t.Errorf("%q with %d hashes passes", name, len(hashes))
		}
	}
}
