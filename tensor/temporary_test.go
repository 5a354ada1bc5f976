package tensor

import (
	"path/filepath"
	"testing"
)

// TestTemporary makes files whose names are known to be temporary, and others are not.
func TestTemporary(t *testing.T) {
	dir := t.TempDir()
	seen := map[string]bool{}
	for range 3 {
		f, err := CreateTemporary(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(f.Name())
		if filepath.Dir(f.Name()) != dir || name[0] != '.' || !IsTemporary(name) || seen[name] {
			t.Errorf("a temporary file is %s, of %s", f.Name(), dir)
		}
		seen[name] = true
	}
	for _, name := range []string{"", ".sdgraph.lock", ".sdgraph-.tmp", ".sdgraph-x.tmp", "sdgraph-1.tmp", "a.sdgraph-1.tmp", ".sdgraph-1.tmp.png"} {
		if IsTemporary(name) {
			t.Errorf("%q is taken for temporary", name)
		}
	}
}
