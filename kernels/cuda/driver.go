package cuda

// Driver is what runs kernels: a GPU, or the emulator on the host. Addresses are those of device memory. Work is done
// in the order in which it was asked for; Launch may return before its kernel has run, and what goes wrong there may
// be reported by a later call. A driver is used from one goroutine at a time.
type Driver interface {
	// Name is the device's, for people.
	Name() string
	// MemInfo gives the bytes of device memory that are free and those that there are.
	MemInfo() (free, total uint64, err error)

	// Alloc reserves device memory, aligned to 16 bytes at least; its contents are undefined.
	Alloc(bytes int) (uintptr, error)
	// Free releases what Alloc returned, when all work asked for before is done with it.
	Free(address uintptr) error
	// Upload copies src to device memory.
	Upload(dst uintptr, src []byte) error
	// Download copies device memory to dst, after all work asked for before.
	Download(dst []byte, src uintptr) error

	// Launch runs a kernel with a grid of blocks, with so many bytes of dynamic shared memory for each. Arguments are
	// int32, uint32, int64, uint64, float32 and, for addresses, uintptr; their types must be the parameters'.
	Launch(kernel string, grid, block [3]uint32, shared uint32, args ...any) error
	// Synchronize waits for all work asked for, and reports the first error of it.
	Synchronize() error

	// Close releases the device and all its memory.
	Close() error
}
