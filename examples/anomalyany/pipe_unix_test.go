//go:build unix

package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

// TestPipes refuses a pipe in the place of a file that flags are read from, and does not wait for its writer.
func TestPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	for says, args := range map[string][]string{
		pipe + " is a pipe, want a regular file": {"--from", pipe},
		pipe + ": not a regular file but a pipe": {"--category", "hazelnut", "--defect", "crack", "--categories", pipe},
	} {
		out, err := clitest.Program(t, args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), says) {
			t.Errorf("%v: %v, want %q in\n%s", args, err, says, out)
		}
	}
}
