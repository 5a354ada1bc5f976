package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/terminal"
)

// tally reports pictures that are made side by side: a bar on a terminal, a line
// for each picture elsewhere. It may be told by several goroutines.
type tally struct {
	out      io.Writer
	terminal bool
	total    int // pictures
	started  time.Time

	mu       sync.Mutex
	made     float64 // pictures, those under way in part
	finished int
	bar      *terminal.Bar // nil until the first step, and where out is no terminal
}

// barUnits are those of the bar for each picture.
const barUnits = 100

func newTally(total int) *tally {
	return &tally{out: os.Stderr, terminal: terminal.Is(os.Stderr), total: total, started: time.Now()}
}

// part reports one of the pictures.
func (t *tally) part(g *anomalyany.Generator) reporter {
	whole := 0.0
	for i := range g.Steps() {
		whole += g.Work(i)
	}
	return &part{t, g, whole}
}

// part is a picture's share of a tally.
type part struct {
	t     *tally
	g     *anomalyany.Generator
	whole float64 // work of all steps
}

func (p *part) begin(uint64) {}

func (p *part) skip(steps int) {
	for i := range steps {
		p.t.add(p.g.Work(i) / p.whole)
	}
}

func (p *part) step(s anomalyany.Step) error {
	p.t.add(p.g.Work(s.I) / p.whole)
	return nil
}

func (p *part) end() {}

// add counts a part of a picture.
func (t *tally) add(share float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made += share
	if !t.terminal {
		return
	}
	if t.bar == nil {
		t.bar = &terminal.Bar{Out: t.out, Total: t.total * barUnits, Uncounted: true}
	}
	t.show()
}

// finish counts a picture that is saved.
func (t *tally) finish() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finished++
	switch {
	case t.bar == nil:
		fmt.Fprintln(t.out, t.status())
	case t.finished == t.total:
		t.bar.End()
	default:
		t.show()
	}
}

// show draws the bar.
func (t *tally) show() { t.bar.Set(int(t.made*barUnits), t.status()) }

// status says how many pictures are saved, and how long the others will take if
// work takes as long as it has so far.
func (t *tally) status() string {
	left := time.Duration(float64(time.Since(t.started)) * (float64(t.total) - t.made) / max(t.made, 1e-9)).Round(time.Second)
	return fmt.Sprintf("%d of %d pictures, %s left", t.finished, t.total, max(left, 0))
}
