package main

import (
	"context"
	"fmt"
	"io"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// reporter is told how a picture gets on.
type reporter interface {
	begin(seed uint64)
	skip(steps int) // that were done before
	step(s anomalyany.Step) error
	end()
}

// progress reports the steps of a job's pictures, which are made one after the
// other.
type progress struct {
	*show.Progress
	g        *anomalyany.Generator
	pictures int
	picture  int // number of the picture under way, from 1
	seed     uint64
}

func newProgress(ctx context.Context, out io.Writer, g *anomalyany.Generator, pictures int) *progress {
	work := float64(pictures) * workOf(g, g.Steps())
	return &progress{Progress: show.NewProgress(ctx, out, work), g: g, pictures: pictures}
}

// workOf is the work of a picture's first steps.
func workOf(g *anomalyany.Generator, steps int) float64 {
	sum := 0.0
	for i := range steps {
		sum += g.Work(i)
	}
	return sum
}

// begin announces the next picture.
func (p *progress) begin(seed uint64) {
	p.picture++
	p.seed = seed
	p.Say(fmt.Sprintf("picture %d of %d, seed %d", p.picture, p.pictures, seed))
	p.Begin(fmt.Sprintf("seed %d, ", seed), "step %d of %d: ", p.g.Steps())
}

// skip says that steps of the picture under way were done before.
func (p *progress) skip(steps int) {
	p.Say(fmt.Sprintf("seed %d goes on after step %d of %d", p.seed, steps, p.g.Steps()))
	p.Skip(steps, workOf(p.g, steps))
}

// step is called after each step.
func (p *progress) step(s anomalyany.Step) error {
	losses := fmt.Sprintf("L_att %.3f", s.Attention)
	if s.Image != nil {
		losses += fmt.Sprintf(", L_img %.3f", *s.Image)
	}
	if s.Prompt != nil {
		losses += fmt.Sprintf(", L_prompt %.3f", *s.Prompt)
	}
	p.Step(p.g.Work(s.I), losses)
	return nil
}

// end takes the bar away.
func (p *progress) end() { p.End() }

// part reports one of several pictures that are made side by side: its share of
// them, as far as it has got.
type part struct {
	of    *show.Progress // of pictures
	g     *anomalyany.Generator
	whole float64 // work of all steps
}

func newPart(of *show.Progress, g *anomalyany.Generator) part {
	return part{of, g, workOf(g, g.Steps())}
}

func (p part) begin(uint64) {}

func (p part) skip(steps int) { p.of.Skip(0, workOf(p.g, steps)/p.whole) }

func (p part) step(s anomalyany.Step) error {
	p.of.Add(p.g.Work(s.I) / p.whole)
	return nil
}

func (p part) end() {}
