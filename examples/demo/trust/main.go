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
//
// and with the command shapes how well defects fill shapes that are asked for:
//
//	shapes.go         what is made
//	shapes_case.go    one drawing: made with each weight, judged
//	shapes_table.go   the table
//
// and with the command learned what a word adds that was learned from a few drawings:
//
//	learned.go         what is learned and made
//	learned_case.go    one word: learned, used, judged
//	learned_table.go   the tables
//
// and with the command presets what preset fast loses against the paper's:
//
//	presets.go         which ways are compared
//	presets_case.go    one picture: made, judged
//	presets_table.go   means and paired differences, with their intervals
package main

import (
	"context"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/kernels"
)

// commandLine is what kong reads.
type commandLine struct {
	Pictures pictures `cmd:"" help:"Part, mask and scores of pictures that are asked for by words alone."`
	Shapes   shapes   `cmd:"" help:"How well defects fill lines, dots, free forms and ellipses that are asked for, without and with --fill."`
	Learned  learned  `cmd:"" help:"What words add that were learned from one, three or five drawings: how often the judge finds their defect."`

	Presets presets `cmd:"" help:"What preset fast loses against preset paper, on the same drawings from the same noise."`

	command string // which is asked for
}

// Validate is called by kong after parsing.
func (c *commandLine) Validate(ctx *kong.Context) error {
	c.command = ctx.Command()
	return nil
}

func main() {
	var c commandLine
	p := cli.NewParser("trust", "Measure generated pictures of drawn parts by a judge that generation never sees.", &c, kong.Vars{"ways": wayNames()})
	cli.Main(p, "what 'pictures', 'presets' and 'learned' have measured is kept, and the same command goes on; of 'shapes' nothing was written", func(ctx context.Context) error {
		if err := kernels.CheckEnvironment(); err != nil {
			return err
		}
		switch c.command {
		case "shapes":
			return c.Shapes.run(ctx)
		case "presets":
			return c.Presets.run(ctx)
		case "learned":
			return c.Learned.run(ctx)
		}
		return c.Pictures.run(ctx)
	})
}
