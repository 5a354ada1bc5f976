package main

import (
	"context"
	"fmt"
	"os"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/examples/demo/learn"
	drawings "github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// learnedMaker is AnomalyDiffusion with the small model, which has learned each defect of a part from a few drawings.
type learnedMaker struct{ *diffusion.Pipeline }

func openAnomalyDiffusion(ctx context.Context) (maker, error) {
	p, err := demo.Open(ctx, diffusion.WithoutCLIP())
	return learnedMaker{p}, err
}

// schooling says what words are learned from, and where they are kept.
type schooling struct {
	dir      string
	drawings int // that each is learned from
	steps    int // of training; 0 for those that serve best
}

// defaultExamples is how many true drawings a word is learned from unless that is said.
const defaultExamples = 3

// lesson is the word of a defect.
func (s schooling) lesson(part, defect string) (learn.Lesson, error) {
	for _, pair := range world.Pairs(world.AllPairs) {
		if pair.Subject.Name == part && pair.Defect.Name == defect {
			l := learn.New(pair, s.drawings, 0)
			if s.steps > 0 {
				l.Training.Steps = s.steps
			}
			return l, nil
		}
	}
	return learn.Lesson{}, fmt.Errorf("nobody draws a %s with a %s", part, defect)
}

// generator has the word of the defect that is asked for.
func (m learnedMaker) generator(ctx context.Context, o order) (anomaly.Generator, error) {
	l, err := o.words.lesson(o.part, o.defect)
	if err != nil {
		return nil, err
	}
	word, _, err := l.Learn(ctx, m.Pipeline, o.words.dir)
	if err != nil {
		return nil, err
	}
	g, err := generate.NewAnomalyDiffusion(ctx, m.Pipeline, word, demoSize, demoSize, m.generating(o))
	return called{g, o.defect}, err
}

// generating are the numbers of generating: a material is everywhere, and has no outline to be found.
func (learnedMaker) generating(o order) generate.AnomalyDiffusionOptions {
	with := learn.Generating()
	if o.material {
		with.Foreground = generate.Everywhere
	}
	return with
}

// called gives the defects of a generator the name of what they are, in the place of the learned word.
type called struct {
	anomaly.Generator
	defect string
}

// Generate makes a picture.
func (c called) Generate(ctx context.Context, in anomaly.Input, d anomaly.Draws) (anomaly.Result, error) {
	r, err := c.Generator.Generate(ctx, in, d)
	r.Defect = c.defect
	return r, err
}

// options are those of generating, and of all words.
func (m learnedMaker) options(o order) any {
	var words []any
	for _, defect := range o.defects {
		if l, err := o.words.lesson(o.part, defect); err == nil {
			words = append(words, l.Options())
		}
	}
	return struct {
		Generating generate.AnomalyDiffusionOptions
		Words      []any
	}{m.generating(o), words}
}

// learnWords learns the words of all parts and defects of a ground that are not there, side by side.
func learnWords(ctx context.Context, g *ground) error {
	var all []learn.Lesson
	for _, p := range g.parts {
		for _, defect := range p.defects {
			l, err := g.learns.lesson(p.name, defect)
			if err != nil {
				return err
			}
			all = append(all, l)
		}
	}
	bar := show.NewProgress(ctx, os.Stderr, float64(len(all)))
	bar.Tenths = true
	bar.Begin(fmt.Sprintf("%s, %s: ", g.learns.told(), g.name), "%d of %d words, ", len(all))
	defer bar.End()
	return drawings.Share(ctx, 0, len(all), openAnomalyDiffusion, func(ctx context.Context, m maker, i int) error {
		_, took, err := all[i].Learn(ctx, m.(learnedMaker).Pipeline, g.learns.dir)
		bar.Step(1, fmt.Sprintf("the last learned in %.0f s", took.Seconds()))
		return err
	})
}

// told says what is done.
func (s schooling) told() string {
	return fmt.Sprintf("learning from %s", counted(s.drawings, "drawing"))
}
