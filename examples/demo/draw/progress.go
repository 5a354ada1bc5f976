package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/sdgraph/sdgraph/examples/internal/terminal"
)

// progress reports the pictures that are on the disk: a bar on a terminal, a
// line for each tenth of them elsewhere.
type progress struct {
	mu      sync.Mutex
	out     io.Writer
	bar     *terminal.Bar // nil where out is no terminal
	total   int
	done    int
	started time.Time
}

func newProgress(total int) *progress {
	p := &progress{out: os.Stderr, total: total, started: time.Now()}
	if terminal.Is(os.Stderr) {
		p.bar = &terminal.Bar{Out: p.out, Total: total}
		p.bar.Set(0, "")
	}
	return p
}

// step is called after each picture, by any worker.
func (p *progress) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	left := time.Duration(float64(time.Since(p.started)) * float64(p.total-p.done) / float64(p.done)).Round(time.Second)
	switch {
	case p.bar != nil:
		p.bar.Set(p.done, fmt.Sprintf("%s left", left))
	case p.done*10/p.total > (p.done-1)*10/p.total:
		fmt.Fprintf(p.out, "%d of %d pictures, %s left\n", p.done, p.total, left)
	}
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.End()
	}
}
