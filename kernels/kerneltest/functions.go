// Package kerneltest is the conformance suite of package kernels: every kernel against a naive float64 loop, its
// gradient against finite differences of that loop, at sizes chosen for their remainders, between guard words, and in
// place where the kernel's documentation allows it.
//
// An implementation (another instruction set, another device) fills in [Functions] and calls [Run].
package kerneltest

import "github.com/sdgraph/sdgraph/kernels"

// Functions are the kernels of one implementation. Those that are nil are skipped.
type Functions struct {
	kernels.Functions

	// Nearest finds, for each of the m rows of x [m, k], the nearest of the n of bank [n, k], as kernels.Bank does.
	Nearest func(dist []float32, index []int, x, bank []float32, m, n, k int)

	// SquareGrad is whether ConvGrad takes square kernels only.
	SquareGrad bool

	// Tolerance multiplies the error that is allowed of float32 arithmetic; 0 means 1.
	Tolerance float64
}

// CPU is package kernels itself, on the instruction set in use, in float32.
func CPU() Functions {
	f, err := kernels.CPU(kernels.Float32)
	if err != nil {
		panic(err) // every processor can
	}
	return Functions{Functions: f, Nearest: func(dist []float32, index []int, x, bank []float32, m, n, k int) {
		kernels.NewBank(bank, n, k).Nearest(dist, index, x, m)
	}}
}
