package kerneltest

import (
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
)

// TestISAs runs package kernels through the suite on every instruction set of this machine.
func TestISAs(t *testing.T) {
	before := kernels.ISA()
	defer func() {
		if err := kernels.UseISA(before); err != nil {
			t.Fatal(err)
		}
	}()
	for _, name := range kernels.ISAs() {
		t.Run(name, func(t *testing.T) {
			if err := kernels.UseISA(name); err != nil {
				t.Fatal(err)
			}
			Run(t, CPU())
		})
	}
}
