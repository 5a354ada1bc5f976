//go:build unix

package emulator

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Emulator is a device in a process; it implements cuda.Driver. Device memory is that process's: addresses mean nothing
// here.
type Emulator struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	stderr  *tail
	name    string

	mu   sync.Mutex
	dead error // once the process has ended
}

// memory is what MemInfo says that the device has.
const memory = 8 << 30

// Start builds the emulator if need be, which takes a minute, and starts it. The error wraps [ErrNoCompiler] where it
// cannot be built.
func Start(o Options) (*Emulator, error) {
	program, err := build(o)
	if err != nil {
		return nil, fmt.Errorf("cuda emulator: %w", err)
	}
	e := &Emulator{process: exec.Command(program), stderr: &tail{}, name: "emulator"}
	if o.Sanitize {
		e.name = "emulator with sanitizers"
	}
	e.process.Env = append(os.Environ(),
		"ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0", "UBSAN_OPTIONS=print_stacktrace=1")
	e.process.Stderr = e.stderr
	if e.in, err = e.process.StdinPipe(); err != nil {
		return nil, fmt.Errorf("cuda emulator: %w", err)
	}
	out, err := e.process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("cuda emulator: %w", err)
	}
	e.out = bufio.NewReaderSize(out, 1<<16)
	if err := e.process.Start(); err != nil {
		return nil, fmt.Errorf("cuda emulator: %w", err)
	}
	return e, nil
}

// tail keeps the first bytes that are written, where sanitizers say what happened.
type tail struct{ bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	const most = 8 << 10
	if room := most - t.Len(); room > 0 {
		t.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// Name says that this is no GPU.
func (e *Emulator) Name() string { return e.name }

// MemInfo gives a size that is made up: allocations are the host's.
func (e *Emulator) MemInfo() (free, total uint64, err error) { return memory, memory, nil }

// Alloc reserves memory, which starts as NaNs.
func (e *Emulator) Alloc(bytes int) (uintptr, error) {
	address, err := e.ask("allocation", 'a', uint64(bytes), 0, nil, nil)
	return uintptr(address), err
}

// Free releases what Alloc returned.
func (e *Emulator) Free(address uintptr) error {
	_, err := e.ask("free", 'f', uint64(address), 0, nil, nil)
	return err
}

// Upload copies src to device memory, inside one allocation.
func (e *Emulator) Upload(dst uintptr, src []byte) error {
	_, err := e.ask("upload", 'w', uint64(dst), uint64(len(src)), src, nil)
	return err
}

// Download copies device memory, inside one allocation, to dst.
func (e *Emulator) Download(dst []byte, src uintptr) error {
	_, err := e.ask("download", 'r', uint64(src), uint64(len(dst)), nil, dst)
	return err
}

// Launch runs a kernel to its end.
func (e *Emulator) Launch(kernel string, grid, block [3]uint32, shared uint32, args ...any) error {
	if err := checkSizes(grid, block); err != nil {
		return fmt.Errorf("cuda emulator: kernel %s: %w", kernel, err)
	}
	body := binary.LittleEndian.AppendUint32(nil, uint32(len(kernel)))
	body = append(body, kernel...)
	for _, n := range append(grid[:], block[:]...) {
		body = binary.LittleEndian.AppendUint32(body, n)
	}
	for i, arg := range args {
		kind, value, err := encode(arg)
		if err != nil {
			return fmt.Errorf("cuda emulator: kernel %s: argument %d: %w", kernel, i, err)
		}
		body = append(body, kind)
		body = binary.LittleEndian.AppendUint64(body, value)
	}
	_, err := e.ask("kernel "+kernel, 'l', uint64(shared), uint64(len(args)), body, nil)
	return err
}

// checkSizes holds a launch to what GPUs take (CUDA C++ Programming Guide, "Technical Specifications per Compute
// Capability").
func checkSizes(grid, block [3]uint32) error {
	grids, blocks := [3]uint32{math.MaxInt32, 65535, 65535}, [3]uint32{1024, 1024, 64}
	for i := range 3 {
		if grid[i] < 1 || grid[i] > grids[i] || block[i] < 1 || block[i] > blocks[i] {
			return fmt.Errorf("a grid of %v blocks of %v threads, want 1 to %v of 1 to %v", grid, block, grids, blocks)
		}
	}
	if n := block[0] * block[1] * block[2]; n > 1024 {
		return fmt.Errorf("%d threads in a block, a GPU takes 1024 at most", n)
	}
	return nil
}

// encode gives an argument's kind, as host/registry.h names it, and its bits.
func encode(arg any) (kind byte, value uint64, err error) {
	switch x := arg.(type) {
	case uintptr:
		return 'p', uint64(x), nil
	case int32:
		return 'i', uint64(uint32(x)), nil
	case uint32:
		return 'u', uint64(x), nil
	case int64:
		return 'l', uint64(x), nil
	case uint64:
		return 'U', x, nil
	case float32:
		return 'f', uint64(math.Float32bits(x)), nil
	}
	return 0, 0, fmt.Errorf("%T is none of int32, uint32, int64, uint64, float32 and uintptr", arg)
}

// Synchronize has nothing to wait for; it reports whether the emulator is still there.
func (e *Emulator) Synchronize() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.dead
}

// Close ends the process.
func (e *Emulator) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.dead != nil {
		return nil
	}
	e.dead = errors.New("cuda emulator: closed")
	e.in.Close()
	return e.process.Wait()
}

// ask sends a request, followed by body, and receives its answer, followed by so many bytes as into has. If the process
// has ended, the error says what it wrote last.
func (e *Emulator) ask(what string, operation byte, first, second uint64, body, into []byte) (uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.dead != nil {
		return 0, e.dead
	}
	value, message, err := e.exchange(operation, first, second, body, into)
	if err != nil {
		e.in.Close()
		kill := time.AfterFunc(10*time.Second, func() { e.process.Process.Kill() })
		defer kill.Stop()
		e.dead = fmt.Errorf("cuda emulator: it ended during %s (%v): %s", what, e.process.Wait(),
			strings.TrimSpace(e.stderr.String()))
		return 0, e.dead
	}
	if message != "" {
		return 0, fmt.Errorf("cuda emulator: %s: %s", what, message)
	}
	return value, nil
}

func (e *Emulator) exchange(operation byte, first, second uint64, body, into []byte) (uint64, string, error) {
	head := binary.LittleEndian.AppendUint64([]byte{operation}, first)
	head = binary.LittleEndian.AppendUint64(head, second)
	for _, part := range [][]byte{head, body} {
		if _, err := e.in.Write(part); err != nil {
			return 0, "", err
		}
	}
	var answer [12]byte
	if _, err := io.ReadFull(e.out, answer[:]); err != nil {
		return 0, "", err
	}
	message := make([]byte, binary.LittleEndian.Uint32(answer[8:]))
	if _, err := io.ReadFull(e.out, message); err != nil {
		return 0, "", err
	}
	if len(message) == 0 {
		if _, err := io.ReadFull(e.out, into); err != nil {
			return 0, "", err
		}
	}
	return binary.LittleEndian.Uint64(answer[:8]), string(message), nil
}
