package kernels

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// The pool is a set of goroutines that live as long as the program and take
// jobs from one channel. A caller offers its job to them and then works on it
// itself, so that a call nested in a worker always progresses, and waits only
// for items that some goroutine is already computing.
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

// job is n independent items that any number of goroutines may draw from.
type job struct {
	f     func(i int)
	n     int64
	next  atomic.Int64 // first item not drawn yet
	left  atomic.Int64 // items not finished yet
	done  chan struct{}
	fault atomic.Pointer[any] // first value an item panicked with
}

var pool = struct {
	threads atomic.Int64
	jobs    chan *job
	mu      sync.Mutex   // held to start workers
	started atomic.Int64 // workers running
}{jobs: make(chan *job, 1024)}

func init() { SetThreads(0) }

// SetThreads sets how many goroutines a call is spread over, the calling one
// included. Zero or less means GOMAXPROCS, the default.
func SetThreads(n int) {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	pool.threads.Store(int64(n))
}

// startWorkers sees to it that there are at least n.
func startWorkers(n int) {
	if pool.started.Load() >= int64(n) {
		return
	}
	pool.mu.Lock()
	defer pool.mu.Unlock()
	for pool.started.Load() < int64(n) {
		pool.started.Add(1)
		go work()
	}
}

// Threads is the number of goroutines a call is spread over.
func Threads() int { return int(pool.threads.Load()) }

// Parallel calls f(0), …, f(n-1), each once, in no particular order and at
// most [Threads] at a time, and returns when all have returned. Calls may be
// nested. A panic in f is raised again in the caller, after the items under
// way have ended; the items not yet begun are skipped.
func Parallel(n int, f func(i int)) {
	helpers := min(Threads(), n) - 1
	if helpers <= 0 {
		for i := range n {
			f(i)
		}
		return
	}
	startWorkers(helpers)
	j := &job{f: f, n: int64(n), done: make(chan struct{})}
	j.left.Store(j.n)
	for range helpers {
		select {
		case pool.jobs <- j:
		default: // every worker has plenty to do
		}
	}
	j.run()
	if !lookOut(callerLooksOut, func() bool { return j.left.Load() == 0 }) {
		<-j.done
	}
	if v := j.fault.Load(); v != nil {
		panic(*v)
	}
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

// work draws jobs as long as the program lives. Memory of a mapped file that is
// gone is a panic here, which Parallel raises again in the caller, and not the
// end of the program.
func work() {
	debug.SetPanicOnFault(true)
	for {
		nextJob().run()
	}
}

// nextJob waits for a job.
func nextJob() (j *job) {
	if lookOut(workerLooksOut, func() bool {
		select {
		case j = <-pool.jobs:
			return true
		default:
			return false
		}
	}) {
		return j
	}
	return <-pool.jobs
}

// run draws items until none are left. Whoever finishes the last item lets
// the caller go on.
func (j *job) run() {
	for {
		i := j.next.Add(1) - 1
		if i >= j.n {
			return
		}
		j.item(int(i))
		if j.left.Add(-1) == 0 {
			close(j.done)
		}
	}
}

func (j *job) item(i int) {
	if j.fault.Load() != nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			j.fault.CompareAndSwap(nil, &v)
		}
	}()
	j.f(i)
}
