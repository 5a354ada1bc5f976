package files

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path, 3); err != nil || string(got) != "abc" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Read(path, 2); err == nil || !strings.Contains(err.Error(), path+" has 3 bytes, want at most 2") {
		t.Errorf("a file that is too large: %v", err)
	}
	if _, err := Read(filepath.Dir(path), 10); err == nil || !strings.Contains(err.Error(), "is a directory, want a regular file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Read(os.DevNull, 10); err == nil {
		t.Error("a device is read")
	}
}

// TestOpenPlain opens files, and follows no link.
func TestOpenPlain(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "a"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenPlain(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := OpenPlain(dir); err == nil || !strings.Contains(err.Error(), "is a directory, want a regular file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := OpenPlain(filepath.Join(dir, "b")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	if _, err := OpenPlain(link); err == nil || !strings.Contains(err.Error(), link+" is a link") {
		t.Errorf("a link: %v", err)
	}
}

// TestBoundedJSON ends what is too deep, too wide or too long, and passes on the
// rest.
func TestBoundedJSON(t *testing.T) {
	for text, says := range map[string]string{
		`{"a": [1, 2, {"b": "[[[[{{{{\"["}]}`:                "",
		strings.Repeat("[", 100):                             "deeper than 4",
		`[` + strings.Repeat("1,", 100) + `1]`:               "",
		`[[` + strings.Repeat("1,", 100) + `1]]`:             "",
		`[[[` + strings.Repeat("1,", 100) + `1]]]`:           "an entry of more than 64 bytes",
		`["` + strings.Repeat("a", 100) + `"]`:               "an entry of more than 64 bytes",
		`[` + strings.Repeat(" ", 100) + `]`:                 "an entry of more than 64 bytes",
		`[` + strings.Repeat("1,\n", 1000) + `1]`:            "more than 1024 bytes",
		`["` + strings.Repeat(`\"`, 20) + `", "\\", [[[]]]]`: "",
	} {
		var v any
		err := json.NewDecoder(NewBoundedJSON(strings.NewReader(text), 4, 64, 1024)).Decode(&v)
		if (err != nil) != (says != "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%.30s: %v, want %q", text, err, says)
		}
	}
}

func TestIdentity(t *testing.T) {
	id := Identity{"--steps": "8", "--mask": "the file 12"}
	if d := id.Differences(Identity{"--steps": "9", "--old": "x"}); strings.Join(d, "; ") !=
		"--mask was not given and is the file 12; --steps was 9 and is 8; --old was x and is not known" {
		t.Errorf("%q", d)
	}
	if id.Hash() != (Identity{"--mask": "the file 12", "--steps": "8"}).Hash() || id.Hash() == (Identity{}).Hash() {
		t.Error("hashes do not tell identities apart")
	}
	path := filepath.Join(t.TempDir(), "w")
	var seen []string
	for _, data := range []string{"1", "12"} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		print, err := Fingerprint(path)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, print)
	}
	if again, err := Fingerprint(path); err != nil || again != seen[1] || seen[0] == seen[1] {
		t.Errorf("%v, then %s (%v)", seen, again, err)
	}
}
