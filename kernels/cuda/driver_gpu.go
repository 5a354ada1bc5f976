//go:build gpu

package cuda

import (
	"fmt"
	"runtime"
	"unsafe"

	"gorgonia.org/cu"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
	_ "github.com/sdgraph/sdgraph/kernels/cuda/internal/preflight" // says what is wrong before package cu exits
)

// gpuDriver runs the embedded kernels on one GPU, in its primary context and the default stream: copies and kernels
// follow one another in the order of the calls.
type gpuDriver struct {
	name      string
	device    cu.Device
	context   cu.CUContext
	sharedMax uint32 // bytes of shared memory that a block can have, static and dynamic

	targets   []modules.Target // what the device can load, best first
	index     *modules.Index
	images    []byte                  // all of them, once one was needed
	modules   map[string]cu.Module    // loaded, by source
	functions map[string]*gpuFunction // by kernel

	allocated map[uintptr]struct{}
}

// Open opens a GPU by its name: "cuda:0" is the first one, "cuda:1" the second.
func Open(name string) (Driver, error) {
	n, err := ordinal(name)
	if err != nil {
		return nil, err
	}
	count, err := cu.NumDevices()
	if err != nil {
		return nil, gpuError("counting GPUs", name, err)
	}
	if n >= count {
		return nil, fmt.Errorf("cuda: there is no %s: the driver finds GPUs cuda:0 to cuda:%d", name, count-1)
	}
	index, err := modules.ReadIndex(modules.Embedded())
	if err != nil {
		return nil, err
	}
	d := &gpuDriver{
		name: name, index: index,
		modules: map[string]cu.Module{}, functions: map[string]*gpuFunction{}, allocated: map[uintptr]struct{}{},
	}
	if err := d.open(n); err != nil {
		return nil, err
	}
	return d, nil
}

// open finds out what the device is and makes its context.
func (d *gpuDriver) open(n int) error {
	var err error
	if d.device, err = cu.GetDevice(n); err != nil {
		return gpuError("opening", d.name, err)
	}
	model, err := d.device.Name()
	if err != nil {
		return gpuError("asking for the name", d.name, err)
	}
	d.name = fmt.Sprintf("cuda:%d (%s)", n, model)

	// cu has no name for the last one: a block's shared memory for kernels that opt in to more than 48 KiB.
	const sharedPerBlockOptIn cu.DeviceAttribute = 97
	var facts [3]int
	for i, a := range []cu.DeviceAttribute{cu.ComputeCapabilityMajor, cu.ComputeCapabilityMinor, sharedPerBlockOptIn} {
		if facts[i], err = d.device.Attribute(a); err != nil {
			return gpuError("asking for the capabilities", d.name, err)
		}
	}
	d.sharedMax = uint32(facts[2])
	if d.targets, err = modules.Candidates(facts[0], facts[1], cu.Version()); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	if d.context, err = d.device.RetainPrimaryCtx(); err != nil {
		return gpuError("making a context", d.name, err)
	}
	return nil
}

// do calls f on a thread that has the device's context: a goroutine may be on another thread at each call.
func (d *gpuDriver) do(what string, f func() error) error {
	if d.allocated == nil {
		return fmt.Errorf("cuda: %s on %s, which is closed", what, d.name)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cu.SetCurrentContext(d.context); err != nil {
		return gpuError(what, d.name, err)
	}
	return gpuError(what, d.name, f())
}

func (d *gpuDriver) Name() string { return d.name }

func (d *gpuDriver) MemInfo() (free, total uint64, err error) {
	err = d.do("asking for free memory", func() error {
		f, t, err := cu.MemInfo()
		free, total = uint64(f), uint64(t)
		return err
	})
	return free, total, err
}

func (d *gpuDriver) Alloc(bytes int) (uintptr, error) {
	if bytes <= 0 {
		return 0, fmt.Errorf("cuda: %d bytes of device memory were asked for; at least 1 can be had", bytes)
	}
	var p cu.DevicePtr
	full := false
	err := d.do(fmt.Sprintf("allocating %d bytes", bytes), func() error {
		var err error
		p, err = cu.MemAlloc(int64(bytes))
		full = err == cu.OutOfMemory
		return err
	})
	if full {
		free, total, err := d.MemInfo()
		if err != nil {
			return 0, err
		}
		return 0, &OutOfMemoryError{Device: d.name, Need: uint64(bytes), Free: free, Total: total}
	}
	if err != nil {
		return 0, err
	}
	d.allocated[uintptr(p)] = struct{}{}
	return uintptr(p), nil
}

// Free lets the driver wait for what is under way: cuMemFree does.
func (d *gpuDriver) Free(address uintptr) error {
	if _, ok := d.allocated[address]; !ok {
		return fmt.Errorf("cuda: free of %#x, which %s has not allocated or has freed before", address, d.name)
	}
	delete(d.allocated, address)
	return d.do("freeing memory", func() error { return cu.MemFree(cu.DevicePtr(address)) })
}

func (d *gpuDriver) Upload(dst uintptr, src []byte) error {
	if len(src) == 0 {
		return nil
	}
	return d.do(fmt.Sprintf("copying %d bytes to the device", len(src)), func() error {
		return cu.MemcpyHtoD(cu.DevicePtr(dst), unsafe.Pointer(unsafe.SliceData(src)), int64(len(src)))
	})
}

func (d *gpuDriver) Download(dst []byte, src uintptr) error {
	if len(dst) == 0 {
		return nil
	}
	return d.do(fmt.Sprintf("copying %d bytes from the device", len(dst)), func() error {
		return cu.MemcpyDtoH(unsafe.Pointer(unsafe.SliceData(dst)), cu.DevicePtr(src), int64(len(dst)))
	})
}

func (d *gpuDriver) Synchronize() error { return d.do("waiting for kernels", cu.Synchronize) }

// Close frees what is still allocated, since others of the process may hold the primary context too.
func (d *gpuDriver) Close() error {
	if d.allocated == nil {
		return nil
	}
	err := d.do("closing", func() error {
		first := cu.Synchronize()
		for p := range d.allocated {
			if err := cu.MemFree(cu.DevicePtr(p)); first == nil {
				first = err
			}
		}
		for _, m := range d.modules {
			if err := m.Unload(); first == nil {
				first = err
			}
		}
		if err := d.device.ReleasePrimaryCtx(); first == nil {
			first = err
		}
		return first
	})
	d.allocated, d.modules, d.functions, d.images = nil, nil, nil, nil
	return err
}
