package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"golang.org/x/term"
)

// progress reports the steps of one picture: a bar on a terminal, a line for
// each step elsewhere.
type progress struct {
	g       *anomaly.Generator
	title   string
	bar     *progressbar.ProgressBar // nil where stderr is no terminal
	out     io.Writer
	started time.Time
	done    float64 // work of the steps that are done, as Generator.Work has it
}

func newProgress(g *anomaly.Generator, seed uint64, i, n int) *progress {
	p := &progress{g: g, title: fmt.Sprintf("picture %d of %d, seed %d", i+1, n, seed), out: os.Stderr, started: time.Now()}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.bar = progressbar.NewOptions(g.Steps(),
			progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(p.title),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(20))
		p.bar.RenderBlank()
	}
	return p
}

// step is called after each step.
func (p *progress) step(s anomaly.StepTrace, _ diffusion.Latent) error {
	p.done += p.g.Work(s.I)
	losses := fmt.Sprintf("L_att %.3f", s.Attention)
	if s.Image != nil {
		losses += fmt.Sprintf(", L_img %.3f, L_prompt %.3f", *s.Image, *s.Prompt)
	}
	status := fmt.Sprintf("%s, %s left", losses, p.left(s.I+1))
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%s: %s", p.title, status))
		return p.bar.Add(1)
	}
	_, err := fmt.Fprintf(p.out, "%s: step %d of %d: %s\n", p.title, s.I+1, p.g.Steps(), status)
	return err
}

// left is the time that the remaining steps will take if a unit of work takes
// as long as it has so far.
func (p *progress) left(next int) time.Duration {
	rest := 0.0
	for i := next; i < p.g.Steps(); i++ {
		rest += p.g.Work(i)
	}
	return time.Duration(float64(time.Since(p.started)) * rest / p.done).Round(time.Second)
}

func (p *progress) close() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
