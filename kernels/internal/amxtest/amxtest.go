// Package amxtest runs tests of AMX code on processors that lack AMX. A test
// binary starts itself anew as a traced process; where that meets an instruction
// that the processor does not know, the tracer does what the instruction would
// have done (machine.go) and lets the process go on behind it (trace_*.go).
//
// It finds wrong encodings, shapes of tiles that do not fit, memory outside of
// operands, and wrong results. It says nothing about speed.
package amxtest

import (
	"os"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/internal/isa"
)

// variable tells a process that it is the traced one.
const variable = "SDGRAPH_TEST_AMX"

// Run runs f on AMX: the processor's own, or an emulated one in a process of its
// own, which takes a tenth of a millisecond for each instruction. It skips the test
// where neither can be had, and with go test -short where the latter would be.
func Run(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	before := isa.Current()
	if isa.Supported()[0] != isa.AMX && os.Getenv(variable) == "" {
		if !isa.HasBFloat16() {
			t.Skip("AMX is emulated on top of AVX512_BF16 only, which this machine or build lacks")
		}
		if testing.Short() {
			t.Skip("emulating AMX takes long")
		}
		trace(t)
		return
	}
	isa.Force(isa.AMX)
	defer isa.Force(before)
	f(t)
}
