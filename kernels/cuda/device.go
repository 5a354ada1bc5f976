package cuda

import (
	"fmt"
	"unsafe"

	"github.com/sdgraph/sdgraph/kernels"
)

// Device computes the functions of package kernels on what a [Driver] runs.
//
// Slices that its methods take are of device memory, as [Device.Make] returns them: their addresses are the device's,
// and Go code must not read or write their elements. Kernels run one after another, behind the caller's back; the
// first error of any of them stays: nothing more is launched then, and [Device.Synchronize] returns it. Lengths that
// contradict a stated shape are a programming error and panic, as in package kernels.
//
// A Device is used from one goroutine at a time, together with those that [Device.With] made of it.
type Device struct {
	*state
	math format // what operands of matrix products are rounded to
}

// state is what one device has, whatever it multiplies.
type state struct {
	driver    *counted
	err       error
	scratch   [slots]allocation
	constants map[string]uintptr   // lists of tokens and weights of filters, by their bytes
	copies    map[constant]uintptr // of weights and constants of the host, by where they are there
	tile      int                  // columns of all tiles of gemm, for tests; 0 for the best
}

// allocation is device memory that is kept for the next call.
type allocation struct {
	address uintptr
	bytes   int
}

// New makes a device of a driver, which it owns from then on. Its products are of float32 numbers.
func New(driver Driver) *Device {
	return &Device{state: &state{driver: newCounted(driver), constants: map[string]uintptr{}, copies: map[constant]uintptr{}}}
}

// With returns the same device with products of numbers of p: its memory, errors and the copies that it keeps are those
// of d.
func (d *Device) With(p kernels.Precision) *Device { return &Device{d.state, format(p)} }

// Name is the device's, for people.
func (d *Device) Name() string { return d.driver.Name() }

// MemInfo is the bytes of the device's memory that are free, and that there are.
func (d *Device) MemInfo() (free, total uint64, err error) { return d.driver.MemInfo() }

// Synchronize waits for all kernels and returns the first error since the device was made.
func (d *Device) Synchronize() error {
	if err := d.driver.Synchronize(); err != nil && d.err == nil {
		d.err = err
	}
	return d.err
}

// Close releases the device and all its memory.
func (d *Device) Close() error { return d.driver.Close() }

// Make reserves n numbers of device memory. Their values are undefined.
func (d *Device) Make(n int) ([]float32, error) { return makeSlice[float32](d, n) }

// Make16 reserves n numbers of 16 bits.
func (d *Device) Make16(n int) ([]uint16, error) { return makeSlice[uint16](d, n) }

func makeSlice[T float32 | uint16](d *Device, n int) ([]T, error) {
	var zero T
	address, err := d.driver.Alloc(max(n, 1) * int(unsafe.Sizeof(zero)))
	if err != nil {
		return nil, err
	}
	// By way of memory, since a device's address is no pointer that Go's own checks would accept.
	return unsafe.Slice(*(**T)(unsafe.Pointer(&address)), n), nil
}

// Free releases what Make returned.
func (d *Device) Free(x []float32) error { return d.driver.Free(address(x)) }

// Free16 releases what Make16 returned.
func (d *Device) Free16(x []uint16) error { return d.driver.Free(address(x)) }

// Upload copies src, of the host, to dst, of the device and as long.
func (d *Device) Upload(dst, src []float32) error {
	wantLen("Upload", "src", src, len(dst))
	return d.driver.Upload(address(dst), bytesOf(src))
}

// Upload16 copies numbers of 16 bits.
func (d *Device) Upload16(dst, src []uint16) error {
	wantLen("Upload16", "src", src, len(dst))
	return d.driver.Upload(address(dst), bytesOf(src))
}

// Download copies src, of the device, to dst, of the host and as long, when the kernels before have run.
func (d *Device) Download(dst, src []float32) error {
	wantLen("Download", "dst", dst, len(src))
	if d.err != nil {
		return d.err
	}
	return d.driver.Download(bytesOf(dst), address(src))
}

// Download16 copies numbers of 16 bits.
func (d *Device) Download16(dst, src []uint16) error {
	wantLen("Download16", "dst", dst, len(src))
	if d.err != nil {
		return d.err
	}
	return d.driver.Download(bytesOf(dst), address(src))
}

// address is that of a slice of device memory, 0 of nil.
func address[T any](x []T) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(x))) }

// bytesOf is the memory of a slice of the host. Every system that has GPUs is little-endian.
func bytesOf[T float32 | uint16 | int32](x []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(zero)))
}

// launch runs a kernel, unless there was an error before. Of no blocks, which drivers refuse, there is nothing to do.
func (d *Device) launch(kernel string, grid, block [3]uint32, shared int, args ...any) {
	if d.err == nil && min(grid[0], grid[1], grid[2]) > 0 {
		d.err = d.driver.Launch(kernel, grid, block, uint32(shared), args...)
	}
}

// threads is the size of blocks of kernels that have no reason for another.
const threads = 128

// overRows runs a kernel that has a warp for each row.
func (d *Device) overRows(kernel string, rows int, args ...any) {
	d.launch(kernel, [3]uint32{blocks(rows, threads/warp), 1, 1}, [3]uint32{threads, 1, 1}, 0, args...)
}

// overElements runs a kernel that has a thread for each element.
func (d *Device) overElements(kernel string, n int, args ...any) {
	d.launch(kernel, [3]uint32{blocks(n, threads), 1, 1}, [3]uint32{threads, 1, 1}, 0, args...)
}

// warp is the number of threads in one.
const warp = 32

// blocks is how many of the given size cover n.
func blocks(n, size int) uint32 { return uint32((n + size - 1) / size) }

// slot names memory that a call needs for itself. Calls run one after another on the device, so each finds it free.
type slot int

const (
	slotLSE slot = iota
	slotDelta
	slotLargest
	slotFactor
	slotTokens
	slotWeights
	slotProbs
	slotDProbs
	slotParts
	slotMagnitudes
	slotPartial
	slotStats
	slotMeans
	slotScalars
	slots
)

// temporary is n numbers of float32 for the running call, of undefined values; 0 if there is no memory.
func (d *Device) temporary(s slot, n int) uintptr {
	a := &d.scratch[s]
	if 4*n <= a.bytes || d.err != nil {
		return a.address
	}
	if a.address != 0 {
		d.err = d.driver.Free(a.address)
	}
	*a = allocation{}
	if d.err == nil {
		if a.address, d.err = d.driver.Alloc(4 * n); d.err == nil {
			a.bytes = 4 * n
		}
	}
	return a.address
}

// list is device memory with the given numbers.
func (d *Device) list(numbers []int) uintptr {
	small := make([]int32, len(numbers))
	for i, x := range numbers {
		small[i] = int32(x)
	}
	return d.constant(string(bytesOf(small)))
}

// constant is device memory with the given bytes; the same for the same ones, so that they are copied there once.
func (d *Device) constant(bytes string) uintptr {
	address, ok := d.constants[bytes]
	if ok || d.err != nil || bytes == "" {
		return address
	}
	if address, d.err = d.driver.Alloc(len(bytes)); d.err != nil {
		return 0
	}
	d.err = d.driver.Upload(address, []byte(bytes))
	d.constants[bytes] = address
	return address
}

func wantLen[T any](op, name string, x []T, n int) {
	if len(x) != n {
		panic(fmt.Sprintf("cuda: %s: %s has %d elements, want %d", op, name, len(x), n))
	}
}

func wantOptional[T any](op, name string, x []T, n int) {
	if x != nil {
		wantLen(op, name, x, n)
	}
}

// flag is a bool as kernels take it.
func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}
