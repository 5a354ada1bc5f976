package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// runner makes the rows of a plan.
type runner struct {
	*plan
	d       *Detection
	results *results
	bar     *show.Progress
	looked  int // pictures of this run
}

func newRunner(ctx context.Context, d *Detection, p *plan, r *results) *runner {
	work := 0
	for _, c := range p.cases {
		work += c.pictures()
	}
	bar := show.NewProgress(ctx, os.Stderr, float64(work))
	bar.Tenths = true
	bar.Begin("", "%d of %d pictures, ", work)
	return &runner{plan: p, d: d, results: r, bar: bar}
}

// all makes the rows that are not there.
func (r *runner) all(ctx context.Context) error {
	defer r.bar.End()
	var left []*testCase
	for _, c := range r.cases {
		if r.done(c) {
			r.bar.Skip(c.pictures(), float64(c.pictures()))
			continue
		}
		left = append(left, c)
	}
	if n := len(r.cases) - len(left); n > 0 {
		r.bar.Say(fmt.Sprintf("%d of %d rows are there and stay as they are", n, len(r.cases)))
	}
	for _, c := range left {
		row, sheet, err := r.judge(ctx, c)
		if err == nil {
			err = r.results.add(row, sheet...)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.key, err)
		}
	}
	return nil
}

// done reports whether a row is there, with all that is asked for.
func (r *runner) done(c *testCase) bool {
	row := r.results.find(c.key)
	return row != nil && (row.Maps || !r.d.Maps)
}

// judge makes a row, and the sheet that goes with it, if any.
func (r *runner) judge(ctx context.Context, c *testCase) (row *Row, sheet []files.File, err error) {
	detector, err := r.detectors.make(c.key)
	if err != nil {
		return nil, nil, err
	}
	row = &Row{Format: rowFormat, key: c.key, Identity: c.options.Hash(), Options: c.options, References: picturesOf(c.references), Made: c.learns() - len(c.references), Maps: r.d.Maps}
	if c.generated != nil {
		if row.Others, err = c.generated.ofOthers(r.root, c.references); err != nil {
			return nil, nil, err
		}
	}
	begun := time.Now()
	if err := detector.Fit(ctx, ahead(ctx, r.lessons(c))); err != nil {
		return nil, nil, err
	}
	row.Seconds.Fit = since(begun)
	t := &trial{row: row, to: r.resolution.of(c.Detector, r.d.Reading)}
	if err := r.try(ctx, c, detector, t); err != nil {
		return nil, nil, err
	}
	if err := t.end(); err != nil {
		return nil, nil, err
	}
	sheet, err = r.sheet(ctx, c, detector, row.Scores)
	return row, sheet, err
}

// try has a detector look at all pictures of the test.
func (r *runner) try(ctx context.Context, c *testCase, detector anomaly.Detector, t *trial) error {
	started := time.Now()
	for s, err := range ahead(ctx, dataset.Samples(r.root, c.category.Test)) {
		if err != nil {
			return err
		}
		begun := time.Now()
		found, err := detector.Detect(ctx, s.Picture)
		if err == nil {
			err = t.add(s, found)
		}
		if err == nil {
			err = r.keepMap(c, s.Path, found.Map)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
		r.bar.Step(1, "")
		r.tell(time.Since(begun))
	}
	t.row.Seconds.Detect = since(started) - t.row.Seconds.Judge
	return nil
}

// lessons are the pictures that a detector learns from: the references, and behind them the generated ones. They are
// counted the first time that they are read.
func (r *runner) lessons(c *testCase) anomaly.Samples {
	counted := 0
	return func(yield func(anomaly.Sample, error) bool) {
		n := 0
		each := func(s anomaly.Sample, err error) bool {
			if n++; err == nil && n > counted {
				counted = n
				defer r.bar.Step(1, "")
			}
			return yield(s, err)
		}
		for s, err := range dataset.Samples(r.root, c.references) {
			if !each(s, err) {
				return
			}
		}
		if c.generated == nil {
			return
		}
		for s, err := range dataset.Samples(c.generated.root, c.generated.items) {
			if !each(s, err) {
				return
			}
		}
	}
}

// tell says how long all will take, by a picture that took so long: the second one of this run, since the first has the
// graph compiled.
func (r *runner) tell(took time.Duration) {
	if r.looked++; r.looked != 2 {
		return
	}
	work := 0
	for _, c := range r.cases {
		if !r.done(c) {
			work += c.pictures()
		}
	}
	r.bar.Say(fmt.Sprintf("%d pictures to look at: about %s, by the first ones", work, (time.Duration(work) * took).Round(time.Second)))
}

// trial collects what a detector says of the pictures of a row.
type trial struct {
	row    *Row
	to     resolution
	pixels metric.Pixels
}

// add takes what was found in a picture.
func (t *trial) add(s anomaly.Sample, found anomaly.Detection) error {
	begun := time.Now()
	defer func() { t.row.Seconds.Judge += since(begun) }()
	if err := check(s.Picture, found); err != nil {
		return err
	}
	defective := s.Defect != ""
	if defective {
		t.row.Defective++
		if dataset.EmptyMask(s) {
			t.row.Empty++
		}
	} else {
		t.row.Normal++
	}
	t.row.Scores = append(t.row.Scores, Score{Picture: s.Path, Score: found.Score, Defective: defective})
	m, truth, err := t.to.apply(found.Map, s.Mask)
	if err != nil {
		return err
	}
	return t.pixels.Add(m, truth)
}

// check refuses a detection that says nothing: one that is not finite, or of another size than the picture.
func check(picture *image.RGBA, found anomaly.Detection) error {
	if err := found.Map.Validate(); err != nil {
		return fmt.Errorf("what the detector sees: %w, want finite numbers", err)
	}
	if math.IsNaN(found.Score) || math.IsInf(found.Score, 0) {
		return fmt.Errorf("the detector's score is %v, want a finite number", found.Score)
	}
	if size := picture.Rect.Size(); size != image.Pt(found.Map.Width, found.Map.Height) {
		return fmt.Errorf("the detector's map has %d×%d pixels, want the picture's %d×%d", found.Map.Width, found.Map.Height, size.X, size.Y)
	}
	return nil
}

// end computes the figures.
func (t *trial) end() error {
	begun := time.Now()
	defer func() { t.row.Seconds.Judge += since(begun) }()
	normal, defective, regions := t.pixels.Count()
	t.row.Pixels, t.row.Regions = normal+defective, regions
	return errors.Join(t.endPictures(), t.endPixels())
}

func (t *trial) endPictures() (err error) {
	var scores []float64
	var defective []bool
	for _, s := range t.row.Scores {
		scores, defective = append(scores, s.Score), append(defective, s.Defective)
	}
	var p PictureFigures
	var f1 metric.F1
	var roc []metric.Point
	err = firstError(
		func() (err error) { p.AUROC, err = metric.AUROC(scores, defective); return },
		func() (err error) { p.AveragePrecision, err = metric.AveragePrecision(scores, defective); return },
		func() (err error) { f1, err = metric.F1Max(scores, defective); return },
		func() (err error) { roc, err = metric.ROC(scores, defective); return })
	switch {
	case errors.Is(err, metric.ErrOneClass):
		return nil
	case err == nil:
		p.F1, p.Threshold = f1.Value, f1.Threshold
		t.row.Picture, t.row.Curves.ROC = &p, thin(roc, 1)
	}
	return err
}

func (t *trial) endPixels() error {
	var p PixelFigures
	var f1 metric.F1
	var roc, pro []metric.Point
	err := firstError(
		func() (err error) { p.AUROC, err = t.pixels.AUROC(); return },
		func() (err error) { p.AveragePrecision, err = t.pixels.AveragePrecision(); return },
		func() (err error) { f1, err = t.pixels.F1Max(); return },
		func() (err error) { p.AUPRO30, err = t.pixels.AUPRO(mostFalse); return },
		func() (err error) { p.AUPRO05, err = t.pixels.AUPRO(0.05); return },
		func() (err error) { roc, err = t.pixels.ROC(); return },
		func() (err error) { pro, err = t.pixels.PRO(); return })
	switch {
	case errors.Is(err, metric.ErrOneClass):
		return nil
	case err == nil:
		p.F1, p.Threshold = f1.Value, f1.Threshold
		t.row.Pixel, t.row.Curves.PixelROC, t.row.Curves.PRO = &p, thin(roc, 1), thin(pro, mostFalse)
	}
	return err
}

// mostFalse is the share of false positives up to which regions are judged, as MVTec AD is.
const mostFalse = 0.3

// firstError does one thing after another, up to one that fails.
func firstError(all ...func() error) error {
	for _, do := range all {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// thin leaves points of a curve that are seen apart, up to the first one beyond most.
func thin(curve []metric.Point, most float64) (few []Point) {
	const apart = 1. / 200
	for i, p := range curve {
		last := len(few) - 1
		if i == 0 || i == len(curve)-1 || p.X > most || math.Hypot(p.X/most-float64(few[last][0])/most, p.Y-float64(few[last][1])) >= apart {
			few = append(few, Point{coordinate(p.X), coordinate(p.Y)})
		}
		if p.X > most {
			break
		}
	}
	return few
}

// ahead reads a sample while the one before it is used.
func ahead(ctx context.Context, samples anomaly.Samples) anomaly.Samples {
	type read struct {
		anomaly.Sample
		err error
	}
	return func(yield func(anomaly.Sample, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		next, done := make(chan read), make(chan struct{})
		defer func() { stop(); <-done }()
		go func() {
			defer close(done)
			defer close(next)
			for s, err := range samples {
				select {
				case next <- read{s, err}:
				case <-ctx.Done():
					return
				}
			}
		}()
		for r := range next {
			if !yield(r.Sample, r.err) {
				return
			}
		}
		if err := context.Cause(ctx); err != nil {
			yield(anomaly.Sample{}, err)
		}
	}
}

func since(begun time.Time) float64 { return time.Since(begun).Seconds() }

// version is that of the program, as far as it knows.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text := info.Main.Version
	if i := slices.IndexFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "vcs.revision" }); i >= 0 {
		text += " " + info.Settings[i].Value
	}
	return text
}
