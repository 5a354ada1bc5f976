// Command anomalyany makes pictures of defects that nobody has photographed,
// each with its mask, from one normal photograph and a few words.
//
//	go run ./examples/anomalyany
//	go run ./examples/anomalyany --model DIR --image hazelnut.png --object hazelnut --anomaly crack
//
// Without flags it shows what a small model of drawings can do, which comes with
// it. For each seed it writes the picture, the mask, a heat map of where the word's
// attention was, and a JSON file that says how it was made; and for all of them
// a page, index.html. An interrupted run goes on with --resume; --from makes a
// picture again. With --generator nsa, draem or cutpaste defects are made in other
// ways, without words and without a model; with sdas by a model that errs,
// with anomalydiffusion by one that learned the defect from a few pictures, and
// with o2mag by one that looks at a single one.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/kernels/cuda"
)

func main() {
	var c commandLine
	cli.Main(newParser(&c), "finished pictures are complete, nothing was left half-written; --resume goes on", c.run)
}

func (c *commandLine) run(ctx context.Context) (err error) {
	switch c.command {
	case "categories":
		_, err := cli.Await(ctx, func() (any, error) { return nil, listCategories(os.Stdout, c.Spec.Categories) })
		return err
	case "weights":
		return c.Weights.run(ctx, &c.Spec)
	case "review":
		return c.Review.run(ctx, c.Spec.Out)
	case "export":
		return c.Spec.export(ctx)
	case "accept":
		return c.Accept.run(c.Spec.Out, accepted)
	case "reject":
		return c.Reject.run(c.Spec.Out, rejected)
	case "undecide":
		return c.Undecide.run(c.Spec.Out, undecided)
	}
	if c.Spec.needsModel() {
		if err = c.Spec.Use(os.Stderr); err != nil {
			return err
		}
	}
	defer c.Spec.Compute.Close()
	if c.Spec.needsModel() {
		hasNumbers, err := c.Spec.find(ctx)
		if err != nil {
			return err
		}
		if hasNumbers && !c.again {
			return errors.Join(c.Spec.Compute.Close(), runAgain(ctx))
		}
	}
	switch {
	case c.command == "ablate":
		return c.Spec.advise(c.Ablate.run(ctx, c.Spec))
	case c.Spec.isDemo():
		err = demonstrate(ctx, c.Spec)
	default:
		err = run(ctx, c.Spec)
	}
	if err == nil {
		err = c.Spec.export(ctx)
	}
	return c.Spec.advise(err)
}

// runAgain reads the command line once more, and runs what it says then: with the numbers that suit a model which was not
// there the first time.
func runAgain(ctx context.Context) error {
	c := commandLine{again: true}
	if _, err := cli.Await(ctx, func() (any, error) { return newParser(&c).Parse(os.Args[1:]) }); err != nil {
		return err
	}
	return c.run(ctx)
}

// advise adds to an error about a GPU's memory which flag leaves more of it.
func (s *Spec) advise(err error) error {
	var full *cuda.OutOfMemoryError
	if errors.As(err, &full) {
		return fmt.Errorf("%w; so does a lower --memory, the GiB for activations, now %g, at the price of time", err, float64(s.memory())/(1<<30))
	}
	return err
}

// run makes the pictures.
func run(ctx context.Context, spec Spec) (err error) {
	if err := spec.Again.checkWords(&spec); err != nil {
		return err
	}
	all, err := spec.each(ctx)
	if err != nil {
		return err
	}
	d, err := openFolder(spec)
	if err != nil {
		return err
	}
	defer func() { err = d.close(err) }()
	p, err := openModel(ctx, spec)
	if err != nil {
		return err
	}
	defer p.Close()
	b, err := newBatch(ctx, spec, p, d, all)
	if err != nil {
		return err
	}
	b.listed = true
	return cli.Cause(p, b.make(ctx))
}
