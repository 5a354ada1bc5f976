package kernels

// Device is a processor with memory of its own, such as a GPU. Slices of its
// memory have addresses that mean nothing here: only its own Functions may read
// or write their elements; cutting pieces from them is fine.
//
// What a kernel does may go wrong after its function has returned. The first
// error stays: from then on nothing more is computed, and Download and
// Synchronize return it. A Device is used by one goroutine at a time.
type Device interface {
	// Name is the device's, for people.
	Name() string

	// Functions returns the device's kernels, whose products are of p; an error where
	// it cannot multiply such numbers. It may be called while others compute. Their []float32 are of the device's memory. Weights, which are Elements, Taps and what Functions.Constant is given
	// are of this machine's, and must not change as long as the device is used: it
	// copies them once and keeps the copies until Forget.
	Functions(p Precision) (Functions, error)

	// Forget frees the copies of weights and constants. It is called before the
	// memory is gone that they were made from.
	Forget() error

	// Make reserves n numbers, of undefined value; Free gives back what Make returned.
	Make(n int) ([]float32, error)
	Free(x []float32) error

	// Upload copies numbers to the device; Download copies them from it, when all
	// kernels before have run. The slices are equally long.
	Upload(dst, src []float32) error
	Download(dst, src []float32) error

	// Synchronize waits for all kernels and returns the first error since the
	// device was opened.
	Synchronize() error

	// MemInfo is the bytes of the device's memory that are free, and that there are.
	MemInfo() (free, total uint64, err error)

	// Close releases the device and all its memory.
	Close() error
}
