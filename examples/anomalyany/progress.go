package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/terminal"
)

// reporter is told how a picture gets on.
type reporter interface {
	begin(seed uint64)
	skip(steps int) // that were done before
	step(s anomalyany.Step) error
	end()
}

// progress reports the steps of a job's pictures: a bar on a terminal, a line
// for each step elsewhere.
type progress struct {
	g        *anomalyany.Generator
	out      io.Writer
	terminal bool
	pictures int

	bar     *terminal.Bar // of the picture under way, nil where out is no terminal
	picture int           // number of the picture under way, from 1
	seed    uint64
	started time.Time
	done    float64 // work of the steps since then, as Generator.Work has it
}

func newProgress(g *anomalyany.Generator, pictures int) *progress {
	return &progress{
		g: g, out: os.Stderr, terminal: terminal.Is(os.Stderr), pictures: pictures,
		started: time.Now(),
	}
}

// begin announces the next picture.
func (p *progress) begin(seed uint64) {
	p.picture++
	p.seed = seed
	fmt.Fprintf(p.out, "picture %d of %d, seed %d\n", p.picture, p.pictures, seed)
	if p.terminal {
		p.bar = &terminal.Bar{Out: p.out, Total: p.g.Steps()}
		p.bar.Set(0, "")
	}
}

// skip says that steps of the picture under way were done before.
func (p *progress) skip(steps int) {
	if p.bar != nil {
		p.bar.Set(steps, "")
		return
	}
	fmt.Fprintf(p.out, "seed %d goes on after step %d of %d\n", p.seed, steps, p.g.Steps())
}

// step is called after each step.
func (p *progress) step(s anomalyany.Step) error {
	p.done += p.g.Work(s.I)
	status := fmt.Sprintf("L_att %.3f", s.Attention)
	if s.Image != nil {
		status += fmt.Sprintf(", L_img %.3f", *s.Image)
	}
	if s.Prompt != nil {
		status += fmt.Sprintf(", L_prompt %.3f", *s.Prompt)
	}
	status += fmt.Sprintf(", %s left", p.left(s.I+1))
	if p.bar != nil {
		p.bar.Set(s.I+1, status)
		return nil
	}
	fmt.Fprintf(p.out, "seed %d, step %d of %d: %s\n", p.seed, s.I+1, p.g.Steps(), status)
	return nil
}

// left is the time that the remaining steps of all pictures will take if a unit
// of work takes as long as it has so far.
func (p *progress) left(next int) time.Duration {
	rest := 0.0
	for i := range p.g.Steps() {
		later := p.pictures - p.picture
		if i >= next {
			later++
		}
		rest += float64(later) * p.g.Work(i)
	}
	return time.Duration(float64(time.Since(p.started)) * rest / p.done).Round(time.Second)
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.End()
	}
}
