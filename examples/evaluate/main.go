// Command evaluate judges detectors of defects on data sets whose truth is known, and what generated pictures are
// worth to them.
//
//	go run ./examples/evaluate detection --data mvtec_anomaly_detection --layout mvtec --detector patchcore,padim
//
//	detection.go    the flags of the command, and its course
//	data.go         which pictures there are
//	plan.go         which rows there are to be: references.go, generated.go, provenance.go, shard.go
//	detectors.go    detectors and networks by their names
//	judge.go        one row: a detector is fitted, looks at each picture, and is judged: resolution.go, maps.go
//	row.go          what a row has
//	results.go      the rows that are kept, so that a run that was interrupted goes on
//	summary.go      means and deviations of them; report.go, which writes them down, table.go, plots.go and sheet.go (heat.go)
//
// Beside its means stand those that others have published (published.go). Where the weights of networks are to be had says
// the command weights (weights.go).
//
// The command generation judges generated pictures as papers do:
//
//	generation.go        the flags of the command, and its course
//	generation_data.go   which pictures there are
//	generation_look.go   the networks that look at them; what these saw is kept, generation_store.go
//	generation_pairs.go  how unlike two pictures are, for IC-LPIPS
//	generation_judge.go  the figures; generation_table.go, the table
//
// The command fit (fit.go) fits one detector to pictures of a part, and writes it as a file, with which score (score.go,
// score_folder.go) scores others.
//
// The command compare has generators of defects make pictures of the same references, and says what these are like and what a
// detector learns of them:
//
//	compare.go           the flags of the command, and its course
//	compare_ground.go    what is compared on: drawn parts and photographs
//	compare_method.go    the generators by their names: compare_makers.go, compare_anomalyany.go
//	compare_model.go     a model of the user's, for photographs: compare_model_makers.go
//	compare_errand.go    what one of them makes of one reference
//	compare_teach.go     what is learnt of that
//	compare_look.go      what it is like: compare_measure.go; some of the pictures, compare_sheet.go
//	compare_report.go    the tables
//
// Without a command it shows on drawn parts what the pictures of a small model are worth, which both come with it:
//
//	demo.go            the flags of the command, and its course
//	demo_world.go      the drawn parts
//	demo_lessons.go    which defects detectors learn from, and where these come from
//	demo_generate.go   the small model makes them, smallmodel.go
//	demo_table.go      the table; demo_sheet.go, some of the pictures
package main

import (
	"context"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/kernels"
)

// commandLine is what kong reads.
type commandLine struct {
	Demo       Demo         `cmd:"" default:"withargs" help:"What generated pictures are worth, on drawn parts and with what comes with the program: the command where none is named."`
	Compare    Compare      `cmd:"" help:"Compare generators of defects: what their pictures are like, and what a detector learns from them."`
	Detection  Detection    `cmd:"" help:"Judge detectors on a data set: a row for each category, seed and detector, and their means."`
	Fit        Fit          `cmd:"" help:"Fit one detector to pictures of a part, and write it as a file."`
	Generation Generation   `cmd:"" help:"Judge generated pictures as papers do: inception score, IC-LPIPS, KID, CMMD, FID."`
	Weights    Weights      `cmd:"" help:"Where the weights of networks are to be had, or what files of weights are."`
	Score      ScoreCommand `cmd:"" help:"Score pictures with such a detector: how far each is from normal, and where."`

	command string // which is asked for
}

func newParser(c *commandLine) cli.Parser {
	return cli.NewParser("evaluate", "Judge detectors of defects where the truth is known, without and with generated pictures.", c, kong.ExplicitGroups(flagGroups), kong.Vars{"generators": strings.Join(namesOf(methods), ", ")})
}

// flagGroups are those of the flags in the help.
var flagGroups = []kong.Group{
	{Key: "data", Title: "The pictures:"},
	{Key: "learn", Title: "What detectors learn from:"},
	{Key: "detector", Title: "The detectors:"},
	{Key: "model", Title: "A model of photographs:"},
	{Key: "judge", Title: "How they are judged:"},
	{Key: "run", Title: "The run:"},
}

// Validate is called by kong after parsing.
func (c *commandLine) Validate(ctx *kong.Context) error {
	c.command, _, _ = strings.Cut(ctx.Command(), " ") // without names of arguments
	return nil
}

func (c *commandLine) run(ctx context.Context) error {
	if err := kernels.CheckEnvironment(); err != nil {
		return err
	}
	switch c.command {
	case "demo":
		return c.Demo.run(ctx)
	case "compare":
		return c.Compare.run(ctx)
	case "fit":
		return c.Fit.run(ctx)
	case "generation":
		return c.Generation.run(ctx)
	case "weights":
		return c.Weights.run(ctx)
	case "score":
		return c.Score.run(ctx)
	}
	return c.Detection.run(ctx)
}

func main() {
	var c commandLine
	cli.Main(newParser(&c), "rows that were done are kept, and the same command goes on", c.run)
}
