package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress reports the pictures that are on the disk: a bar on a terminal, a
// line for each tenth of them elsewhere.
type progress struct {
	mu      sync.Mutex
	out     io.Writer
	bar     *progressbar.ProgressBar // nil where out is no terminal
	total   int
	done    int
	started time.Time
}

func newProgress(total int) *progress {
	p := &progress{out: os.Stderr, total: total, started: time.Now()}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.out), progressbar.OptionShowCount(), progressbar.OptionSetWidth(20),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true),
			progressbar.OptionClearOnFinish())
		p.bar.RenderBlank()
	}
	return p
}

// step is called after each picture, by any worker.
func (p *progress) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if p.bar != nil {
		p.bar.Add(1)
		return
	}
	if p.done*10/p.total > (p.done-1)*10/p.total {
		left := time.Duration(float64(time.Since(p.started)) * float64(p.total-p.done) / float64(p.done))
		fmt.Fprintf(p.out, "%d of %d pictures, %s left\n", p.done, p.total, left.Round(time.Second))
	}
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
