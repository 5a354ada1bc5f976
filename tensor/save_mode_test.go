package tensor

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	gt "gorgonia.org/tensor"
)

// TestSaveMode: a saved file has the permissions of any new one.
func TestSaveMode(t *testing.T) {
	plain, saved := filepath.Join(t.TempDir(), "plain"), filepath.Join(t.TempDir(), "saved")
	if err := errors.Join(os.WriteFile(plain, nil, 0o666), Save(saved, map[string]*gt.Dense{"x": FromFloat32s([]float32{1}, 1)}, nil)); err != nil {
		t.Fatal(err)
	}
	a, err1 := os.Stat(plain)
	b, err2 := os.Stat(saved)
	if err := errors.Join(err1, err2); err != nil || a.Mode() != b.Mode() {
		t.Errorf("%v, want %v: %v", b.Mode(), a.Mode(), err)
	}
}
