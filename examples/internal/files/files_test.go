package files

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// names lists what lies in a directory, hidden files too.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestWrite replaces a file in one piece and leaves nothing beside it.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	for _, content := range []string{"a longer text", "short"} {
		if err := Write(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%q, %v; want %q", got, err, content)
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"a.json"}) {
		t.Errorf("there are %v", got)
	}
}

// TestWriteFails and leaves what was there.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	if err := Write(filepath.Join(dir, "none", "a.json"), nil); err == nil {
		t.Error("it writes into a directory that is not there")
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(dir, "taken"), []byte("x")); err == nil {
		t.Error("it replaces a directory")
	}
	if got := names(t, dir); !slices.Equal(got, []string{"taken"}) {
		t.Errorf("there are %v", got)
	}
}

func TestMakeWritable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 { // made, then found
		if err := MakeWritable(dir); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("it leaves %v", got)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := MakeWritable(file); err == nil {
		t.Error("a file passes for a directory")
	}
	if !Exists(file) || Exists(file+"x") {
		t.Error("Exists sees what is not there, or not what is")
	}
}

// TestHash is that of the empty file and of "abc" (FIPS 180-2, appendix B.1).
func TestHash(t *testing.T) {
	for content, want := range map[string]string{
		"":    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	} {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Hash(path); err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", content, got, err, want)
		}
	}
	if _, err := Hash("nowhere"); err == nil {
		t.Error("a file that is not there has a hash")
	}
}

// TestFingerprintOfHub: files of a cache of the hub are the same wherever it lies and whenever they came, and those of another
// commit or of a folder of one's own are not.
func TestFingerprintOfHub(t *testing.T) {
	print := func(parts ...string) string {
		t.Helper()
		path := filepath.Join(append([]string{t.TempDir()}, parts...)...)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("weights"), 0o600)); err != nil {
			t.Fatal(err)
		}
		p, err := Fingerprint(path)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	commit, other := strings.Repeat("0a", 20), strings.Repeat("0b", 20)
	first := print("models--a--b", "snapshots", commit, "unet", "x.safetensors")
	if again := print("hub", "models--a--b", "snapshots", commit, "unet", "x.safetensors"); again != first {
		t.Error("the place of the cache counts")
	}
	if print("models--a--b", "snapshots", other, "unet", "x.safetensors") == first || print("models--a--c", "snapshots", commit, "unet", "x.safetensors") == first {
		t.Error("another commit or model is the same")
	}
	here, there := print("b", "unet", "x.safetensors"), print("b", "unet", "x.safetensors")
	if here == there {
		t.Error("the place of a folder of one's own does not count")
	}
}
