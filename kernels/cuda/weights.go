package cuda

import (
	"unsafe"

	"github.com/sdgraph/sdgraph/kernels"
)

// constant is where numbers of the host are and how many bytes. As a key of a map, its pointer keeps the collector from
// giving the address to others.
type constant struct {
	data  unsafe.Pointer
	bytes int
}

// Constant is a copy of x, of the host, in device memory. It is made once and kept until [Device.Forget]; x must not
// change before that. After an error it is x itself, which nothing will read any more.
func (d *Device) Constant(x []float32) []float32 {
	address := d.copied(bytesOf(x))
	if address == 0 {
		return x
	}
	return unsafe.Slice(*(**float32)(unsafe.Pointer(&address)), len(x))
}

// Forget frees the copies of weights and constants. It is called before the memory is gone that they were made from.
func (d *Device) Forget() error {
	var first error
	for _, address := range d.copies {
		if err := d.driver.Free(address); first == nil {
			first = err
		}
	}
	for _, address := range d.constants {
		if err := d.driver.Free(address); first == nil {
			first = err
		}
	}
	clear(d.copies)
	clear(d.constants)
	return first
}

// weights are a copy of w in device memory, in its own precision.
func (d *Device) weights(w kernels.Elements) (address uintptr, memory format) {
	float32s, float16s, bfloat16s := w.Numbers()
	switch {
	case float16s != nil:
		return d.copied(bytesOf(float16s)), f16
	case bfloat16s != nil:
		return d.copied(bytesOf(bfloat16s)), bf16
	}
	return d.copied(bytesOf(float32s)), f32
}

// copied is where the device has a copy of memory of the host that does not change; 0 if it is empty, or after an
// error.
func (d *Device) copied(x []byte) uintptr {
	key := constant{unsafe.Pointer(unsafe.SliceData(x)), len(x)}
	if address, ok := d.copies[key]; ok || len(x) == 0 || d.err != nil {
		return address
	}
	var address uintptr
	if address, d.err = d.driver.Alloc(len(x)); d.err != nil {
		return 0
	}
	d.copies[key] = address
	d.err = d.driver.Upload(address, x)
	return address
}
