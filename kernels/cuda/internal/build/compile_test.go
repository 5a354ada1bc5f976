package main

import (
	"reflect"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

// What ptxas says of two kernels, the first of which calls a function that was not inlined.
const words = `ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'first' for 'sm_90'
ptxas info    : Function properties for helper
    48 bytes stack frame, 16 bytes spill stores, 24 bytes spill loads
ptxas info    : Function properties for first
    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 96 registers, used 1 barriers, 8 bytes cumulative stack size, 2048 bytes smem, 436 bytes cmem[0]
ptxas info    : Compile time = 82.118 ms
ptxas info    : Compiling entry function 'second' for 'sm_90'
ptxas info    : Function properties for second
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 40 registers, used 0 barriers
`

const ptx = `
.visible .entry first(
	.param .u64 .ptr .align 1 first_param_0,
	.param .f32 first_param_1
)
.maxntid 128, 2
{
}
.visible .entry second(
)
{
}
`

func TestNote(t *testing.T) {
	kernels := map[string]*modules.Kernel{}
	if err := note(kernels, "a.cu", words); err != nil {
		t.Fatal(err)
	}
	noteEntries(kernels, ptx)
	want := map[string]*modules.Kernel{
		"first": {Name: "first", Source: "a.cu", Threads: 256, Params: []int{8, 4},
			Resources: map[string]modules.Resources{
				"sm_90": {Registers: 96, Shared: 2048, Stack: 8, SpillStores: 4, SpillLoads: 12},
			}},
		"second": {Name: "second", Source: "a.cu", Params: []int{}, Resources: map[string]modules.Resources{
			"sm_90": {Registers: 40},
		}},
	}
	if !reflect.DeepEqual(kernels, want) {
		for name, k := range kernels {
			t.Errorf("%s: %+v", name, *k)
		}
	}
	if err := note(kernels, "a.cu", "ptxas info    : Used 40 registers\n"); err == nil {
		t.Error("registers of no kernel were taken")
	}
}
