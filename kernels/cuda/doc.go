// Package cuda is package kernels on a GPU: the same functions, computed by kernels in CUDA C++ (src/).
package cuda
