package nn

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"sort"
	"sync/atomic"
	"unsafe"

	"github.com/sdgraph/sdgraph/kernels"
)

// alignment of every buffer, in float32s: one cache line.
const alignment = 16

// worthReturning is the length in float32s from which on an arena that is
// dropped is worth a garbage collection.
const worthReturning = 16 << 20 / 4

// Arena is memory for the activations of programs, which take turns in it: one
// locks it while it runs. Programs that are to run at the same time need arenas of
// their own.
type Arena struct {
	turn   chan struct{} // holds an element while a program runs; a mutex that a context can give up on
	closed atomic.Bool
	buf    []float32

	device kernels.Device // whose memory buf is, nil for the host's
	copies [][]float32    // other memory of the device: of copies of the host's

	planned atomic.Int64 // length in float32s of the largest plan
}

// NewArena returns an empty arena. When it is too small for a program that runs, it
// grows to what the largest program that was compiled for it needs; what has not
// been written to yet takes no memory.
func NewArena() *Arena { return &Arena{turn: make(chan struct{}, 1)} }

// functions returns the kernels that compute in the arena's memory.
func (a *Arena) functions(p kernels.Precision) (kernels.Functions, error) {
	if a.device != nil {
		return a.device.Functions(p)
	}
	return kernels.CPU(p)
}

// lock waits for the programs that are running in the arena. It returns ctx's
// error, or ErrClosed, without the lock.
func (a *Arena) lock(ctx context.Context) error {
	if err := checkContext(ctx); err != nil {
		return err
	}
	select {
	case a.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if a.closed.Load() {
		a.unlock()
		return fmt.Errorf("nn: the arena is %w", ErrClosed)
	}
	return nil
}

// checkContext refuses a context that is nil or done.
func checkContext(ctx context.Context) error {
	if ctx == nil {
		return fmt.Errorf("nn: the context is nil%.0w", ErrArgument)
	}
	return ctx.Err()
}

func (a *Arena) unlock() { <-a.turn }

// Bytes returns the memory that the arena holds, in bytes. It waits for a program
// that is running in it.
func (a *Arena) Bytes() int64 {
	a.turn <- struct{}{}
	defer a.unlock()
	return bytes(len(a.buf))
}

// Close frees the memory. A program that runs in the arena stops with ErrClosed
// after the operation under way; Close waits for that, so that the files that its
// weights are mapped from may then be closed. Those that wait for their turn, and
// later runs, return ErrClosed. Closing twice is harmless.
func (a *Arena) Close() {
	a.closed.Store(true)
	a.turn <- struct{}{}
	a.free()
	a.unlock()
}

// expect says that a program with a plan of n float32s will run in the arena.
func (a *Arena) expect(n int) {
	for {
		old := a.planned.Load()
		if int64(n) <= old || a.planned.CompareAndSwap(old, int64(n)) {
			return
		}
	}
}

// reserve makes room for n float32s. The old contents are lost. It is an error
// if the machine or device has not as much memory.
func (a *Arena) reserve(n int) error {
	if n <= len(a.buf) {
		return nil
	}
	owner, have := "the machine", availableMemory()
	if a.device != nil {
		free, _, err := a.device.MemInfo()
		if err != nil {
			return fmt.Errorf("nn: %s: %w", a.device.Name(), err)
		}
		owner, have = a.device.Name(), int64(free)
	}
	if have > 0 && bytes(n) > have+bytes(len(a.buf)) {
		return fmt.Errorf("nn: %w: this graph needs %s for activations, %s has %s to spare; "+
			"a pass with a gradient takes less, and longer, with a lower memory budget", ErrMemory, ByteSize(bytes(n)), owner, ByteSize(have))
	}
	if largest := int(a.planned.Load()); have == 0 || bytes(largest) <= have+bytes(len(a.buf)) {
		n = max(n, largest)
	}
	if a.device != nil {
		return a.reserveOnDevice(n)
	}
	if len(a.buf) >= worthReturning {
		a.buf = nil
		debug.FreeOSMemory() // or the old and the new arena would both be held until the heap has doubled
	}
	raw := make([]float32, n+alignment)
	skip := 0
	if r := int(uintptr(unsafe.Pointer(&raw[0])) % (4 * alignment)); r != 0 {
		skip = alignment - r/4
	}
	a.buf = raw[skip : skip+n : skip+n]
	return nil
}

// storage is a piece of memory that lives from the first instruction that
// writes it to the last that reads it.
type storage struct {
	size        int // in float32s
	first, last int // instruction numbers, inclusive
	offset      int
	parent      *storage // whose memory this one takes over, or nil
}

// root is the storage whose memory s ends up in.
func (s *storage) root() *storage {
	for s.parent != nil {
		s = s.parent
	}
	return s
}

// place gives every storage an offset so that no two that live at the same time
// overlap, and returns the length of the arena. Largest first, each at the
// lowest offset that fits: the greedy-by-size heuristic of Pisarchyk and Lee
// (arXiv 2001.03288), which comes within a few per cent of the lower bound.
func place(all []*storage) int {
	order := append([]*storage(nil), all...)
	sort.SliceStable(order, func(i, j int) bool { return order[i].size > order[j].size })
	var placed []*storage // by offset
	total := 0
	for _, s := range order {
		offset := 0
		for _, p := range placed {
			if p.last < s.first || s.last < p.first {
				continue
			}
			if offset+s.size <= p.offset {
				break
			}
			offset = max(offset, p.offset+roundUp(p.size))
		}
		s.offset = offset
		at := sort.Search(len(placed), func(i int) bool { return placed[i].offset > offset })
		placed = append(placed, nil)
		copy(placed[at+1:], placed[at:])
		placed[at] = s
		total = max(total, offset+roundUp(s.size))
	}
	return total
}

// peak returns the largest sum of sizes that live at one time: what no placement
// can go below. Outputs live on after the last instruction.
func peak(all []*storage, instructions int) int {
	change := make([]int, instructions+2)
	for _, s := range all {
		change[s.first] += roundUp(s.size)
		change[s.last+1] -= roundUp(s.size)
	}
	most, now := 0, 0
	for _, c := range change {
		now += c
		most = max(most, now)
	}
	return most
}

// bytes is the size of n float32s.
func bytes(n int) int64 { return int64(n) * 4 }

func roundUp(n int) int { return (n + alignment - 1) / alignment * alignment }

// ByteSize formats a number of bytes for people, such as "1.50 GiB".
func ByteSize(n int64) string { return printSize(n, func(digits float64) float64 { return digits }) }

// byteSizeUp is ByteSize rounded up: so much is enough.
func byteSizeUp(n int64) string { return printSize(n, math.Ceil) }

// printSize prints bytes in a unit that suits them, after round, which gets the digits
// that are printed as a whole number with a rest.
func printSize(n int64, round func(digits float64) float64) string {
	decimals, unit, name := 1, 1<<10, "KiB"
	switch {
	case n >= 1<<30:
		decimals, unit, name = 2, 1<<30, "GiB"
	case n >= 1<<20:
		unit, name = 1<<20, "MiB"
	}
	digits := math.Pow10(decimals)
	return fmt.Sprintf("%.*f %s", decimals, round(float64(n)/float64(unit)*digits)/digits, name)
}
