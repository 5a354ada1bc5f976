// Package emulator runs the kernels of package cuda without a GPU: their sources, compiled by g++ with the headers in
// host/ in place of nvcc's, in a process of their own that this package starts and talks to over pipes.
//
// A block's threads are fibers, blocks run one after another, and warp-wide functions compute what the PTX ISA says
// from where it says that the operands are, so a kernel that passes here has its fragments, barriers and bounds
// right. Beyond what a GPU does, the emulator reports
//
//   - barriers and warp-wide functions that not all threads reach, with the kernel, the block and the lines;
//   - arguments that are not of the parameters' types;
//   - grids and blocks of sizes that no GPU takes;
//   - reading what nobody wrote, as NaN: device memory and shared memory start filled with it, and so is the target of an
//     asynchronous copy until it has been waited for;
//   - missing barriers, as wrong results, since the order in which warps run is drawn by lot;
//   - with [Options].Sanitize every access outside an allocation or outside shared memory, every misaligned one and
//     every undefined operation, as an error that ends the emulator.
//
// What it cannot show is how fast a kernel is, how many registers it takes, and what races inside a warp do.
package emulator

// Options say how the emulator is built.
type Options struct {
	// Sanitize compiles with AddressSanitizer and UndefinedBehaviorSanitizer, which is several times slower.
	Sanitize bool
	// Sources are the kernels, files of CUDA C++ that include device.h; nil means those of package cuda.
	Sources []string
}
