//go:build unix

package files

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadPipe does not wait for somebody to write into it.
func TestReadPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := Read(path, 10); err == nil || !strings.Contains(err.Error(), path+" is a pipe, want a regular file") {
		t.Errorf("Read: %v", err)
	}
	if _, err := HashPlain(path); err == nil || !strings.Contains(err.Error(), "a pipe") {
		t.Errorf("HashPlain: %v", err)
	}
}
