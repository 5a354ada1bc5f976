package kernels

import (
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// workers are the goroutines that help, and the jobs that they may help with.
type workers struct {
	started atomic.Int64
	mu      sync.Mutex
	jobs    []*job       // that have places and, as far as anybody knows, items; the oldest first
	listed  atomic.Int64 // len(jobs), for who looks out
	offered sync.Cond    // on mu
}

func newWorkers() *workers {
	p := new(workers)
	p.offered.L = &p.mu
	return p
}

// start sees to it that there are at least n.
func (p *workers) start(n int) {
	if p.started.Load() >= int64(n) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.started.Load() < int64(n) {
		p.started.Add(1)
		go p.run()
	}
}

// run helps as long as the program lives. Memory of a mapped file that is gone is a
// panic here, which Parallel raises again in the caller, and not the end of the
// program. Where an item ends this goroutine, another takes its place.
func (p *workers) run() {
	defer func() { go p.run() }()
	debug.SetPanicOnFault(true)
	for {
		j, item := p.next()
		j.help(item)
	}
}

// do is the caller's part of a job: it offers it, works on it, and goes on when
// everybody has left, also where an item of its own does not return.
func (p *workers) do(j *job) {
	p.offer(j)
	func() {
		defer p.finish(j)
		j.work(j.draw())
	}()
	j.raise()
}

// offer lists a job and wakes as many workers as may help with it, if they sleep.
func (p *workers) offer(j *job) {
	helpers := j.places.Load()
	p.mu.Lock()
	p.jobs = append(p.jobs, j)
	p.listed.Store(int64(len(p.jobs)))
	p.mu.Unlock()
	for range helpers {
		p.offered.Signal()
	}
}

// finish lets no more helpers come, and waits for those who came.
func (p *workers) finish(j *job) {
	if j.places.Load() > 0 { // or else the last one to come took it from the list
		p.mu.Lock()
		p.remove(j)
		p.mu.Unlock()
	}
	j.leave()
	j.wait()
}

// remove takes a job from the list, if it is there; mu is held.
func (p *workers) remove(j *job) {
	if at := slices.Index(p.jobs, j); at >= 0 {
		p.jobs = slices.Delete(p.jobs, at, at+1)
		p.listed.Store(int64(len(p.jobs)))
	}
}

// next waits for a job to help with, and the first item of it to compute.
func (p *workers) next() (j *job, item int) {
	if lookOut(workerLooksOut, func() bool {
		if p.listed.Load() == 0 || !p.mu.TryLock() {
			return false
		}
		j, item = p.join()
		p.mu.Unlock()
		return j != nil
	}) {
		return j, item
	}
	return p.sleep()
}

// sleep is next without looking out.
func (p *workers) sleep() (j *job, item int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if j, item = p.join(); j != nil {
			return j, item
		}
		p.offered.Wait()
	}
}

// join takes a place at the oldest job that has items left, and draws one; mu is
// held. It returns nil if there is no such job.
func (p *workers) join() (*job, int) {
	for len(p.jobs) > 0 {
		j := p.jobs[0]
		item := j.draw()
		if item >= j.n {
			p.remove(j)
			continue
		}
		j.inside.Add(1)
		if j.places.Add(-1) == 0 {
			p.remove(j)
		}
		return j, item
	}
	return nil, 0
}
