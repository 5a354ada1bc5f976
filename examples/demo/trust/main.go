// Command trust measures whether generated pictures are what a detector should learn from: whether the part is still
// the part, whether the mask is where it changed, and which pictures the scores should let pass. It asks a segmenter
// that was trained on all drawings, and that generation never sees.
//
//	go run ./examples/demo/trust pictures --pairs unseen
//
//	pictures.go   what is measured of each picture
//	findings.go   what is kept of it, so that a run that was interrupted goes on
//	report.go     the tables
//	limits.go     precision and recall of the scores' limits
package main

import (
	"context"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/kernels"
)

// commandLine is what kong reads.
type commandLine struct {
	Pictures pictures `cmd:"" help:"Part, mask and scores of pictures that are asked for by words alone."`
}

func main() {
	var c commandLine
	p := cli.NewParser("trust", "Measure generated pictures of drawn parts by a judge that generation never sees.", &c)
	cli.Main(p, "what was measured is kept; the same command goes on", func(ctx context.Context) error {
		if err := kernels.CheckEnvironment(); err != nil {
			return err
		}
		return c.Pictures.run(ctx)
	})
}
