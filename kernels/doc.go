// Package kernels computes the layers of neural networks on plain slices:
// matrix products, convolutions, attention, normalisation, activations and
// resampling, forward and the gradient with respect to the input.
//
// Activations are float32, row-major, contiguous and channels-last:
// [B, H·W, C], so that a convolution, a linear layer and attention read the
// same memory without transposes. Weights are [Elements]: float32, float16 or
// bfloat16 in whatever precision the checkpoint has, converted while they are
// packed for the processor, never as a whole. Products can be of
// bfloat16 numbers ([Precision]).
//
// # Files
//
//	elements.go                  numbers in a checkpoint's precision
//	linear.go conv.go matmul.go  matrix products, one blocked engine (internal/gemm); 3×3 convolutions
//	                             (internal/winograd)
//	attention*.go                softmax(q·kᵀ)·v without the score matrix, and its gradients
//	norm.go groupnorm.go         layer and group normalisation
//	softmax.go activation.go     SiLU, GELU and their kind; those that others apply to their results, fused.go
//	elementwise.go shape.go      sums and products; channels joined, split and moved
//	resample.go taps.go          resizing and smoothing of feature maps
//	depthwise.go pooling.go      windows of each channel on its own; window.go is the padding of all windows
//	embedding.go                 rows of a table
//	nearest.go                   the nearest of a bank of vectors
//	reduce.go                    sums, maxima and other single numbers
//	precision.go                 what is multiplied: float32, float16 or bfloat16 numbers
//	pool*.go isa.go peak.go      the worker pool, the instruction set and its peak speed
//
// The loops that depend on the instruction set are in internal/gemm (matrices),
// internal/winograd (its transforms) and internal/vec (vectors), each in portable Go and in generated assembly;
// internal/isa chooses between them. The conformance suite is kerneltest.
//
// # Conventions
//
// A call is spread over one persistent worker pool ([SetThreads]) and returns
// when the result is complete. Results are the same for every number of
// threads. Calls may run concurrently and may be nested in [Parallel].
//
// Lengths that contradict the stated shape are a programming error and panic
// with a message that names the argument; shapes that come from outside are
// checked by the packages above this one. Outputs must not overlap inputs
// unless a function says so.
package kernels
