package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sdgraph/sdgraph/examples/internal/terminal"
)

// progress reports the passes: a bar on a terminal, a line for each elsewhere.
type progress struct {
	out     io.Writer
	bar     *terminal.Bar // nil where out is no terminal
	steps   int
	done    int
	started time.Time
}

func newProgress(steps int) *progress {
	p := &progress{out: os.Stderr, steps: steps, started: time.Now()}
	if terminal.Is(os.Stderr) {
		p.bar = &terminal.Bar{Out: p.out, Total: steps}
		p.bar.Set(0, "")
	}
	return p
}

// step is called after each pass.
func (p *progress) step() {
	p.done++
	each := time.Since(p.started) / time.Duration(p.done)
	left := (time.Duration(p.steps-p.done) * each).Round(time.Second)
	if p.bar != nil {
		p.bar.Set(p.done, fmt.Sprintf("%s left", left))
		return
	}
	fmt.Fprintf(p.out, "step %d of %d: %s left\n", p.done, p.steps, left)
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.End()
	}
}
