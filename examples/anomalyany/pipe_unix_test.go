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
	for flag, args := range map[string][]string{"from": nil, "categories": {"--category", "hazelnut", "--defect", "crack"}} {
		out, err := clitest.Program(t, append(args, "--"+flag, pipe)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), pipe+" is a pipe, want a regular file") {
			t.Errorf("--%s: %v, want that it is a pipe, in\n%s", flag, err, out)
		}
	}
}
