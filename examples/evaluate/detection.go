package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Detection is the command of that name.
type Detection struct {
	Data       string   `group:"data" required:"" placeholder:"DIR" help:"The data set."`
	Layout     string   `group:"data" default:"mvtec" enum:"mvtec,visa,btad,mpdd,folder" help:"How it lies there: mvtec, visa (as published, or reorganised), btad, mpdd, or folder: good, good_test, DEFECT and masks, of one part or in a folder for each (default: ${default})."`
	Categories []string `group:"data" placeholder:"NAME" help:"Categories to judge, with commas (default: all)."`

	Shots      []string `group:"learn" default:"1" placeholder:"K" help:"Normal pictures to learn from, the references, or all: as many as there are; several with commas (default: ${default})."`
	Seeds      []uint32 `group:"learn" placeholder:"N" help:"Each draws references of its own, the same for all detectors, and a row comes of it (default: 0,1,2,3,4; one where there is nothing to draw)."`
	Draw       string   `group:"learn" default:"permutation" enum:"permutation,slices" help:"How: permutation, the first ones of the seed's, so that fewer are among more; or slices, as AnomalyDINO's authors draw: of the sorted pictures those from SEED·K on (default: ${default})."`
	References []string `group:"learn" placeholder:"FILE" help:"The references themselves, normal pictures for training of the data set, in place of --shots; several with commas."`
	Generated  string   `group:"learn" placeholder:"DIR" help:"Pictures with defects and masks, as 'anomalyany --layout mvtec --split 0' or anomalib writes them, a folder for each category: detectors are judged without and with them. In DIR, {category}, {seed} and {shots} stand for those of a row."`

	Detector []string `group:"detector" default:"patchcore" placeholder:"NAME" help:"patchcore, padim, anomalydino, subspace, winclip, promptad, or probe, which learns from defects alone and wants --generated; several with commas (default: ${default})."`
	Networked

	Resolution string `group:"judge" default:"native" placeholder:"native|method|N" help:"Of pixel figures: native, the masks' own; method, what the detector's authors judge at; or a shorter side of N pixels, for pictures so large that memory is short (default: ${default})."`

	Out       string `group:"run" default:"out/detection" placeholder:"DIR" help:"Where results go (default: ${default})."`
	Maps      bool   `group:"run" help:"Write what each detector sees in each picture, too, as NumPy arrays in DIR/maps."`
	Overwrite bool   `group:"run" help:"Replace rows in DIR that were made with other options."`
	Shard     string `group:"run" placeholder:"I/N" help:"Do every Nth category and seed alone, from the one of number I on, 0 to N-1, into results-I-of-N.jsonl (default: what Slurm says of an array's task, or Kubernetes of an indexed job's pod, with JOB_COMPLETIONS as set in its template; 0/1 is all)."`
	Merge     bool   `group:"run" help:"Join what shards have left in DIR, and say what is missing; nothing is computed."`
	shots     []shots
	made      map[string]*generated // of folders and categories that were read
	shard     shard
	open      opener    // what a test has in the place of detectors
	training  time.Time // when the first training that tells how far it is began
	plain     bool      // without plots and sheets
}

// Validate is called by kong after parsing.
func (d *Detection) Validate() (err error) {
	if d.shots, err = parseShots(d.Shots); err != nil {
		return err
	}
	if err := cmp.Or(d.checkNames(), d.Networked.Validate()); err != nil {
		return err
	}
	if _, err := parseResolution(d.Resolution); err != nil {
		return err
	}
	if d.Merge {
		if d.Shard != "" {
			return errors.New("--merge joins all shards: leave --shard out")
		}
		return nil
	}
	d.shard, err = findShard(d.Shard, os.Getenv)
	return err
}

// checkNames refuses what is there twice, and detectors that are unknown or have nothing to learn from.
func (d *Detection) checkNames() error {
	if err := d.checkDetectors(d.Detector, d.Generated != ""); err != nil {
		return err
	}
	return cmp.Or(each("--detector", d.Detector), each("--shots", d.Shots), each("--seeds", d.Seeds), each("--categories", d.Categories), each("--references", d.References))
}

// each is an error if a list has something twice.
func each[T comparable](flag string, list []T) error {
	for i, v := range list {
		if slices.Contains(list[:i], v) {
			return fmt.Errorf("%s has %v twice, want each once", flag, v)
		}
	}
	return nil
}

// run judges what is not judged yet, and reports on all.
func (d *Detection) run(ctx context.Context) error {
	d.useThreads()
	p, err := d.plan(ctx)
	if err != nil {
		return err
	}
	defer p.detectors.close()
	if d.Merge {
		return d.merge(p)
	}
	rows, err := d.judge(ctx, p)
	if err != nil {
		return err
	}
	if d.shard.of > 1 {
		fmt.Fprintf(os.Stderr, "%s is complete; when all shards are, the same command with --merge in place of --shard makes the table\n", filepath.Join(d.Out, nameOf(d.shard)))
		return nil
	}
	report, err := d.report(p, rows)
	if err != nil {
		return err
	}
	return report.print()
}

// judge makes the rows that are not there, and returns all.
func (d *Detection) judge(ctx context.Context, p *plan) ([]*Row, error) {
	r, err := openResults(d.Out, d.shard, d.Overwrite)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.check(p.cases); err != nil {
		return nil, err
	}
	d.describe(p)
	if err := newRunner(ctx, d, p, r).all(ctx); err != nil {
		return nil, err
	}
	return r.of(p.cases), nil
}
