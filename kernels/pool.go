package kernels

import (
	"runtime"
	"sync/atomic"
	"time"
)

// The pool is a set of goroutines that live as long as the program. A caller lists
// its job for them and then works on it itself, so that a call nested in a worker
// always progresses, and waits only for items that some goroutine is already
// computing. A job is listed no longer than it has items to give: whoever finds none
// left takes it out, at the latest its caller, so that finished jobs neither stand
// before live ones nor keep what their items refer to.
//
// To wake a sleeping goroutine on another processor takes longer than many an
// operation. Who waits therefore looks out for a while before it sleeps: a worker
// for as long as the next operation may take to come, a caller for as long as the
// last items may take.
const (
	workerLooksOut = 200 * time.Microsecond
	callerLooksOut = 5 * time.Millisecond
)

// lookOut asks until it is told yes or the time is over, and lets other goroutines
// run in between.
func lookOut(limit time.Duration, ready func() bool) bool {
	for start := time.Now(); time.Since(start) < limit; runtime.Gosched() {
		for range 500 {
			if ready() {
				return true
			}
		}
	}
	return false
}

var (
	threads atomic.Int64
	pool    = newWorkers()
)

func init() { SetThreads(0) }

// SetThreads sets how many goroutines a call is spread over, the calling one
// included. Zero or less means GOMAXPROCS, the default.
func SetThreads(n int) {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	threads.Store(int64(n))
}

// Threads is the number of goroutines a call is spread over.
func Threads() int { return int(threads.Load()) }

// Parallel calls f(0), …, f(n-1), each once, in no particular order and at
// most [Threads] at a time, and returns when all have returned. Calls may be
// nested. Items must not wait for one another: a call that finds every worker
// busy computes them one after the other.
//
// A panic in f is raised again in the caller, after the items under way have
// ended; the items not yet begun are skipped. An item that ends its goroutine
// ([runtime.Goexit], as testing.T's FailNow does) ends the caller's in the same
// way, whichever goroutine computed it.
func Parallel(n int, f func(i int)) {
	helpers := min(Threads(), n) - 1
	if helpers <= 0 {
		for i := range n {
			f(i)
		}
		return
	}
	pool.start(helpers)
	pool.do(newJob(n, helpers, f))
}

// Range calls f for consecutive ranges that cover [0, n), in no particular
// order: at most four per thread, and none shorter than grain except the
// last, so that a small n stays on the calling goroutine. Where n is cut
// depends on the number of threads.
func Range(n, grain int, f func(lo, hi int)) {
	if n <= 0 {
		return
	}
	parts := 1
	if t := Threads(); t > 1 {
		parts = min(4*t, n/max(grain, 1))
	}
	size := n
	if parts > 1 {
		size = (n + parts - 1) / parts
	}
	Parallel((n+size-1)/size, func(i int) {
		f(i*size, min((i+1)*size, n))
	})
}
