//go:build unix

package files

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestHashNoFile refuses a pipe at once, though nobody writes into it.
func TestHashNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	for path, says := range map[string]string{pipe: "this is a pipe; give a file", dir: "this is a directory", os.DevNull: "this is a device"} {
		if _, err := Hash(path); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one that names %s and says %s", err, path, says)
		}
	}
}
