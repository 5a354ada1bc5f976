// Command draw writes a dataset of drawn inspection pictures, in the layout of
// MVTec AD: what the demo model is trained on, and measured on others of.
//
//	go run ./examples/demo/draw --out drawn --count 20000
//
// For each subject it writes
//
//	SUBJECT/train/good/NNN.png
//	SUBJECT/test/DEFECT/NNN.png
//	SUBJECT/ground_truth/DEFECT/NNN_mask.png
//
// and captions.jsonl, a line for each picture, which is in place only when all
// pictures are.
package main

import (
	"context"
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// flags is the command line.
type flags struct {
	Out   string  `required:"" placeholder:"DIR" help:"Where the dataset goes; what this program wrote there before is replaced."`
	Count int     `default:"1000" help:"How many pictures, masks not counted (default: ${default})."`
	Size  int     `default:"128" help:"Height and width in pixels (default: ${default})."`
	Seed  uint64  `type:"seed" default:"0" help:"Seed of the first picture; the next has the next (default: ${default})."`
	Pairs string  `default:"seen" enum:"seen,unseen,all" help:"Which pairs of a subject and a defect to draw: those for training, those kept from it, or all; one of ${enum} (default: ${default})."`
	Good  float64 `default:"0.3" placeholder:"SHARE" help:"Share of the pictures that have no defect, 0 to 1 (default: ${default}). They are for training; without --pairs seen, a tenth is for testing."`
}

// mostPictures are planned in some gigabytes of memory.
const mostPictures = 10_000_000

// Validate is called by kong after parsing.
func (f flags) Validate() error {
	switch {
	case f.Count < 1 || f.Count > mostPictures:
		return fmt.Errorf("--count %d: there must be 1 to %d pictures", f.Count, mostPictures)
	case f.Size < 32 || f.Size > 1024:
		return fmt.Errorf("--size %d: a picture has 32 to 1024 pixels a side", f.Size)
	case !(f.Good >= 0 && f.Good <= 1):
		return fmt.Errorf("--good %g: the share must be from 0 to 1", f.Good)
	case f.Seed > math.MaxUint64-uint64(f.Count):
		return fmt.Errorf("--seed %d: the seeds of %d pictures would go beyond 64 bits", f.Seed, f.Count)
	}
	return nil
}

func newParser(f *flags) cli.Parser {
	return cli.NewParser("draw", "A dataset of drawn inspection pictures with exact masks and captions, in the layout of MVTec AD.", f)
}

func main() {
	var f flags
	cli.Main(newParser(&f), "no dataset was written", func(ctx context.Context) error { return run(ctx, f) })
}

// run writes the dataset beside its place and moves it there when it is complete.
func run(ctx context.Context, f flags) error {
	place, err := reserve(f.Out)
	if err != nil {
		return err
	}
	defer place.discard()
	all := plan(f)
	if err := write(ctx, place.dir, f.Size, all); err != nil {
		return err
	}
	if err := place.commit(); err != nil {
		return err
	}
	_, err = fmt.Printf("%s: %d pictures of %d×%d pixels\n", f.Out, len(all), f.Size, f.Size)
	return err
}
