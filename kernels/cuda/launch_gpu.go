//go:build gpu

package cuda

/*
// As cuda.h has it, which this package can do without; cu lacks it.
int cuFuncSetAttribute(void *function, int attribute, int value);
*/
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

// gpuFunction is a kernel of a loaded module.
type gpuFunction struct {
	cu.Function
	kernel *modules.Kernel
	static uint32 // bytes of static shared memory, as compiled for this device
	shared uint32 // bytes of dynamic shared memory that the driver was told to allow
}

func (d *gpuDriver) Launch(kernel string, grid, block [3]uint32, shared uint32, args ...any) error {
	var f *gpuFunction
	err := d.do("loading "+kernel, func() error {
		var err error
		f, err = d.function(kernel)
		return err
	})
	if err != nil {
		return err
	}
	params, err := launchParams(f.kernel, args)
	if err != nil {
		return err
	}
	return d.do("launching "+kernel, func() error {
		if err := d.allowShared(f, shared); err != nil {
			return err
		}
		return f.Launch(int(grid[0]), int(grid[1]), int(grid[2]), int(block[0]), int(block[1]), int(block[2]),
			int(shared), cu.NoStream, params)
	})
}

// launchParams gives each argument eight bytes of its own, which is what cu copies of every one.
func launchParams(k *modules.Kernel, args []any) ([]unsafe.Pointer, error) {
	values, err := k.Arguments(args)
	if err != nil {
		return nil, err
	}
	params := make([]unsafe.Pointer, len(values))
	for i := range values {
		params[i] = unsafe.Pointer(&values[i])
	}
	return params, nil
}

// function returns a kernel, whose module is loaded when it is first asked for.
func (d *gpuDriver) function(name string) (*gpuFunction, error) {
	if f := d.functions[name]; f != nil {
		return f, nil
	}
	k, err := d.index.Kernel(name)
	if err != nil {
		return nil, err
	}
	m, ok := d.modules[k.Source]
	if !ok {
		if m, err = d.load(k.Source); err != nil {
			return nil, err
		}
		d.modules[k.Source] = m
	}
	f := &gpuFunction{kernel: k}
	if f.Function, err = m.Function(name); err != nil {
		return nil, err
	}
	static, err := f.Attribute(cu.SharedSizeBytes)
	if err != nil {
		return nil, err
	}
	f.static = uint32(static)
	d.functions[name] = f
	return f, nil
}

// load loads the best compiled form of a source that the driver takes.
func (d *gpuDriver) load(source string) (cu.Module, error) {
	if d.images == nil {
		var err error
		if d.images, err = d.index.Unpack(modules.Embedded()); err != nil {
			return cu.Module{}, err
		}
	}
	var refusals []error
	for _, t := range d.targets {
		m, err := d.index.Module(source, t)
		if err != nil {
			return cu.Module{}, err
		}
		image, err := m.Image(d.images)
		if err != nil {
			return cu.Module{}, err
		}
		words := make([]byte, 4096)
		loaded, err := cu.LoadDataEx(string(image), &cu.JITErrorLogBuffer{Buffer: words})
		if err == nil {
			return loaded, nil
		}
		text, _, _ := bytes.Cut(words, []byte{0})
		refusals = append(refusals, fmt.Errorf("%s for %s: %w %s", source, t.Name, err, bytes.TrimSpace(text)))
	}
	return cu.Module{}, errors.Join(refusals...)
}

// allowShared asks the driver for a kernel's dynamic shared memory, which it must be for more than 48 KiB in all
// (CUDA C++ Programming Guide, "Shared Memory" of compute capability 8.x and later).
func (d *gpuDriver) allowShared(f *gpuFunction, shared uint32) error {
	const allowed = 48 << 10
	const maxDynamicSharedSizeBytes = 8 // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
	if shared <= f.shared || f.static+shared <= allowed {
		return nil
	}
	if f.static+shared > d.sharedMax {
		return fmt.Errorf("a block takes %d bytes of shared memory, and this device gives it %d at most",
			f.static+shared, d.sharedMax)
	}
	// cu.Function holds nothing but the driver's handle, which it does not give away.
	handle := *(*unsafe.Pointer)(unsafe.Pointer(&f.Function))
	if code := C.cuFuncSetAttribute(handle, maxDynamicSharedSizeBytes, C.int(shared)); code != 0 {
		return fmt.Errorf("allowing %d bytes of dynamic shared memory: code %d", shared, int(code))
	}
	f.shared = shared
	return nil
}

// cu.Function must stay the handle alone.
var _ [unsafe.Sizeof(cu.Function{}) - unsafe.Sizeof(unsafe.Pointer(nil))]struct{} = [0]struct{}{}
