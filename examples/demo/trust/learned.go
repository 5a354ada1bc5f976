package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/examples/demo/learn"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// learned are the flags of the command learned.
type learned struct {
	Pairs    string   `default:"unseen" enum:"seen,unseen" help:"Which pairs of a part and a defect words are learned of: seen or unseen in the model's training (default: ${default})."`
	Parts    []string `placeholder:"NAME" help:"Parts of these pairs, with commas (default: all)."`
	Examples []int    `default:"1,3,5" placeholder:"N" help:"From how many drawings a word is learned, one table row for each number (default: ${default})."`
	Seeds    []uint64 `default:"0,1" placeholder:"N" help:"Each draws other examples, and trains anew (default: ${default})."`
	N        int      `default:"8" help:"How many pictures of each pair every method makes with every word (default: ${default})."`
	Steps    int      `default:"500" help:"Of training (default: ${default})."`
	Workers  int      `placeholder:"N" help:"How many words are learned side by side (default: as many as there are processors)."`
	Out      string   `default:"trust" placeholder:"DIR" help:"Where words, findings and tables go (default: ${default})."`
}

// Validate is called by kong after parsing.
func (l learned) Validate() error {
	if len(l.Examples) == 0 || len(l.Seeds) == 0 {
		return fmt.Errorf("--examples and --seeds: want at least one number of each")
	}
	for _, n := range l.Examples {
		if err := cli.Within("--examples", n, 1, learn.MostPictures); err != nil {
			return err
		}
	}
	for _, s := range l.Seeds {
		if s > learn.MostSeed {
			return fmt.Errorf("--seeds has %d, want 0 to %d", s, learn.MostSeed)
		}
	}
	_, err := l.pairs()
	return cmp.Or(err, cli.Within("--n", l.N, 1, judgedStride), cli.Within("--steps", l.Steps, 1, 100_000), cli.Within("--workers", l.Workers, 0, mostWorkers))
}

// pairs are those that words are learned of.
func (l learned) pairs() (pairs []world.Pair, err error) {
	for _, p := range world.Pairs(world.Selection(l.Pairs)) {
		if len(l.Parts) == 0 || slices.Contains(l.Parts, p.Subject.Name) {
			pairs = append(pairs, p)
		}
	}
	for _, name := range l.Parts {
		if !slices.ContainsFunc(pairs, func(p world.Pair) bool { return p.Subject.Name == name }) {
			return nil, fmt.Errorf("--parts: nobody draws %.100q", name)
		}
	}
	return pairs, nil
}

// Drawings that are judged have seeds of their own, judgedStride of each pair.
const (
	judgedSeed   = trial.FirstSeed + 850_000
	judgedStride = 1000
)

// schooling is a word to be learned, and used; without examples it is what can be had without any.
type schooling struct {
	world.Pair
	number   int // of the pair
	examples int // 0 for none
	seed     uint64
}

func (s schooling) key() string {
	return fmt.Sprintf("%s/%s %d %d", s.Subject.Name, s.Defect.Name, s.examples, s.seed)
}

// plan lists what is to be measured, pair by pair.
func (l learned) plan() (all []schooling, err error) {
	pairs, err := l.pairs()
	for i, p := range pairs {
		all = append(all, schooling{Pair: p, number: i})
		for _, n := range l.Examples {
			for _, seed := range l.Seeds {
				all = append(all, schooling{p, i, n, seed})
			}
		}
	}
	return all, err
}

// options are those that change a finding.
func (l learned) options() string {
	return fmt.Sprintf("%d pictures, %d steps, guidance %d, from seed %d", l.N, l.Steps, placing, judgedSeed)
}

// run measures what is not measured yet, and reports on all.
func (l learned) run(ctx context.Context) error {
	all, err := l.plan()
	if err != nil {
		return err
	}
	kept, err := openFindings[schooled](l.Out, "learned", l.options())
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(all), func(s schooling) bool { return kept.has(s.key()) })
	if err := l.measureAll(ctx, left, kept); err != nil {
		return err
	}
	table := l.table(kept, all)
	path := filepath.Join(l.Out, "learned.md")
	if err := files.Write(path, []byte(table)); err != nil {
		return err
	}
	_, err = fmt.Printf("%s\n%s\n", table, path)
	return err
}

// measureAll learns words and measures what they add, side by side.
func (l learned) measureAll(ctx context.Context, left []schooling, kept *findings[schooled]) error {
	bar := show.NewProgress(ctx, os.Stderr, float64(len(left)))
	bar.Tenths = true
	bar.Begin("", "%d of %d words, ", len(left))
	defer bar.End()
	return trial.Share(ctx, l.Workers, len(left), newBench, func(ctx context.Context, b *bench, i int) error {
		s := left[i]
		found, took, err := l.measure(ctx, b, s)
		if err == nil {
			err = kept.add(s.key(), found)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.key(), err)
		}
		bar.Step(1, fmt.Sprintf("the last learned in %.0f s", took.Seconds()))
		return nil
	})
}
