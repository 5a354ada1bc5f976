package photos

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// filled is a folder with empty files.
func filled(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestMasks finds masks by the photographs' names, but never takes a photograph for its own mask.
func TestMasks(t *testing.T) {
	dir := filled(t, "a.jpg", "a_mask.png", "b.png", "b-mask.PNG", "c.png", "d.txt")
	in := func(name string) string { return filepath.Join(dir, name) }
	got, err := Masks([]string{in("a.jpg"), in("b.png"), in("c.png"), "elsewhere/c.jpg", "e.png"}, dir)
	if diff := cmp.Diff([]string{in("a_mask.png"), in("b-mask.PNG"), "", in("c.png"), ""}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := Masks(nil, in("nowhere")); err == nil {
		t.Error("a folder that is not there has masks")
	}
}

// TestListSaysWhatIsPassedOver lists a folder's pictures once, and counts the rest.
func TestListSaysWhatIsPassedOver(t *testing.T) {
	dir := filled(t, "b.png", "a.JPG", ".hidden.png", "notes.txt")
	if err := os.Mkdir(filepath.Join(dir, "more.png"), 0o700); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	got, err := List(&said, []string{filepath.Join(dir, "b.png"), dir})
	if diff := cmp.Diff([]string{filepath.Join(dir, "b.png"), filepath.Join(dir, "a.JPG")}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if want := "2 photographs; passed over: 1 hidden, 1 folders, 1 other files"; !strings.Contains(said.String(), want) {
		t.Errorf("said %q, want %q", said.String(), want)
	}
	if _, err := List(io.Discard, []string{filled(t, "a.txt")}); err == nil || !strings.Contains(err.Error(), "there is no picture in the folder") {
		t.Error("a folder without pictures:", err)
	}
}
