package main

import (
	"path/filepath"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

// TestSignal: Ctrl-C ends a run in good order, and what was done is kept.
func TestSignal(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"nut": {3, 3, 3}}), filepath.Join(t.TempDir(), "out")
	t.Setenv(withFake, "slow")
	args := []string{"detection", "--data", data, "--detector", "padim", "--out", out}
	clitest.Interrupt(t, clitest.Program(t, args...), "the detector waits")
	rows, err := readRows(filepath.Join(out, resultsName))
	if err != nil || len(rows) != 2 {
		t.Errorf("%d rows, %v, want those of two seeds", len(rows), err)
	}
	t.Setenv(withFake, "fast")
	if err := clitest.Program(t, args...).Run(); err != nil {
		t.Error(err)
	}
	if rows, err := readRows(filepath.Join(out, resultsName)); err != nil || len(rows) != 5 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}
