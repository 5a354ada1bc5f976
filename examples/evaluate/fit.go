package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// Fit is the command of that name.
type Fit struct {
	Photographs
	Generated string `group:"learn" placeholder:"DIR" help:"Pictures of the part with defects and masks to learn from, too, as 'anomalyany --layout mvtec --split 0' or anomalib writes them."`
	Category  string `group:"learn" placeholder:"NAME" help:"Which part of DIR's, where there are several."`

	Detector string `group:"detector" default:"patchcore" enum:"patchcore,padim,anomalydino,subspace,probe" help:"patchcore, padim, anomalydino, subspace, or probe, which learns from defects alone and wants --generated (default: ${default}). Those that are told in words are not kept in files."`
	Networked

	Out       string `group:"run" required:"" placeholder:"FILE" help:"Where the detector goes, a safetensors file that 'evaluate score' takes."`
	Overwrite bool   `group:"run" help:"Replace FILE."`

	open opener // what a test has in the place of detectors
}

// Validate is called by kong after parsing.
func (f *Fit) Validate() error {
	switch {
	case f.Generated != "" && !detectorOf(f.Detector).defects:
		return fmt.Errorf("--generated: %s learns from normal pictures alone", f.Detector)
	case f.Category != "" && f.Generated == "":
		return errors.New("--category is about --generated, which is not given")
	}
	return errors.Join(f.checkDetectors([]string{f.Detector}, f.Generated != ""), f.Photographs.check(), f.Networked.Validate())
}

// run fits a detector and writes it.
func (f *Fit) run(ctx context.Context) error {
	f.useThreads()
	if files.Exists(f.Out) && !f.Overwrite {
		return fmt.Errorf("--out: %s is there: give another name, or --overwrite to replace it", f.Out)
	}
	paths, err := f.list()
	if err != nil {
		return err
	}
	train, n := normals(ctx, paths), len(paths)
	if f.Generated != "" {
		made, err := f.defective()
		if err != nil {
			return err
		}
		train, n = both(train, dataset.Samples(made.root, made.items)), n+len(made.items)
	}
	open := f.open
	if open == nil {
		open = defaultOpener
	}
	all, err := open(ctx, f.Networked)
	if err != nil {
		return err
	}
	defer all.close()
	detector, err := all.make(key{Detector: f.Detector, Generated: f.Generated != ""})
	if err != nil {
		return err
	}
	if err := detector.Fit(ctx, watched(ctx, ahead(ctx, train), n)); err != nil {
		return err
	}
	if err := all.save(f.Out, detector); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	_, err = fmt.Println(f.Out)
	return err
}

// defective lists the generated pictures: those of --category, or of the only part there is.
func (f *Fit) defective() (*generated, error) {
	return readGenerated(f.Generated, f.Category, f.Category == "")
}

// both is one list of samples after another.
func both(lists ...anomaly.Samples) anomaly.Samples {
	return func(yield func(anomaly.Sample, error) bool) {
		for _, list := range lists {
			for s, err := range list {
				if !yield(s, err) || err != nil {
					return
				}
			}
		}
	}
}

// watched shows how many samples of n have been read the first time.
func watched(ctx context.Context, samples anomaly.Samples, n int) anomaly.Samples {
	bar := show.NewProgress(ctx, os.Stderr, float64(n))
	bar.Tenths = true
	bar.Begin("learnt from ", "%d of %d pictures, ", n)
	most := 0
	return func(yield func(anomaly.Sample, error) bool) {
		defer bar.End()
		i := 0
		for s, err := range samples {
			if !yield(s, err) {
				return
			}
			if i++; i > most {
				most = i
				bar.Step(1, "")
			}
		}
	}
}
