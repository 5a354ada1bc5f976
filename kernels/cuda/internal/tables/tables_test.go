package main

import (
	"math"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

// TestResident has numbers that cudaOccMaxActiveBlocksPerMultiprocessor of cuda_occupancy.h (CUDA 13.5) gives.
func TestResident(t *testing.T) {
	for _, c := range []struct {
		registers, threads, shared int
		want                       [5]int // of sm_80, sm_86, sm_89, sm_90, sm_120
	}{
		{32, 32, 0, [5]int{32, 16, 24, 32, 24}}, // blocks
		{96, 128, 24576, [5]int{5, 4, 4, 5, 4}}, // registers or shared memory
		{128, 96, 49152, [5]int{3, 2, 2, 4, 2}}, // shared memory
		{168, 128, 0, [5]int{3, 3, 3, 3, 3}},    // registers
		{255, 1024, 0, [5]int{0, 0, 0, 0, 0}},   // more registers than there are
	} {
		for i, m := range multiprocessors {
			got := m.resident(modules.Resources{Registers: c.registers}, c.threads, c.shared)
			if got != c.want[i] {
				t.Errorf("%s with %d registers, %d threads, %d bytes: %d blocks, want %d", m.arch, c.registers,
					c.threads, c.shared, got, c.want[i])
			}
		}
	}
	if got := multiprocessors[0].occupancy(5, 128); got != 31 {
		t.Errorf("5 blocks of 128 threads occupy %d %%, want 31", got)
	}
}

// TestRoofline does the sums of one site by another way: its largest, forward on the first GPU.
func TestRoofline(t *testing.T) {
	w := sites[0].forward()
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"bytes", w.bytes, 4*(2*4096*320*4) + 2*8*4096*4},
		{"operations", w.operations, 2 * 8 * 2 * (4096 * 4096 * 40 * 2)},
		{"exponentials", w.exponentials, 2 * 8 * 4096 * 4096},
	} {
		if math.Abs(c.got-c.want) > 1e-9*c.want {
			t.Errorf("%s: %g, want %g", c.name, c.got, c.want)
		}
	}
	seconds, by := gpus[0].bound(w, gpus[0].tensor)
	if want := 2.0 * 8 * 4096 * 4096 * 160 / 312e12; by != "products" || math.Abs(seconds-want) > 1e-9*want {
		t.Errorf("bound by %s with %g s, want products with %g s", by, seconds, want)
	}
}

func TestReplace(t *testing.T) {
	text := "a\n<!-- x: written by internal/tables -->\nold\n<!-- end -->\nb\n<!-- end -->\n"
	got, err := replace([]byte(text), "x", "new\n")
	if err != nil || string(got) != strings.Replace(text, "old", "new", 1) {
		t.Errorf("%q, error %v", got, err)
	}
	if _, err := replace([]byte(text), "y", ""); err == nil {
		t.Error("a section that is not there was replaced")
	}
}
