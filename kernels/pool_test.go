package kernels

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// withThreads runs f with n threads and restores the setting.
func withThreads(t testing.TB, n int, f func()) {
	t.Helper()
	before := Threads()
	defer SetThreads(before)
	SetThreads(n)
	f()
}

func TestParallelVisitsEachItemOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		withThreads(t, threads, func() {
			for _, n := range []int{0, 1, 2, 3, 100} {
				seen := make([]atomic.Int32, n)
				Parallel(n, func(i int) { seen[i].Add(1) })
				for i := range seen {
					if c := seen[i].Load(); c != 1 {
						t.Fatalf("threads %d, n %d: item %d visited %d times", threads, n, i, c)
					}
				}
			}
		})
	}
}

func TestRangeCoversOnce(t *testing.T) {
	for _, threads := range []int{1, 3} {
		withThreads(t, threads, func() {
			for n := range 40 {
				for _, grain := range []int{0, 1, 7, 100} {
					seen := make([]atomic.Int32, n)
					Range(n, grain, func(lo, hi int) {
						if lo >= hi {
							t.Errorf("n %d grain %d: empty range [%d,%d)", n, grain, lo, hi)
						}
						for i := lo; i < hi; i++ {
							seen[i].Add(1)
						}
					})
					for i := range seen {
						if c := seen[i].Load(); c != 1 {
							t.Fatalf("n %d grain %d: item %d visited %d times", n, grain, i, c)
						}
					}
				}
			}
		})
	}
}

func TestParallelNestedAndConcurrent(t *testing.T) {
	withThreads(t, 4, func() {
		var total atomic.Int64
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				Parallel(10, func(int) {
					Parallel(10, func(int) {
						Parallel(3, func(int) { total.Add(1) })
					})
				})
			})
		}
		callers.Wait()
		if got := total.Load(); got != 8*10*10*3 {
			t.Errorf("%d items ran, want %d", got, 8*10*10*3)
		}
	})
}

// TestParallelWakesSleepers lets workers fall asleep before a call, and callers before
// its end.
func TestParallelWakesSleepers(t *testing.T) {
	withThreads(t, 2, func() {
		for range 10 {
			time.Sleep(5 * workerLooksOut)
			var both sync.WaitGroup
			both.Add(2)
			Parallel(2, func(i int) {
				both.Done()
				both.Wait() // for the other item, which another goroutine has to take
				time.Sleep(time.Duration(i) * 2 * callerLooksOut)
			})
		}
	})
}

func TestParallelPanicReachesCaller(t *testing.T) {
	withThreads(t, 4, func() {
		for _, culprit := range []int{0, 17, 99} {
			func() {
				defer func() {
					if v := recover(); v != "item" {
						t.Errorf("recovered %v, want the item's panic", v)
					}
				}()
				Parallel(100, func(i int) {
					if i == culprit {
						panic("item")
					}
				})
				t.Error("Parallel returned")
			}()
		}
		var ran atomic.Int32
		Parallel(50, func(int) { ran.Add(1) })
		if ran.Load() != 50 {
			t.Errorf("after a panic only %d of 50 items ran", ran.Load())
		}
	})
}
