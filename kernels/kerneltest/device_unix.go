//go:build unix

package kerneltest

import (
	"fmt"
	"reflect"
	"syscall"
	"testing"
	"unsafe"

	"github.com/sdgraph/sdgraph/kernels"
)

// Device is a [kernels.Device] for tests of what runs on devices. It computes
// with the CPU's kernels, but slices of its memory cannot be read or written: a
// program that does so faults.
type Device struct {
	regions   []region
	constants map[*float32][]float32

	Uploads, Downloads int // numbers moved so far
}

// region is a piece of the device's memory: addresses that nobody may touch, and
// the numbers that they stand for.
type region struct {
	address []byte
	numbers []float32
}

// NewDevice returns an empty device; the end of the test closes it.
func NewDevice(t testing.TB) *Device {
	d := &Device{constants: map[*float32][]float32{}}
	t.Cleanup(func() { d.Close() })
	return d
}

// translated is kernel f on operands of the device.
func (d *Device) translated(f reflect.Value) reflect.Value {
	kernel := reflect.ValueOf(f.Interface())
	return reflect.MakeFunc(f.Type(), func(args []reflect.Value) []reflect.Value {
		for i, a := range args {
			switch a := a.Interface().(type) {
			case []float32:
				args[i] = reflect.ValueOf(d.numbers(a))
			case [][]float32:
				parts := make([][]float32, len(a))
				for k, x := range a {
					parts[k] = d.numbers(x)
				}
				args[i] = reflect.ValueOf(parts)
			case kernels.Matrix:
				a.Data = d.numbers(a.Data)
				args[i] = reflect.ValueOf(a)
			case func(int) (kernels.Matrix, kernels.Matrix, kernels.Matrix):
				args[i] = reflect.ValueOf(func(i int) (x, y, z kernels.Matrix) {
					x, y, z = a(i)
					x.Data, y.Data, z.Data = d.numbers(x.Data), d.numbers(y.Data), d.numbers(z.Data)
					return x, y, z
				})
			}
		}
		return kernel.Call(args)
	})
}

// numbers is what a slice of the device's memory stands for.
func (d *Device) numbers(x []float32) []float32 {
	if x == nil || cap(x) == 0 {
		return x
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(x)))
	for _, r := range d.regions {
		first := uintptr(unsafe.Pointer(unsafe.SliceData(r.address)))
		if at >= first && at < first+uintptr(4*len(r.numbers)) {
			return r.numbers[(at-first)/4:][:len(x)]
		}
	}
	panic(fmt.Sprintf("kerneltest: a slice of %d numbers is not of the device's memory", len(x)))
}

func (d *Device) constant(x []float32) []float32 {
	if len(x) == 0 {
		return nil
	}
	c, ok := d.constants[&x[0]]
	if !ok {
		c, _ = d.Make(len(x))
		copy(d.numbers(c), x)
		d.constants[&x[0]] = c
	}
	return c
}

// Name is part of kernels.Device.
func (d *Device) Name() string { return "the tests' device" }

// Functions is part of kernels.Device.
func (d *Device) Functions(p kernels.Precision) (kernels.Functions, error) {
	f, err := kernels.CPU(p)
	if err != nil {
		return kernels.Functions{}, err
	}
	fields := reflect.ValueOf(&f).Elem()
	for i := range fields.NumField() {
		fields.Field(i).Set(d.translated(fields.Field(i)))
	}
	f.Constant = d.constant
	return f, nil
}

// Forget is part of kernels.Device.
func (d *Device) Forget() error {
	for _, c := range d.constants {
		if err := d.Free(c); err != nil {
			return err
		}
	}
	clear(d.constants)
	return nil
}

// Make is part of kernels.Device. The numbers are NaNs.
func (d *Device) Make(n int) ([]float32, error) {
	address, err := syscall.Mmap(-1, 0, max(4*n, 4), syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return nil, err
	}
	numbers := make([]float32, n)
	for i := range numbers {
		numbers[i] = guardWord
	}
	d.regions = append(d.regions, region{address, numbers})
	return unsafe.Slice((*float32)(unsafe.Pointer(&address[0])), n), nil
}

// Free is part of kernels.Device.
func (d *Device) Free(x []float32) error {
	for i, r := range d.regions {
		if unsafe.Pointer(unsafe.SliceData(x)) == unsafe.Pointer(unsafe.SliceData(r.address)) {
			d.regions = append(d.regions[:i], d.regions[i+1:]...)
			return syscall.Munmap(r.address)
		}
	}
	return fmt.Errorf("a slice of %d numbers is not what Make returned, or freed already", len(x))
}

// Held is the numbers of all memory that has been made and not freed.
func (d *Device) Held() (n int) {
	for _, r := range d.regions {
		n += len(r.numbers)
	}
	return n
}

// Upload is part of kernels.Device.
func (d *Device) Upload(dst, src []float32) error {
	d.Uploads += len(src)
	copy(d.numbers(dst), src)
	return nil
}

// Download is part of kernels.Device.
func (d *Device) Download(dst, src []float32) error {
	d.Downloads += len(src)
	copy(dst, d.numbers(src))
	return nil
}

// Synchronize is part of kernels.Device.
func (d *Device) Synchronize() error { return nil }

// MemInfo is part of kernels.Device.
func (d *Device) MemInfo() (free, total uint64, err error) { return 1 << 30, 1 << 30, nil }

// Close is part of kernels.Device.
func (d *Device) Close() error {
	for _, r := range d.regions {
		if err := syscall.Munmap(r.address); err != nil {
			return err
		}
	}
	d.regions = nil
	return nil
}
