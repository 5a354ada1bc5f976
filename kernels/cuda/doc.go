// Package cuda is package kernels on a GPU: the same functions, computed by kernels in CUDA C++.
//
// A [Device] has methods with the signatures of kerneltest.Functions, whose slices are of device memory. It launches
// kernels through a [Driver]: a GPU's, or the emulator's (package emulator), in which the same sources run as host
// C++ and pass the conformance suite of package kernels under AddressSanitizer. Values between kernels are float32;
// how matrices are multiplied is the device's precision ([Device.With]).
//
// # Files
//
//	driver.go device.go precision.go    what runs kernels, memory, the ways to multiply
//	attention.go attention_grad.go      softmax(q·kᵀ)·v without the score matrix, and its gradients
//	attention_tokens.go                 probabilities of chosen keys, and their gradients
//	attention_matrix.go                 attention by the matrix: edited ones, and heads of more than 160 channels
//	matmul.go softmax.go                products of strided matrices, softmax of rows
//	norm.go activation.go elementwise.go shape.go resample.go    the rest of the graph
//
//	src/device*.h                       what kernels use of a device; emulator/host/device_host.h on the host
//	src/warp_product.h                  products by one warp, with tensor cores or without
//	src/*.cu                            kernels, named NAME or NAME_memory_math(_size)
//
// The sizes of blocks stand in the C++ headers, where loops depend on them, and once more in the Go code that launches
// (blockSizes); shared memory stays below the 48 KiB that a block gets without asking.
package cuda
