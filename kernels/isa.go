package kernels

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels/internal/isa"
)

// ISA names the instruction set in use: "amx", "avx512", "avx2" or "purego". The
// fastest the machine can run is chosen at start-up; the environment variable
// SDGRAPH_ISA forces another ([CheckEnvironment]), and the build tag noasm leaves only
// "purego".
//
// On "amx" float32 products with weights in half precision are sums of bfloat16
// products, with no more rounding error; but an infinite input, or one that bfloat16
// rounds to infinity (above 3.39e38), makes the sums that it is in NaN.
func ISA() string { return isa.Current().String() }

// CheckEnvironment returns an error if the environment variable SDGRAPH_ISA names an
// instruction set that this machine or build cannot run, unless [UseISA] has chosen
// another since. The kernels, which return no errors, then compute on the fastest one;
// a program asks before it computes, as nn.Compile does.
func CheckEnvironment() error {
	if err := isa.Environment(); err != nil {
		return fmt.Errorf("kernels: %w", err)
	}
	return nil
}

// ISAs lists the instruction sets this machine and build can run, fastest
// first. It is never empty: "purego" is always the last.
func ISAs() []string {
	var names []string
	for _, l := range isa.Supported() {
		names = append(names, l.String())
	}
	return names
}

// UseISA chooses the instruction set of every call that starts from now on, for tests
// and benchmarks. It returns an error if this machine or build cannot run it. Results
// differ between instruction sets by rounding.
func UseISA(name string) error {
	if err := isa.Use(name); err != nil {
		return fmt.Errorf("kernels: %w", err)
	}
	return nil
}
