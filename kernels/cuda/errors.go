package cuda

import (
	"errors"
	"fmt"
)

// ErrDeviceLost says that a device has stopped answering or that a kernel broke its context: whatever lay in its
// memory is gone, and so is every driver that was opened on it before. [Open] may succeed again.
var ErrDeviceLost = errors.New("the device was lost")

// ErrNotBuilt says that the program has no GPU kernels in it.
var ErrNotBuilt = errors.New("cuda: this program was built without GPU kernels; build it with " +
	"\"go build -tags gpu\", which needs a C compiler, cuda.h and the NVIDIA driver's libcuda (kernels/cuda/README.md has the details)")

// OutOfMemoryError says how much a device's memory fell short of a request.
type OutOfMemoryError struct {
	Device      string // the device's name
	Need        uint64 // bytes asked for
	Free, Total uint64 // bytes that the device has
}

func (e *OutOfMemoryError) Error() string {
	mebibytes := func(n uint64) float64 { return float64(n) / (1 << 20) }
	return fmt.Sprintf("cuda: out of memory on %s: %.1f MiB needed at once, and %.1f MiB of %.1f MiB are free; "+
		"smaller inputs or batches need less", e.Device, mebibytes(e.Need), mebibytes(e.Free), mebibytes(e.Total))
}
