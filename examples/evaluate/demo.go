package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// Demo is the run where nothing is asked for: what generated pictures are worth to detectors, seen on drawn parts, whose
// truth is known, with the small model that comes with the program.
type Demo struct {
	Parts     []string `group:"data" default:"hazelnut,wood" placeholder:"NAME" help:"Parts and materials of the drawn world, with commas (default: ${default})."`
	Defects   []string `group:"data" default:"crack,scratch,hole,stain" placeholder:"NAME" help:"What is wrong with them, with commas; there are dent and missing chunk besides, which the small model makes less well (default: ${default})."`
	Repeats   int      `group:"learn" default:"5" placeholder:"N" help:"How many times references are drawn, each with pictures generated from these very references (default: ${default})."`
	Out       string   `group:"run" default:"out/evaluate" placeholder:"DIR" help:"Where pictures and results go (default: ${default})."`
	Threads   int      `group:"run" placeholder:"N" help:"Threads to compute with (default: one a processor)."`
	Overwrite bool     `group:"run" help:"Replace results in DIR that were made with other options."`

	open     opener                                                            // what a test has in the place of detectors
	generate func(context.Context, *drawnSet) (map[wish]anomaly.Sample, error) // and of the small model
	plain    bool                                                              // and without plots and sheets
}

// demoShots are the numbers of references.
var demoShots = []shots{1, 8}

// Validate is called by kong after parsing.
func (d *Demo) Validate() error {
	_, err1 := drawnParts(d.Parts)
	_, err2 := drawableDefects(d.Defects)
	return errors.Join(err1, err2, cli.Within("--repeats", d.Repeats, 1, 100), cli.Within("--threads", d.Threads, 0, 4096))
}

// run draws, generates, and has Detection judge: all detectors without and with generated defects, and the probe with what
// costs nothing and with what no generator can do better.
func (d *Demo) run(ctx context.Context) error {
	begun := time.Now()
	(&Networked{Threads: d.Threads}).useThreads()
	parts, err1 := drawnParts(d.Parts)
	defects, err2 := drawableDefects(d.Defects)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	set := &drawnSet{parts: parts, defects: defects, lessons: demoLessons(parts, defects, d.Repeats)}
	set.dir = filepath.Join(d.Out, "pictures-"+set.identity().Hash())
	fmt.Fprintf(os.Stderr, "%s: %d pictures are generated, and then judged what they are worth\n", strings.Join(d.Parts, ", "), len(set.wishes()))
	generate := d.generate
	if generate == nil {
		generate = generateAll
	}
	if err := set.make(ctx, generate); err != nil {
		return err
	}
	r := DemoReport{Parts: d.Parts, Defects: d.Defects, Unseen: unseenPairs(d.Parts, d.Defects), Repeats: d.Repeats, Options: set.identity(), counts: set.counts, Learned: map[string][]*Summary{}}
	for _, kind := range defectKinds {
		out, detectors := filepath.Join(d.Out, kind), "probe"
		if kind == generatedDefects {
			out, detectors = d.Out, "patchcore,padim,probe"
		}
		var err error
		if r.Learned[kind], err = d.judge(ctx, set, kind, out, detectors); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "all in %.0f s; some of the generated pictures: %s\n", time.Since(begun).Seconds(), filepath.Join(set.dir, shownName))
	return r.write(d.Out)
}

// judge runs the command detection on the drawn parts, without its report.
func (d *Demo) judge(ctx context.Context, set *drawnSet, kind, out, detectors string) ([]*Summary, error) {
	var repeats, k []string
	for i := range d.Repeats {
		repeats = append(repeats, fmt.Sprint(i))
	}
	for _, n := range demoShots {
		k = append(k, n.String())
	}
	args := []string{
		"detection", "--data", filepath.Join(set.dir, "drawn"), "--generated", filepath.Join(set.dir, kind, lessonFolder), "--detector", detectors,
		"--shots", strings.Join(k, ","), "--seeds", strings.Join(repeats, ","), "--out", out,
	}
	if d.Overwrite {
		args = append(args, "--overwrite")
	}
	fmt.Fprintf(os.Stderr, "evaluate %s\n", strings.Join(args, " "))
	var c commandLine
	if _, err := newParser(&c).Parse(args); err != nil {
		return nil, err
	}
	c.Detection.plain, c.Detection.open = d.plain || kind != generatedDefects, d.open
	p, err := c.Detection.plan(ctx)
	if err != nil {
		return nil, err
	}
	defer p.detectors.close()
	rows, err := c.Detection.judge(ctx, p)
	if err != nil {
		return nil, err
	}
	report, err := c.Detection.report(p, rows)
	if err != nil {
		return nil, err
	}
	return report.Summaries, nil
}

// DemoReport is summary.json.
type DemoReport struct {
	Parts   []string       `json:"parts"`
	Defects []string       `json:"defects"`
	Unseen  []string       `json:"unseen"` // defects that the small model has never seen on them
	Repeats int            `json:"repeats"`
	Options files.Identity `json:"options"` // how the pictures were made
	counts
	Learned map[string][]*Summary `json:"learned"` // from references alone and with defects, by where these come from
}

// write prints the table, and writes it into a folder.
func (r *DemoReport) write(dir string) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	r.table(&b)
	table := filepath.Join(dir, "summary.md")
	err = files.WriteAll(files.File{Path: filepath.Join(dir, "summary.json"), Data: append(data, '\n')}, files.File{Path: table, Data: b.Bytes()})
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s\n%s\n", b.String(), table)
	return err
}
