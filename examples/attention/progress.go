package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress reports the passes: a bar on a terminal, a line for each elsewhere.
type progress struct {
	out     io.Writer
	bar     *progressbar.ProgressBar // nil where out is no terminal
	steps   int
	done    int
	started time.Time
}

func newProgress(steps int) *progress {
	p := &progress{out: os.Stderr, steps: steps, started: time.Now()}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.bar = progressbar.NewOptions(steps,
			progressbar.OptionSetWriter(p.out), progressbar.OptionShowCount(), progressbar.OptionSetWidth(20),
			progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
		p.bar.RenderBlank()
	}
	return p
}

// step is called after each pass.
func (p *progress) step() error {
	p.done++
	each := time.Since(p.started) / time.Duration(p.done)
	left := (time.Duration(p.steps-p.done) * each).Round(time.Second)
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%s left", left))
		return p.bar.Add(1)
	}
	_, err := fmt.Fprintf(p.out, "step %d of %d: %s left\n", p.done, p.steps, left)
	return err
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
