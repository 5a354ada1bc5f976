package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/sdgraph/sdgraph/examples/demo/judge"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/kernels"
)

// Ablation is what the command ablate has besides the other flags. Without
// --image it measures the algorithm and its parts on drawn pictures, whose
// results a judge that knows all drawn defects looks at.
type Ablation struct {
	Pairs      string   `placeholder:"WHICH" help:"Which pairs of a subject and a defect are drawn: unseen, which the demo model's training never had, seen, or all (default: unseen)."`
	Runs       int      `default:"200" help:"How many pictures of each variant, spread over the pairs (default: ${default})."`
	PerPicture int      `default:"5" help:"How many of them, each of a seed of its own, of one drawing (default: ${default})."`
	Only       []string `placeholder:"VARIANT" help:"Variants to measure: full, no-condition, no-attention, no-refine, no-scheduler (default: all)."`
	Workers    int      `default:"0" help:"How many pictures at a time, each on one thread (default: one a processor)."`
}

// Each worker has a copy of the model.
const (
	mostRuns   = 1_000_000
	mostAtOnce = 1024
)

// Validate is called by kong after parsing.
func (a *Ablation) Validate() error {
	_, err := a.variants()
	return cmp.Or(
		cli.Within("--runs", a.Runs, 1, mostRuns),
		cli.Within("--per-picture", a.PerPicture, 1, mostRuns),
		cli.Within("--workers", a.Workers, 0, mostAtOnce),
		err,
	)
}

// variants are the ablations to measure.
func (a *Ablation) variants() ([]ablation, error) {
	if len(a.Only) == 0 {
		return ablations, nil
	}
	var chosen []ablation
	for _, name := range a.Only {
		found := false
		for _, v := range ablations {
			if v.name == name {
				chosen, found = append(chosen, v), true
			}
		}
		if !found {
			return nil, fmt.Errorf("--only %s: the variants are %s", name, strings.Join(variantNames(), ", "))
		}
	}
	return chosen, nil
}

func variantNames() []string {
	var names []string
	for _, v := range ablations {
		names = append(names, v.name)
	}
	return names
}

// run compares one picture, of --image, or measures on drawings.
func (a *Ablation) run(ctx context.Context, spec Spec) error {
	if spec.Image == "" && !spec.Random {
		return a.measure(ctx, spec)
	}
	if a.Pairs != "" {
		return errors.New("--pairs measures on drawn pictures and --image compares one of your own: give one of them")
	}
	return ablate(ctx, spec)
}

// work is a drawing in one variant, with all of its seeds: what is measured, and
// kept, in one piece.
type work struct {
	variant ablation
	trial   trial.Trial
	first   uint64 // seed of the first picture
	runs    int
}

// key tells pieces of work apart.
func (w work) key() string {
	return fmt.Sprintf("%s %s/%s %d+%d", w.variant.name, w.trial.Subject.Name, w.trial.Defect.Name, w.first, w.runs)
}

// plan lists the work: every drawing in all variants before the next drawing, so
// that what is done when a run is interrupted compares like with like.
func (a *Ablation) plan(spec Spec) ([]work, error) {
	variants, err := a.variants()
	if err != nil {
		return nil, err
	}
	if spec.Seed > math.MaxUint64-uint64(a.Runs) {
		return nil, fmt.Errorf("--seed is %d, and there are no %d seeds from there", spec.Seed, a.Runs)
	}
	drawings := (a.Runs + a.PerPicture - 1) / a.PerPicture
	trials, err := trial.Spread(world.Selection(orDefault(a.Pairs, string(world.UnseenPairs))), drawings, ablationSeed)
	if err != nil {
		return nil, fmt.Errorf("--pairs: %w", err)
	}
	var all []work
	for i, t := range trials {
		for _, v := range variants {
			all = append(all, work{v, t, spec.Seed + uint64(i*a.PerPicture), min(a.PerPicture, a.Runs-i*a.PerPicture)})
		}
	}
	return all, nil
}

// ablationSeed is that of the first drawing; the gates of the model take others.
const ablationSeed = trial.FirstSeed + 500_000

// measure does the work that is not done yet, and writes the table, the numbers
// and a picture.
func (a *Ablation) measure(ctx context.Context, spec Spec) (err error) {
	if err := spec.checkAblate(); err != nil {
		return err
	}
	all, err := a.plan(spec)
	if err != nil {
		return err
	}
	d, err := openFolder(spec)
	if err != nil {
		return err
	}
	defer func() { err = d.close(err) }()
	if err := makeVariants(d, all); err != nil {
		return err
	}
	workers := a.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers > 1 {
		defer kernels.SetThreads(kernels.Threads())
		kernels.SetThreads(1)
	}
	benches := make([]*bench, min(workers, len(all)))
	for i := range benches {
		if benches[i], err = newBench(ctx, spec, d); err != nil {
			return err
		}
		defer benches[i].model.Close()
	}
	kept, err := readFindings(spec, benches[0].model, d)
	if err != nil {
		return err
	}
	if err := kept.check(all); err != nil {
		return err
	}
	if err := kept.finish(ctx, benches, all); err != nil {
		return err
	}
	return kept.report(spec, all)
}

// makeVariants makes a directory for each variant's pictures.
func makeVariants(d *folder, all []work) error {
	done := map[string]bool{}
	for _, w := range all {
		dir := d.Path(w.variant.name)
		if done[dir] {
			continue
		}
		done[dir] = true
		if err := errors.Join(notALink(dir), files.MakeWritable(dir), files.Clean(dir)); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	return nil
}

// bench is what one worker measures with.
type bench struct {
	spec   Spec
	model  *model
	judge  *judge.Judge
	folder *folder
}

func newBench(ctx context.Context, spec Spec, d *folder) (*bench, error) {
	m, err := openModel(ctx, spec)
	if err != nil {
		return nil, err
	}
	j, err := judge.New(ctx)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return &bench{spec, m, j, d}, nil
}

// finish has the benches do what is missing of the work. The first error stops
// all of them; what was done by then is kept.
func (k *findings) finish(ctx context.Context, benches []*bench, all []work) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo, runs, left := make(chan work, len(all)), 0, 0 // and pictures: all of them, and those that are to be made
	for _, w := range all {
		runs += w.runs
		if k.Done[w.key()] == nil {
			todo <- w
			left += w.runs
		}
	}
	close(todo)
	report := show.NewProgress(ctx, os.Stderr, float64(runs))
	report.Begin("", "%d of %d drawings in a variant, ", len(all))
	defer report.End()
	if before := len(all) - len(todo); before > 0 {
		report.Say(fmt.Sprintf("%d of %d drawings in a variant were measured before", before, len(all)))
		report.Skip(before, float64(runs-left))
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	for _, b := range benches {
		wait.Go(func() {
			for w := range todo {
				if ctx.Err() != nil {
					return
				}
				found, err := b.measure(ctx, w)
				if err == nil {
					err = b.model.Changed()
				}
				mu.Lock()
				if err == nil {
					err = k.add(w, found)
				}
				if err != nil {
					cancel(fmt.Errorf("%s: %w", w.key(), err))
				} else {
					report.Add(float64(w.runs))
					report.Step(0, fmt.Sprintf("%.2f s a picture", report.Each().Seconds()))
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}
