package show

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress tells people how much of a piece of work is done, and how long the rest
// will take if it goes on as fast as it has so far. Work is counted in any unit in
// which steps that take twice as long are twice as much, such as operations or
// pictures.
//
// On a terminal it is one line with a bar, written over and never longer than the
// terminal is wide; elsewhere it is lines. Once its context has ended it says
// nothing more. It may be told by several goroutines, and what cannot be written
// is no reason to stop.
type Progress struct {
	// Tenths leaves out lines, elsewhere than on a terminal, but for one after
	// each tenth of the steps.
	Tenths bool

	ctx      context.Context
	out      io.Writer
	terminal bool
	started  time.Time

	mu      sync.Mutex
	work    float64 // all of it
	skipped float64 // of it, done before
	done    float64 // of it, since started
	now     status  // as last said
	format  string  // of its count
	step    int     // which are done
	steps   int
	bar     bar // where out is a terminal
}

// NewProgress begins to tell, on out, of so much work.
func NewProgress(ctx context.Context, out io.Writer, work float64) *Progress {
	return &Progress{ctx: ctx, out: out, terminal: IsTerminal(out), started: time.Now(), work: work, bar: bar{out: out}}
}

// Begin begins to count so many steps: of all the work, or of a part of it, such
// as a picture. The count is formatted with the steps that are done and all of
// them, such as "step %d of %d: ", behind a lead that says what they are of, such
// as "seed 7, ".
func (p *Progress) Begin(lead, count string, steps int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.format, p.step, p.steps = count, 0, steps
	p.now = status{lead: lead}
	p.draw()
}

// Skip counts steps of so much work that were done before this run.
func (p *Progress) Skip(steps int, work float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step += steps
	p.skipped += work
	p.draw()
}

// Add counts work of steps that are under way, which only a bar shows.
func (p *Progress) Add(work float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += work
	p.draw()
}

// Step counts a step that is done, and the work of it that was not counted. More
// details are separated by ", ": the first ones are left out first where a
// terminal is narrow. After the last step the bar is taken away.
func (p *Progress) Step(work float64, detail string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step++
	p.done += work
	p.now.detail = detail
	p.draw()
	if p.step >= p.steps {
		p.bar.clear()
	}
	if !p.terminal && p.ctx.Err() == nil && (!p.Tenths || p.endsTenth()) {
		fmt.Fprintln(p.out, p.now)
	}
}

// endsTenth reports whether the last step was the last one of a tenth of them.
func (p *Progress) endsTenth() bool {
	all := max(p.steps, 1)
	return p.step*10/all > (p.step-1)*10/all
}

// Say writes a line, above the bar.
func (p *Progress) Say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return
	}
	shown := p.bar.of != nil
	p.bar.clear()
	fmt.Fprintln(p.out, line)
	if shown {
		p.draw()
	}
}

// End takes the bar away.
func (p *Progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bar.clear()
}

// Each is how long a unit of work has taken so far, on average; 0 where none is
// done.
func (p *Progress) Each() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lasts(1)
}

// lasts is how long so much work will take if it goes on as so far.
func (p *Progress) lasts(work float64) time.Duration {
	if p.done == 0 {
		return 0
	}
	return time.Duration(float64(time.Since(p.started)) / p.done * work)
}

// draw updates what there is to say, and the bar.
func (p *Progress) draw() {
	p.now.count, p.now.left = fmt.Sprintf(p.format, p.step, p.steps), ""
	if p.done > 0 {
		rest := max(p.work-p.skipped-p.done, 0)
		p.now.left = p.lasts(rest).Round(time.Second).String() + " left"
	}
	if p.terminal && p.ctx.Err() == nil {
		p.bar.set((p.skipped+p.done)/max(p.work, 1e-9), p.now)
	}
}
