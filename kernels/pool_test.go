package kernels

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"weak"
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

func TestParallelPanicReachesCaller(t *testing.T) {
	withThreads(t, 4, func() {
		for _, culprit := range []int{0, 17, 99} {
			var underWay atomic.Int32
			func() {
				defer func() {
					if v := recover(); v != "item" {
						t.Errorf("recovered %v, want the item's panic", v)
					}
					if c := underWay.Load(); c != 0 {
						t.Errorf("the caller went on before %d items had ended", c)
					}
				}()
				Parallel(100, func(i int) {
					underWay.Add(1)
					defer underWay.Add(-1)
					if i == culprit {
						panic("item")
					}
					runtime.Gosched()
				})
				t.Error("Parallel returned")
			}()
		}
		expectWhole(t)
	})
}

// TestParallelGoexitEndsCaller ends a goroutine in an item as testing.T's FailNow does.
func TestParallelGoexitEndsCaller(t *testing.T) {
	withThreads(t, 4, func() {
		for _, culprit := range []int{0, 17, 99} {
			var underWay atomic.Int32
			var returned bool
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				Parallel(100, func(i int) {
					underWay.Add(1)
					defer underWay.Add(-1)
					if i == culprit {
						runtime.Goexit()
					}
					runtime.Gosched()
				})
				returned = true
			}()
			<-ended
			if returned {
				t.Error("Parallel returned")
			}
			if c := underWay.Load(); c != 0 {
				t.Errorf("the caller ended before %d items had", c)
			}
		}
		expectWhole(t)
	})
}

// expectWhole sees to it that calls are complete again after one that was not.
func expectWhole(t *testing.T) {
	t.Helper()
	var ran atomic.Int32
	Parallel(50, func(int) { ran.Add(1) })
	if ran.Load() != 50 {
		t.Errorf("only %d of 50 items ran", ran.Load())
	}
}

// TestWorkersOutliveGoexit leaves each item to a worker, and has it end that worker's goroutine:
// more often than there are workers.
func TestWorkersOutliveGoexit(t *testing.T) {
	pool.start(1)
	for range pool.started.Load() + 1 {
		begun := make(chan struct{})
		j := newJob(1, 1, func(int) {
			close(begun)
			runtime.Goexit()
		})
		pool.offer(j)
		<-begun
		pool.finish(j)
		if v := j.fault.Load(); v == nil || *v != nil {
			t.Fatalf("fault is %v, want nil's address for Goexit", v)
		}
	}
}

// TestOfferWakesSleeper has a worker that never looks out, and so may sleep at each offer, and a caller that
// never does, and so may sleep until the worker has left.
func TestOfferWakesSleeper(t *testing.T) {
	const rounds = 1000
	p := newWorkers()
	go func() {
		for range rounds {
			j, item := p.sleep()
			j.help(item)
		}
	}()
	for range rounds {
		begun := make(chan struct{})
		j := newJob(1, 1, func(int) { close(begun) })
		p.offer(j)
		<-begun
		j.leave()
		<-j.done
	}
}

// TestFinishedJobsLeaveNothing makes calls while no worker is free, which here are none at all.
func TestFinishedJobsLeaveNothing(t *testing.T) {
	p := newWorkers()
	refersTo := func(calls int) (data weak.Pointer[[1 << 10]int]) {
		for range calls {
			items := new([1 << 10]int)
			data = weak.Make(items)
			p.do(newJob(2, 1, func(i int) { items[i]++ }))
		}
		return data
	}
	data := refersTo(2000)
	if len(p.jobs) != 0 {
		t.Errorf("%d finished jobs are still listed", len(p.jobs))
	}
	runtime.GC()
	if data.Value() != nil {
		t.Error("what a finished job's items refer to is still in memory")
	}
	if j, item := p.join(); j != nil {
		t.Errorf("a worker got item %d of a finished job", item)
	}
	runtime.KeepAlive(p)
}

// TestBrokenJobsLeaveNothing has an item of the caller's own end by a panic or by Goexit.
func TestBrokenJobsLeaveNothing(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("item") }, "Goexit": runtime.Goexit} {
		p := newWorkers()
		j := newJob(2, 1, func(int) { end() })
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			defer func() { recover() }()
			p.do(j)
		}()
		<-ended
		if len(p.jobs) != 0 || j.inside.Load() != 0 {
			t.Errorf("%s: %d jobs are still listed, %d goroutines still in this one", name, len(p.jobs), j.inside.Load())
		}
	}
}

// TestWorkersFindLiveJobs: one that has no items left does not stand before one that has, though its caller has
// not finished.
func TestWorkersFindLiveJobs(t *testing.T) {
	p := newWorkers()
	for range 2000 {
		j := newJob(2, 3, func(int) {})
		j.work(j.draw())
		p.offer(j)
	}
	live := newJob(2, 3, func(int) {})
	p.offer(live)
	for want := range 2 {
		if j, item := p.join(); j != live || item != want {
			t.Fatalf("a worker got item %d of job %p, want %d of %p", item, j, want, live)
		}
	}
	if j, item := p.join(); j != nil {
		t.Errorf("a worker got item %d of a job that has 2", item)
	}
	if len(p.jobs) != 0 || p.listed.Load() != 0 {
		t.Errorf("%d jobs are still listed, and counted as %d", len(p.jobs), p.listed.Load())
	}
}

// TestHelpersAreNoMoreThanPlaces: a call is spread over so many goroutines and no more.
func TestHelpersAreNoMoreThanPlaces(t *testing.T) {
	p := newWorkers()
	crowded, next := newJob(100, 2, func(int) {}), newJob(100, 1, func(int) {})
	p.offer(crowded)
	p.offer(next)
	for k, want := range []*job{crowded, crowded, next, nil} {
		if j, _ := p.join(); j != want {
			t.Errorf("helper %d came to job %p, want %p", k, j, want)
		}
	}
}

// TestPanicSkipsTheRest: after an item that panicked in a helper no other is begun, and the caller hears of the first.
func TestPanicSkipsTheRest(t *testing.T) {
	p := newWorkers()
	ran := 0
	j := newJob(100, 2, func(i int) {
		ran++
		panic(i)
	})
	p.offer(j)
	_, first := p.join()
	_, second := p.join() // drawn before the panic
	j.help(first)
	j.help(second)
	p.finish(j)
	if ran != 2 || j.draw() < j.n {
		t.Errorf("%d items ran, want the 2 that were drawn", ran)
	}
	defer func() {
		if v := recover(); v != first {
			t.Errorf("recovered %v, want the first panic's %d", v, first)
		}
	}()
	j.raise()
}
