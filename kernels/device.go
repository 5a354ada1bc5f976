package kernels

// Device is a processor with memory of its own, such as a GPU. Slices of its memory
// have addresses that are the device's: only its own Functions may read or write
// their elements; the host may cut pieces from them.
//
// A kernel may fail after its function has returned. The first error stays: nothing
// more is computed then, and Download and Synchronize return it. A Device is used by
// one goroutine at a time.
type Device interface {
	// Name is the device's, for people.
	Name() string

	// Functions returns the device's kernels, whose products are of p; an error where
	// it cannot multiply such numbers. It may be called while others compute.
	//
	// Their []float32 are of the device's memory. Weights, which are Elements, Taps
	// and what Functions.Constant takes are of the host's, and must not change as long
	// as the device is used: it copies them once and keeps the copies until Forget.
	Functions(p Precision) (Functions, error)

	// Forget frees the copies of weights and constants. It is called before the host's
	// memory that they were made from is gone.
	Forget() error

	// Make reserves n numbers, of undefined values; Free releases what Make returned.
	Make(n int) ([]float32, error)
	Free(x []float32) error

	// Upload copies numbers from the host to the device, and Download from the device
	// to the host, once all kernels before have run. The slices are equally long.
	Upload(dst, src []float32) error
	Download(dst, src []float32) error

	// Synchronize waits for all kernels and returns the first error since the
	// device was opened.
	Synchronize() error

	// MemInfo returns the bytes of the device's memory: free, and in all.
	MemInfo() (free, total uint64, err error)

	// Close releases the device and all its memory.
	Close() error
}
