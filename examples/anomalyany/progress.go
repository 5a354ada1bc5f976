package main

import (
	"context"
	"fmt"
	"io"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// progress reports the pictures of a run. A picture is as much work as it has pixels,
// for those of sizes to come are not known better.
type progress struct {
	*show.Progress
	pictures int
	begun    int
	together bool // several at a time: whole pictures are counted, not their steps
}

func newProgress(ctx context.Context, out io.Writer, tasks []task, together bool) *progress {
	work := 0.0
	for _, t := range tasks {
		work += t.job.pixels()
	}
	p := &progress{Progress: show.NewProgress(ctx, out, work), pictures: len(tasks), together: together}
	if together {
		p.Begin("", "%d of %d pictures, ", len(tasks))
	}
	return p
}

// part reports one of the pictures.
type part struct {
	*progress
	job    *job
	called string // its photograph, with a comma, where there are several

	g       *anomalyany.Generator // nil of a picture whose steps nobody sees
	each    float64               // what an operation of its graphs is of all work
	keeping anomalyany.Keeping    // how the photograph comes back, if it does
	name    string                // with its seed
}

// of is the report of a job's next picture.
func (p *progress) of(j *job, called string) *part {
	return &part{progress: p, job: j, called: called}
}

// steps has the report tell of the picture's steps.
func (p *part) steps(g *anomalyany.Generator) *part {
	p.g, p.keeping, p.each = g, p.job.spec.keeping(), p.job.pixels()/p.job.work(g)
	return p
}

// work is that of a picture: of the run, and of bringing the photograph back.
func (j *job) work(g *anomalyany.Generator) float64 {
	return workOf(g, g.Steps()) + g.KeepWork(j.spec.keeping())
}

// workOf is the work of a picture's first steps.
func workOf(g *anomalyany.Generator, steps int) float64 {
	sum := 0.0
	for i := range steps {
		sum += g.Work(i)
	}
	return sum
}

// begin announces the picture.
func (p *part) begin(seed uint64) {
	if p.together {
		return
	}
	p.begun++
	p.name = fmt.Sprintf("%sseed %d", p.called, seed)
	p.Say(fmt.Sprintf("picture %d of %d, %s", p.begun, p.pictures, p.name))
	p.Begin(p.name+", ", "step %d of %d: ", p.g.Steps())
}

// skip says that steps of the picture were done before.
func (p *part) skip(steps int) {
	work := p.each * workOf(p.g, steps)
	if p.together {
		p.Skip(0, work)
		return
	}
	p.Say(fmt.Sprintf("%s goes on after step %d of %d", p.name, steps, p.g.Steps()))
	p.Skip(steps, work)
}

// step is called after each step.
func (p *part) step(s anomalyany.Step) error {
	work := p.each * p.g.Work(s.I)
	if p.together {
		p.Add(work)
		return nil
	}
	losses := fmt.Sprintf("L_att %.3f", s.Attention)
	if s.Fill != nil {
		losses += fmt.Sprintf(", L_fill %.3f", *s.Fill)
	}
	if s.Image != nil {
		losses += fmt.Sprintf(", L_img %.3f", *s.Image)
	}
	if s.Prompt != nil {
		losses += fmt.Sprintf(", L_prompt %.3f", *s.Prompt)
	}
	p.Step(work, losses)
	return nil
}

// kept is called after each step of those that bring the photograph back.
func (p *part) kept(step, of int) {
	work := p.each * p.g.KeepWork(p.keeping) / float64(of)
	if p.together {
		p.Add(work)
		return
	}
	if step == 1 {
		p.Begin(p.name+", ", "photograph around the defect, step %d of %d, ", of)
	}
	p.Step(work, "")
}

// end takes a bar of steps away.
func (p *part) end() {
	if !p.together {
		p.End()
	}
}

// saved counts the picture where pictures are counted.
func (p *part) saved() {
	if !p.together {
		return
	}
	work := 0.0
	if p.g == nil {
		work = p.job.pixels()
	}
	p.Step(work, "")
}
