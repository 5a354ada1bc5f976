//go:build gpu

package cuda

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

// open opens the first GPU, and closes it after the test.
func open(t *testing.T) Driver {
	t.Helper()
	d, err := Open("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// fake skips tests that only testdata/libcuda can pass, and returns what reads its log. Settings of the environment
// reach it because a program with cgo keeps C's environment in step.
func fake(t *testing.T) (log func() string) {
	t.Helper()
	if os.Getenv("FAKE_CUDA") == "" {
		t.Skip("needs testdata/libcuda in the place of libcuda: bash .ci/run cuda")
	}
	path := filepath.Join(t.TempDir(), "log")
	t.Setenv("FAKE_CUDA_LOG", path)
	return func() string {
		text, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return string(text)
	}
}

func TestGPUKeepsMemory(t *testing.T) {
	d := open(t)
	t.Log(d.Name())
	want := make([]byte, 1000)
	for i := range want {
		want[i] = byte(i * 7)
	}
	p, err := d.Alloc(len(want))
	if err != nil {
		t.Fatal(err)
	}
	if p%16 != 0 {
		t.Errorf("address %#x is not aligned to 16 bytes", p)
	}
	// The goroutine changes threads; each call has to bring the context along.
	for range 3 {
		done := make(chan error)
		go func() {
			runtime.LockOSThread() // a thread that ends with the goroutine
			done <- d.Upload(p, want)
		}()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, len(want))
	if err := d.Download(got, p); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("what was uploaded came back changed")
	}
	if err := d.Free(p); err != nil {
		t.Error(err)
	}
	if err := d.Free(p); err == nil {
		t.Error("memory could be freed twice")
	}
	if err := d.Synchronize(); err != nil {
		t.Error(err)
	}
}

func TestGPUSaysWhatMemoryLacks(t *testing.T) {
	d := open(t)
	_, total, err := d.MemInfo()
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Alloc(int(total) + 1)
	var full *OutOfMemoryError
	if !errors.As(err, &full) {
		t.Fatalf("error %v is no OutOfMemoryError", err)
	}
	if full.Need != total+1 || full.Total != total || full.Free == 0 || full.Free > total {
		t.Errorf("%+v of a device with %d bytes", full, total)
	}
	if _, err := d.Alloc(0); err == nil {
		t.Error("no bytes could be allocated")
	}
}

func TestGPUNames(t *testing.T) {
	for _, name := range []string{"cuda:99", "cuda:-1", "cpu", "cuda1", "cuda:"} {
		if _, err := Open(name); err == nil {
			t.Errorf("%q could be opened", name)
		}
	}
}

// someKernel returns a compiled kernel and arguments of its parameters' sizes: 1, 2, 3 and so on.
func someKernel(t *testing.T) (*modules.Kernel, []any) {
	t.Helper()
	index, err := modules.ReadIndex(modules.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	k := &index.Kernels[0]
	var args []any
	for i, size := range k.Params {
		if size == 8 {
			args = append(args, uintptr(i+1))
		} else {
			args = append(args, int32(i+1))
		}
	}
	return k, args
}

func TestGPULaunches(t *testing.T) {
	log := fake(t)
	d := open(t)
	k, args := someKernel(t)
	t.Setenv("FAKE_CUDA_PARAMS", fmt.Sprint(len(args)))
	for _, shared := range []uint32{47 << 10, 64 << 10, 60 << 10} {
		if err := d.Launch(k.Name, [3]uint32{7, 8, 9}, [3]uint32{128, 1, 1}, shared, args...); err != nil {
			t.Fatal(err)
		}
	}
	values := ""
	for i := range args {
		values += fmt.Sprintf(" %x", i+1)
	}
	// The fake's kernels have 1 KiB of static shared memory; only the second launch needs to ask for more than before.
	want := "loaded cubin \n"
	want += fmt.Sprintf("%s <7 8 9> <128 1 1> %d:%s\n", k.Name, 47<<10, values)
	want += fmt.Sprintf("%s attribute 8 = %d\n", k.Name, 64<<10)
	want += fmt.Sprintf("%s <7 8 9> <128 1 1> %d:%s\n", k.Name, 64<<10, values)
	want += fmt.Sprintf("%s <7 8 9> <128 1 1> %d:%s\n", k.Name, 60<<10, values)
	if got := log(); got != want {
		t.Errorf("the driver was called so:\n%swant:\n%s", got, want)
	}
	for _, c := range []struct {
		kernel string
		shared uint32
		args   []any
		want   string
	}{
		{"no_such_kernel", 0, args, k.Name},
		{k.Name, 1 << 20, args, "101376 at most"},
		{k.Name, 0, args[1:], "arguments"},
		{k.Name, 0, append([]any{float64(1)}, args[1:]...), "float64"},
	} {
		err := d.Launch(c.kernel, [3]uint32{1, 1, 1}, [3]uint32{32, 1, 1}, c.shared, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("launch of %s with %d bytes and %d arguments: error %v, want one with %q", c.kernel, c.shared,
				len(c.args), err, c.want)
		}
	}
}

func TestGPULoadsWhatTheDriverTakes(t *testing.T) {
	for _, c := range []struct {
		capability, driver, refuse string
		want                       string
	}{
		{"86", "13050", "", "loaded cubin"},
		{"86", "13000", "", "loaded cubin"},
		{"86", "12020", "", "loaded ptx .version 8.0"},
		{"90", "13050", "cubin", "loaded ptx .version 9.5"},
		{"86", "13050", "cubin", "loaded ptx .version 8.0"},
		{"120", "13050", "", "loaded ptx .version 9.5"},
		{"120", "13010", "", "loaded ptx .version 8.0"},
		{"87", "12060", "", "loaded ptx .version 8.0"},
		{"86", "13050", "all", "refused by the test"},
		{"75", "13050", "", "compute capability 7.5"},
		{"86", "11080", "", "CUDA 12.0 or later"},
	} {
		t.Run(c.capability+" "+c.driver+" "+c.refuse, func(t *testing.T) {
			log := fake(t)
			t.Setenv("FAKE_CUDA_CAPABILITY", c.capability)
			t.Setenv("FAKE_CUDA_DRIVER", c.driver)
			if c.refuse != "" {
				t.Setenv("FAKE_CUDA_REFUSE", c.refuse)
			}
			k, args := someKernel(t)
			d, err := Open("cuda:1")
			if err == nil {
				defer d.Close()
				err = d.Launch(k.Name, [3]uint32{1, 1, 1}, [3]uint32{32, 1, 1}, 0, args...)
			}
			if got := fmt.Sprint(log(), err); !strings.Contains(got, c.want) {
				t.Errorf("calls and error: %s, want %q", got, c.want)
			}
		})
	}
}

func TestGPULost(t *testing.T) {
	log := fake(t)
	d := open(t)
	if _, err := d.Alloc(100); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FAKE_CUDA_LAUNCH", "700") // CUDA_ERROR_ILLEGAL_ADDRESS
	if err := d.Synchronize(); !errors.Is(err, ErrDeviceLost) {
		t.Errorf("error %v is not ErrDeviceLost", err)
	}
	if err := d.Close(); !errors.Is(err, ErrDeviceLost) {
		t.Errorf("Close: error %v is not ErrDeviceLost", err)
	}
	if got := log(); !strings.Contains(got, "freed 100\nreleased\n") {
		t.Errorf("closing a lost device: %s", got)
	}
	if err := d.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := d.Alloc(100); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("Alloc of a closed device: %v", err)
	}
}
