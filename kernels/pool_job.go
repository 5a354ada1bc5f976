package kernels

import (
	"runtime"
	"sync/atomic"
)

// job is n independent items that its caller and helpers draw from.
type job struct {
	f      func(i int)
	n      int
	next   atomic.Int64        // first item not drawn yet
	places atomic.Int64        // helpers that may still come; falls under the pool's lock
	inside atomic.Int64        // goroutines at work on it
	done   chan struct{}       // closed by the last of them
	fault  atomic.Pointer[any] // what a helper's item panicked with first; of nil, if it called Goexit
}

// newJob is a job that its caller is at work on.
func newJob(n, helpers int, f func(i int)) *job {
	j := &job{f: f, n: n, done: make(chan struct{})}
	j.places.Store(int64(helpers))
	j.inside.Store(1)
	return j
}

// draw returns an item that nobody else has, or n or more if none is left.
func (j *job) draw() int { return int(j.next.Add(1) - 1) }

// work computes item i and then what it draws.
func (j *job) work(i int) {
	for ; i < j.n; i = j.draw() {
		j.f(i)
	}
}

// help is a helper's work: a panic is kept for the caller.
func (j *job) help(i int) {
	returned := false
	defer func() {
		if v := recover(); !returned {
			j.fault.CompareAndSwap(nil, &v)
		}
		j.leave()
	}()
	j.work(i)
	returned = true
}

// leave is what everybody at work on the job ends with. After an item that did not
// return no other is begun.
func (j *job) leave() {
	if j.next.Load() < int64(j.n) {
		j.next.Store(int64(j.n))
	}
	if j.inside.Add(-1) == 0 {
		close(j.done)
	}
}

// wait returns when everybody has left.
func (j *job) wait() {
	if !lookOut(callerLooksOut, func() bool { return j.inside.Load() == 0 }) {
		<-j.done
	}
}

// raise ends the caller as an item ended a helper's work, if one did.
func (j *job) raise() {
	switch v := j.fault.Load(); {
	case v == nil:
	case *v == nil:
		runtime.Goexit()
	default:
		panic(*v)
	}
}
