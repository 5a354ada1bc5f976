package kernels

import (
	"slices"
	"testing"
)

// TestEnvironment: tests do not pass under the name of an instruction set that they did not run on.
func TestEnvironment(t *testing.T) {
	if err := CheckEnvironment(); err != nil {
		t.Error(err)
	}
}

func TestUseISA(t *testing.T) {
	before := ISA()
	defer UseISA(before)
	for _, name := range ISAs() {
		if err := UseISA(name); err != nil || ISA() != name {
			t.Errorf("UseISA(%q): %v; in use is %s", name, err, ISA())
		}
	}
	if err := UseISA("mmx"); err == nil || !slices.Contains(ISAs(), ISA()) {
		t.Errorf("UseISA(\"mmx\"): %v; in use is %s", err, ISA())
	}
}
