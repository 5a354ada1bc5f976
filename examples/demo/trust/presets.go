package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// presets is the command of that name.
type presets struct {
	N       int      `default:"1500" help:"How many pictures of each way, each of another drawing, the same for all (default: ${default})."`
	Seed    uint64   `type:"seed" default:"9600000" help:"Seed of the first drawing (default: ${default}; none of the numbers was chosen on drawings from there on)."`
	Only    []string `placeholder:"WAY" help:"Ways to measure, of which paper is the one that the others are compared with (default: paper,fast): ${ways}."`
	Keep    bool     `help:"Judge the pictures, too, after the photograph has come back around the defect."`
	Workers int      `placeholder:"N" help:"How many pictures are made side by side (default: as many as there are processors)."`
	Out     string   `default:"trust" placeholder:"DIR" help:"Where findings and tables go (default: ${default})."`
}

// Validate is called by kong after parsing.
func (p presets) Validate() error {
	for _, name := range p.Only {
		if !slices.ContainsFunc(ways, func(w way) bool { return w.name == name }) {
			return fmt.Errorf("--only %s: the ways are %s", name, wayNames())
		}
	}
	return cmp.Or(cli.Within("--n", p.N, 2, 100_000), cli.Within("--workers", p.Workers, 0, 1000))
}

// way is a way to make pictures, from the model's own numbers for preset paper.
type way struct {
	name   string
	change func(o *anomalyany.Options)
}

// ways are the presets, and what lies between them. The first is what the others are compared with.
var ways = []way{
	{"paper", func(*anomalyany.Options) {}},
	{"paper-100", func(o *anomalyany.Options) { resteps(o, 100) }},
	{"paper-12", func(o *anomalyany.Options) { resteps(o, 12) }},
	{"fast", func(o *anomalyany.Options) { *o = o.Fast() }},
	{"fast-16", func(o *anomalyany.Options) { *o = o.Fast(); o.Steps = 16 }},
	{"fast-no-refine", func(o *anomalyany.Options) { *o = o.Fast(); o.Refine = 0 }},
}

// resteps changes T, and R with it.
func resteps(o *anomalyany.Options, steps int) {
	o.Refine = max(1, (o.Refine*steps+o.Steps/2)/o.Steps)
	o.Steps = steps
}

func wayNames() string {
	var names []string
	for _, w := range ways {
		names = append(names, w.name)
	}
	return strings.Join(names, ", ")
}

// chosen are the ways to measure.
func (p presets) chosen() (all []way) {
	for _, w := range ways {
		if len(p.Only) == 0 && (w.name == "paper" || w.name == "fast") || slices.Contains(p.Only, w.name) {
			all = append(all, w)
		}
	}
	return all
}

// run measures the pictures that are not measured yet, and reports on all that are.
func (p presets) run(ctx context.Context) error {
	trials, err := trial.Spread(world.UnseenPairs, p.N, p.Seed)
	if err != nil {
		return err
	}
	var rows []wayFound
	for _, w := range p.chosen() {
		name, options := "presets-"+w.name, w.name
		if p.Keep {
			name, options = name+"-kept", options+", kept"
		}
		kept, err := openFindings[glimpse](p.Out, name, options)
		if err != nil {
			return err
		}
		if err := p.measureAll(ctx, w, trials, kept); err != nil {
			return err
		}
		rows = append(rows, wayFound{w.name, kept.Done})
	}
	return p.report(rows, trials)
}

// measureAll makes and measures the pictures of a way side by side.
func (p presets) measureAll(ctx context.Context, w way, trials []trial.Trial, kept *findings[glimpse]) error {
	left := slices.DeleteFunc(slices.Clone(trials), func(t trial.Trial) bool { return kept.has(key(t)) })
	if len(left) == 0 {
		return nil
	}
	bar := show.NewProgress(ctx, os.Stderr, float64(len(left)))
	bar.Tenths = true
	bar.Begin("", w.name+": %d of %d pictures, ", len(left))
	defer bar.End()
	return trial.Share(ctx, p.Workers, len(left), newBench, func(ctx context.Context, b *bench, i int) error {
		t := left[i]
		f, err := b.glimpse(ctx, t, w, p.Keep)
		if err == nil {
			err = kept.add(key(t), f)
		}
		if err != nil {
			return fmt.Errorf("%s, %s with %s, drawing %d: %w", w.name, t.Subject.Name, t.Defect.Name, t.Seed, err)
		}
		bar.Step(1, "")
		return nil
	})
}
