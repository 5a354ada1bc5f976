package main

import "github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"

// multiprocessor is what a multiprocessor of an architecture can hold (CUDA C++ Programming Guide, "Technical
// Specifications per Compute Capability"; CUDA Runtime API, cuda_occupancy.h).
type multiprocessor struct {
	arch                  string
	warps, blocks, shared int // warps, blocks and bytes of shared memory at a time
}

var multiprocessors = []multiprocessor{
	{"sm_80", 64, 32, 164 << 10},
	{"sm_86", 48, 16, 100 << 10},
	{"sm_89", 48, 24, 100 << 10},
	{"sm_90", 64, 32, 228 << 10},
	{"sm_120", 48, 24, 100 << 10},
}

// What all of them have in common.
const (
	warpThreads       = 32
	registers         = 64 << 10 // 32-bit registers of a multiprocessor
	partitions        = 4        // which share the registers evenly, and the warps
	registerUnit      = 256      // registers are given to a warp by so many
	sharedUnit        = 128      // shared memory is given to a block by so many bytes
	sharedReserved    = 1 << 10  // of each block's shared memory, for the system
	registersOfThread = 255
)

// resident returns how many blocks of a kernel a multiprocessor holds at a time. It counts as cuda_occupancy.h does.
func (m multiprocessor) resident(r modules.Resources, threads, dynamic int) int {
	warps := (threads + warpThreads - 1) / warpThreads
	n := min(m.blocks, m.warps/warps)
	if r.Registers > 0 {
		ofWarp := roundUp(r.Registers*warpThreads, registerUnit)
		if r.Registers > registersOfThread || ofWarp*roundUp(warps, partitions) > registers {
			return 0
		}
		n = min(n, registers/partitions/ofWarp*partitions/warps)
	}
	shared := roundUp(r.Shared+dynamic+sharedReserved, sharedUnit)
	return min(n, m.shared/shared)
}

// occupancy is the part of a multiprocessor's warps that so many blocks are, in percent.
func (m multiprocessor) occupancy(blocks, threads int) int {
	return 100 * blocks * ((threads + warpThreads - 1) / warpThreads) / m.warps
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }
