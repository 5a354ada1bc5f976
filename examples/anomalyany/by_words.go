package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// byWords makes a job's pictures with AnomalyAny.
type byWords struct {
	*job
	g *anomalyany.Generator // of what the model sees
}

// make makes and judges a picture.
func (m *byWords) make(ctx context.Context, seed uint64, bar *part) (*outcome, error) {
	started := time.Now()
	of, g, err := m.placed(ctx, m.g, seed)
	if err != nil {
		return nil, err
	}
	r, err := of.generate(ctx, g, seed, bar.steps(m.g))
	if err != nil {
		return nil, err
	}
	f, err := of.finish(ctx, g, r, bar)
	if err != nil {
		return nil, err
	}
	m.learn(of)
	f.how = func(rec *record) { of.describe(rec, g, r) }
	return &outcome{of, seed, f, time.Since(started)}, nil
}

// describe writes into a record how the algorithm went.
func (j *job) describe(rec *record, g *anomalyany.Generator, r *anomalyany.Result) {
	o := g.Options()
	rec.Tokens, rec.Anomaly, rec.MapSize = j.promptTokens(), g.Tokens(), [2]int{o.MapWidth, o.MapHeight}
	rec.Steps, rec.Refine, rec.Trace = g.Steps(), g.RefineSteps(), r.Trace
}

// about says how many steps a picture has, and how long they take.
func (m *byWords) about(c *cli.Compute) []string {
	all := []string{fmt.Sprintf("%s; %d of %d timesteps run, the last %d with refinement", c, m.g.Steps(), m.options.Steps, m.g.RefineSteps())}
	if long := estimate(m.work(m.g), c); long != "" {
		all = append(all, long+shorter(m.options, long))
	}
	if warning := fewSteps(m.g.Steps()); warning != "" {
		all = append(all, warning)
	}
	return all
}

// shorter says of what takes long what takes less, if there is that.
func shorter(o anomalyany.Options, long string) string {
	if o.Preset != anomalyany.PaperPreset || o.Steps < anomalyany.Paper().Steps || strings.Contains(long, "second") {
		return ""
	}
	return "; --preset fast takes a tenth of that"
}

// fewSteps says that so many steps are too few, or nothing: the losses move the latent a little in each.
func fewSteps(steps int) string {
	if steps >= 8 {
		return ""
	}
	return fmt.Sprintf("warning: no more than %d steps run, and attention and refinement need tens to bring the defect out; models for few steps are not meant for this: raise --steps or --strength", steps)
}

// generate makes a seed's picture, or with --resume the rest of it.
func (j *job) generate(ctx context.Context, g *anomalyany.Generator, seed uint64, bar *part) (*anomalyany.Result, error) {
	var kept *anomalyany.State
	if j.spec.Resume {
		var err error
		if kept, err = j.readState(seed); err != nil {
			return nil, err
		}
	}
	bar.begin(seed)
	defer bar.end()
	observe := j.previewing(ctx, j.keeping(g, seed, bar.step))
	if kept == nil {
		return g.Run(ctx, j.encoded, seed, observe)
	}
	bar.skip(kept.Step)
	r, err := g.Resume(ctx, j.encoded, kept, observe)
	if errors.Is(err, anomalyany.ErrState) {
		err = fmt.Errorf("%s: %w; delete the file, to begin this picture again, or give another --out", j.statePath(seed), err)
	}
	return r, err
}
