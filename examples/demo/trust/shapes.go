package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// shapes are the flags of the command shapes.
type shapes struct {
	N        int       `default:"200" help:"How many pictures of each weight, spread over pairs, kinds and sizes (default: ${default})."`
	Seed     uint64    `type:"seed" default:"9600000" help:"Seed of the first drawing and picture (default: ${default})."`
	Pairs    string    `default:"unseen" enum:"seen,unseen,all" help:"Which pairs of a subject and a defect: those of the model's training, those kept from it, or all; one of ${enum} (default: ${default}). What is chosen by the figures is to be chosen on seen ones."`
	Fill     []float64 `default:"0,1" placeholder:"W" help:"Weights of L_fill to compare, 0 for the paper's loss alone (default: ${default})."`
	Gamma    []float64 `placeholder:"γ" help:"The γ of each weight (default: the model's for all)."`
	NoRefine bool      `help:"Leave out the refinement by CLIP, which takes most of the time."`
	Workers  int       `default:"0" help:"How many pictures at a time, each on one thread (default: one a processor)."`
	Out      string    `default:"trust" placeholder:"DIR" help:"Where the table goes, as shapes.md (default: ${default})."`
}

const (
	mostPictures = 1_000_000
	mostWeights  = 100
	mostWorkers  = 1024
	largest      = 1e6 // weight, as in AnomalyAny's options
)

// Validate is called by kong after parsing.
func (s shapes) Validate() error {
	if len(s.Fill) > mostWeights {
		return fmt.Errorf("--fill has %d weights, want at most %d", len(s.Fill), mostWeights)
	}
	for _, w := range s.Fill {
		if err := cli.Within("--fill", w, 0, largest); err != nil {
			return err
		}
	}
	if n := len(s.Gamma); n > 0 && n != len(s.Fill) {
		return fmt.Errorf("--gamma has %d numbers and --fill %d: want as many", n, len(s.Fill))
	}
	for _, g := range s.Gamma {
		if !(g >= 0 && g < 1) {
			return fmt.Errorf("--gamma γ is %g, want 0 to less than 1", g)
		}
	}
	if s.Seed > math.MaxUint64-mostPictures {
		return fmt.Errorf("--seed is %d, want 0 to %d", s.Seed, uint64(math.MaxUint64-mostPictures))
	}
	return cmp.Or(
		cli.Within("--n", s.N, 1, mostPictures),
		cli.Within("--workers", s.Workers, 0, mostWorkers),
	)
}

// extent is how long shapes are.
type extent struct {
	name  string
	share anomaly.Range // longest extent, in sides of the picture
	thick float64       // of lines, in lengths: about five pixels of 128, since the model's autoencoder loses thinner ones
}

var extents = []extent{
	{"small", anomaly.Range{Lo: 1.0 / 8, Hi: 3.0 / 16}, 0.25},
	{"middle", anomaly.Range{Lo: 1.0 / 4, Hi: 3.0 / 8}, 0.13},
	{"large", anomaly.Range{Lo: 7.0 / 16, Hi: 5.0 / 8}, 0.08},
}

var kinds = []anomaly.ShapeKind{anomaly.LineShape, anomaly.DotShape, anomaly.FreeShape, anomaly.EllipseShape}

// shaped is a drawing, and the kind and size of the shape that its defect is to have.
type shaped struct {
	trial.Trial
	kind anomaly.ShapeKind
	size extent
}

// plan lists the drawings. Pairs take turns, and so do kinds and sizes: a pair has another
// one each time it comes.
func (s shapes) plan() ([]shaped, error) {
	trials, err := trial.Spread(world.Selection(s.Pairs), s.N, s.Seed)
	if err != nil {
		return nil, fmt.Errorf("--pairs: %w", err)
	}
	cells := len(kinds) * len(extents)
	all := make([]shaped, len(trials))
	for i, t := range trials {
		k := (i + i/cells) % cells
		all[i] = shaped{t, kinds[k%len(kinds)], extents[k/len(kinds)]}
	}
	return all, nil
}

// shapes are those that the defect's is drawn from, in a picture of so many pixels a side.
func (c shaped) shapes(side int) anomaly.Shapes {
	s := anomaly.DefaultShapes()
	s.Kinds, s.Most, s.Whole = []anomaly.ShapeKind{c.kind}, 1, true
	s.Size = anomaly.Range{Lo: c.size.share.Lo * float64(side), Hi: c.size.share.Hi * float64(side)}
	if c.kind == anomaly.LineShape {
		s.Line.Wavy, s.Aspect = 0, anomaly.Range{Lo: c.size.thick, Hi: c.size.thick}
	}
	return s
}

// run makes the pictures and writes the table. Equal flags give an equal table, but for
// what processors with other instructions round otherwise.
func (s *shapes) run(ctx context.Context) error {
	all, err := s.plan()
	if err != nil {
		return err
	}
	if err := files.MakeWritable(s.Out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	report := show.NewProgress(ctx, os.Stderr, float64(len(all)))
	report.Tenths = true
	report.Begin("", "%d of %d drawings, ", len(all))
	defer report.End()
	found := make([]*filled, len(all))
	err = trial.Share(ctx, s.Workers, len(all), newBench, func(ctx context.Context, b *bench, i int) (err error) {
		if found[i], err = s.measure(ctx, b, all[i]); err != nil {
			return fmt.Errorf("%s with %s, seed %d: %w", all[i].Subject.Name, all[i].Defect.Name, all[i].Seed, err)
		}
		report.Step(1, fmt.Sprintf("%.1f s each", report.Each().Seconds()))
		return nil
	})
	if err != nil {
		return err
	}
	table := s.table(found)
	path := filepath.Join(s.Out, "shapes.md")
	if err := files.Write(path, []byte(table)); err != nil {
		return err
	}
	_, err = fmt.Printf("%s\n%s\n", table, path)
	return err
}
