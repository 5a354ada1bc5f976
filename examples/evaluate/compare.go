package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sdgraph/sdgraph/examples/demo/learn"
	drawings "github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// Compare is the command of that name: generators of defects side by side, what their pictures are like and what a detector
// learns of them.
type Compare struct {
	Pairs      string   `group:"data" default:"all" enum:"unseen,seen,all" help:"Of drawn parts, the pairs of part and defect: unseen, which the small model was not trained on, seen, or all, one after the other (default: ${default})."`
	Parts      []string `group:"data" placeholder:"NAME" help:"Parts and materials of the drawn world, with commas (default: all)."`
	Data       string   `group:"data" placeholder:"DIR" help:"A data set of photographs in the place of drawn parts, for the generators that need no model, and with --model for anomalyany and sdas."`
	Layout     string   `group:"data" default:"mvtec" enum:"mvtec,visa,btad,mpdd,folder" help:"How it lies there: mvtec, visa, btad, mpdd or folder (default: ${default})."`
	Categories []string `group:"data" placeholder:"NAME" help:"Its categories to compare on, with commas (default: all)."`

	Generators []string `group:"learn" placeholder:"NAME" help:"Generators, with commas: ${generators} (default: all that can be compared)."`
	Pictures   int      `group:"learn" placeholder:"N" help:"Pictures that each generator makes of a reference (default: 4 of unseen pairs, 5 of seen ones, one of each defect, and 8 of photographs)."`
	Examples   int      `group:"learn" default:"3" placeholder:"N" help:"From how many true drawings of a part's defect anomalydiffusion learns a word for it (default: ${default})."`
	Seeds      []uint32 `group:"learn" default:"0,1,2,3,4" placeholder:"N" help:"Each draws one reference of each part, the same for all generators (default: ${default})."`

	OwnModel

	Resolution string `group:"judge" default:"native" placeholder:"native|method|N" help:"Of pixel figures, as for detection (default: ${default})."`

	Out       string `group:"run" default:"out/compare" placeholder:"DIR" help:"Where pictures and results go (default: ${default})."`
	Threads   int    `group:"run" placeholder:"N" help:"Threads to compute with (default: one a processor)."`
	Overwrite bool   `group:"run" help:"Replace pictures and results in DIR that were made with other options."`

	methods []method // a test's own; else all that there are
	open    opener   // what a test has in the place of detectors
	plain   bool     // and without sheets and measures of pictures
}

// Validate is called by kong after parsing.
func (c *Compare) Validate() error {
	_, err1 := chooseMethods(methods, c.Generators, c.Data == "", c.Model != "")
	_, err2 := drawnParts(c.Parts)
	_, err3 := parseResolution(c.Resolution)
	var err4 error
	if c.Data != "" && len(c.Parts) > 0 {
		err4 = errors.New("--parts are of the drawn world, and --data names photographs: want --categories")
	}
	if c.Data == "" && len(c.Categories) > 0 {
		err4 = errors.New("--categories are those of photographs: want --data DIR, or --parts for drawn ones")
	}
	if len(c.Seeds) == 0 {
		err4 = errors.New("--seeds names none, want numbers with commas")
	}
	return errors.Join(err1, err2, err3, err4, c.OwnModel.check(c.Data), each("--seeds", c.Seeds), cli.Within("--pictures", c.Pictures, 0, 1000), cli.Within("--examples", c.Examples, 1, learn.MostPictures), cli.Within("--threads", c.Threads, 0, 4096))
}

// run makes all pictures, has detectors learn from them, measures them, and reports.
func (c *Compare) run(ctx context.Context) error {
	begun := time.Now()
	(&Networked{Threads: c.Threads}).useThreads()
	known := c.methods
	if known == nil {
		known = methods
	}
	chosen, err := chooseMethods(known, c.Generators, c.Data == "", c.Model != "")
	if err != nil {
		return err
	}
	folder, err := files.Hold(c.Out)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer folder.Release()
	grounds, err := c.grounds()
	if err != nil {
		return err
	}
	report := &CompareReport{Format: rowFormat, Program: version(), Seeds: c.Seeds}
	if c.Model != "" {
		m, err := c.OwnModel.open(ctx, chosen)
		if err != nil {
			return err
		}
		defer m.Close()
		for i := range chosen {
			chosen[i] = chosen[i].with(m)
		}
		report.Model = m.is.String()
	}
	for _, g := range grounds {
		of, err := c.on(ctx, g, chosen)
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		report.Grounds = append(report.Grounds, of)
	}
	fmt.Fprintf(os.Stderr, "all in %.0f s\n", time.Since(begun).Seconds())
	return report.write(c.Out)
}

// grounds are what is compared on.
func (c *Compare) grounds() (all []*ground, err error) {
	if c.Data != "" {
		g, err := photographGround(filepath.Join(c.Out, photographs), c.Data, c.Layout, c.Categories, c.Pictures)
		return []*ground{g}, err
	}
	for _, name := range []string{unseenGround, seenGround} {
		if c.Pairs != name && c.Pairs != string(world.AllPairs) {
			continue
		}
		g, err := drawnGround(name, filepath.Join(c.Out, name), c.Parts, c.Pictures)
		if err != nil {
			return nil, err
		}
		g.learns.drawings = c.Examples
		all = append(all, g)
	}
	return all, nil
}

// on compares methods on one ground.
func (c *Compare) on(ctx context.Context, g *ground, chosen []method) (*GroundReport, error) {
	if g.drawn {
		if err := g.drawData(ctx); err != nil {
			return nil, err
		}
	}
	for _, m := range chosen {
		if err := g.checkAsked(m); err != nil {
			return nil, err
		}
	}
	for _, m := range chosen {
		if err := c.make(ctx, g, m); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	r := &GroundReport{Name: g.name, Parts: g.names(), Pictures: g.pictures}
	var err error
	if r.Floor, err = c.teach(ctx, g, ""); err != nil {
		return nil, err
	}
	for _, m := range chosen {
		of := &MethodReport{Name: m.name}
		if err := of.count(c.errands(g, m)); err != nil {
			return nil, err
		}
		if of.Learned, err = c.teach(ctx, g, m.name); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		r.Methods = append(r.Methods, of)
	}
	r.differ()
	if c.plain {
		return r, nil
	}
	if err := c.measure(ctx, g, chosen, r); err != nil {
		return nil, err
	}
	return r, c.sheet(ctx, g, chosen)
}

// make makes the pictures of a method, side by side. Those that take minutes are told one by one.
func (c *Compare) make(ctx context.Context, g *ground, m method) error {
	if m.prepare != nil {
		if err := m.prepare(ctx, g); err != nil {
			return err
		}
	}
	all := c.errands(g, m)
	pictures, workers := len(all)*g.pictures, 0
	if m.alone {
		workers = 1
	}
	bar := show.NewProgress(ctx, os.Stderr, float64(pictures))
	bar.Tenths = !m.alone
	bar.Begin(fmt.Sprintf("%s, %s: ", g.words(), m.name), "%d of %d pictures, ", pictures)
	defer bar.End()
	return drawings.Share(ctx, workers, len(all), m.open, func(ctx context.Context, open maker, i int) error {
		return all[i].make(ctx, open, c.Overwrite, bar)
	})
}

// errands are those of a method: part by part, and of each seed by seed.
func (c *Compare) errands(g *ground, m method) (all []errand) {
	for _, p := range g.parts {
		for _, seed := range c.Seeds {
			all = append(all, errand{g, m, p, seed})
		}
	}
	return all
}
