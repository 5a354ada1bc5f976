package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sdgraph/sdgraph/examples/internal/terminal"
)

// progress reports the steps of a job's pictures: a bar on a terminal, a line
// for each step elsewhere.
type progress struct {
	out             io.Writer
	terminal        bool
	pictures, steps int // of the job; of each picture
	decodeInSteps   float64

	bar     *terminal.Bar // of the picture under way, nil where out is no terminal
	picture int           // number of the picture under way, from 1
	seed    uint64
	last    time.Time // when the last step ended or the picture began

	stepping, decoding time.Duration // of the steps and pictures that are done
	stepped, done      int
}

// newProgress begins a report. decodeInSteps is how many steps the decoding of a
// picture is taken to cost while none has been decoded.
func newProgress(pictures, steps int, decodeInSteps float64) *progress {
	return &progress{
		out: os.Stderr, terminal: terminal.Is(os.Stderr),
		pictures: pictures, steps: steps, decodeInSteps: decodeInSteps,
	}
}

// begin announces the next picture.
func (p *progress) begin(seed uint64) {
	p.picture++
	p.seed, p.last = seed, time.Now()
	fmt.Fprintf(p.out, "picture %d of %d, seed %d\n", p.picture, p.pictures, seed)
	if p.terminal {
		p.bar = &terminal.Bar{Out: p.out, Total: p.steps}
		p.bar.Set(0, "")
	}
}

// step is called after step i of a picture.
func (p *progress) step(i int) {
	now := time.Now()
	p.stepping += now.Sub(p.last)
	p.stepped++
	p.last = now
	left := fmt.Sprintf("%s left", p.left(i+1).Round(time.Second))
	if p.bar != nil {
		p.bar.Set(i+1, left)
		return
	}
	fmt.Fprintf(p.out, "seed %d, step %d of %d: %s\n", p.seed, i+1, p.steps, left)
}

// decoded is called after a picture was decoded.
func (p *progress) decoded(took time.Duration) {
	p.decoding += took
	p.done++
}

// left is the time that the remaining steps of all pictures and their decoding
// will take, if they take as long as they have so far.
func (p *progress) left(next int) time.Duration {
	later := p.pictures - p.picture
	step := p.stepping / time.Duration(p.stepped)
	decode := time.Duration(p.decodeInSteps * float64(step))
	if p.done > 0 {
		decode = p.decoding / time.Duration(p.done)
	}
	return time.Duration(p.steps*later+p.steps-next)*step + time.Duration(later+1)*decode
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.End()
	}
}
