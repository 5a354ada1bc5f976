package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/examples/demo/judge"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// pictures is the command of that name.
type pictures struct {
	Pairs   string  `default:"unseen" enum:"seen,unseen" help:"Pairs of part and defect: seen (which limits are set on) or unseen in the model's training (default: ${default})."`
	N       int     `default:"200" help:"How many pictures, each of another drawing (default: ${default})."`
	Seed    uint64  `type:"seed" default:"9500000" help:"Seed of the first drawing (default: ${default}, the first that the parts of AnomalyAny are measured on)."`
	Blend   float64 `default:"0.5" help:"Share of the noise from which the defect is drawn again between the photograph's surroundings (default: ${default})."`
	Workers int     `placeholder:"N" help:"How many pictures are made side by side (default: as many as there are processors)."`
	Out     string  `default:"trust" placeholder:"DIR" help:"Where findings and tables go (default: ${default})."`
}

// Validate is called by kong after parsing.
func (p pictures) Validate() error {
	return cmp.Or(cli.Within("--n", p.N, 1, 100_000), cli.Within("--blend", p.Blend, 0, 1), cli.Within("--workers", p.Workers, 0, 1000))
}

// size is the pictures' height and width, which the judge knows.
const size = 128

// run measures the pictures that are not measured yet, and reports on all.
func (p pictures) run(ctx context.Context) error {
	trials, err := trial.Spread(world.Selection(p.Pairs), p.N, p.Seed)
	if err != nil {
		return err
	}
	kept, err := openFindings[finding](p.Out, p.Pairs, fmt.Sprintf("blend %g", p.Blend))
	if err != nil {
		return err
	}
	var left []trial.Trial
	for _, t := range trials {
		if !kept.has(key(t)) {
			left = append(left, t)
		}
	}
	if err := p.measureAll(ctx, left, kept); err != nil {
		return err
	}
	return p.report(kept, trials)
}

// measureAll makes and measures pictures side by side.
func (p pictures) measureAll(ctx context.Context, left []trial.Trial, kept *findings[finding]) error {
	bar := show.NewProgress(ctx, os.Stderr, float64(len(left)))
	bar.Tenths = true
	bar.Begin("", "%d of %d pictures, ", len(left))
	defer bar.End()
	return trial.Share(ctx, p.Workers, len(left), newBench, func(ctx context.Context, b *bench, i int) error {
		t := left[i]
		b.keeping.Blend = p.Blend
		f, err := b.measure(ctx, t)
		if err == nil {
			err = kept.add(key(t), f)
		}
		if err != nil {
			return fmt.Errorf("%s with %s, drawing %d: %w", t.Subject.Name, t.Defect.Name, t.Seed, err)
		}
		bar.Step(1, "")
		return nil
	})
}

// bench is what pictures are made and measured with.
type bench struct {
	*diffusion.Pipeline
	judge   *judge.Judge
	options anomalyany.Options
	shaped  anomalyany.Options // for defects that are to fill a shape
	keeping anomalyany.Keeping
}

func newBench(ctx context.Context) (*bench, error) {
	d, err1 := anomalyany.ReadDefaults(tensor.InFS(demo.FS()))
	j, err2 := judge.New(ctx)
	m, err3 := demo.Open(ctx)
	return &bench{m, j, d.Options, d.Shapes, anomalyany.DefaultKeeping()}, errors.Join(err1, err2, err3)
}

// finding is what was measured of one picture: of the model's own, and of that with the photograph around the defect.
// Numbers that there are none of are nil.
type finding struct {
	Subject string `json:"subject"`
	Defect  string `json:"defect"` // that was asked for
	Drawing uint64 `json:"drawing"`

	Own  found `json:"own"`
	Kept found `json:"kept"`

	// The masks against what the judge finds in the model's own picture, before the photograph comes back.
	Attention *float64 `json:"iou_attention"`
	Annotated *float64 `json:"iou_annotation"`

	// What the judge says of drawings that went through the autoencoder alone.
	Normal  string   `json:"normal"`  // the defect that it finds in the one without a defect
	Drawn   string   `json:"drawn"`   // and in the one with it
	Ceiling *float64 `json:"ceiling"` // its IoU with the truth there
}

// found is what the judge and the scores say of a picture.
type found struct {
	Judge  string            `json:"judge"` // the defect that the judge finds, empty where it finds none
	Scores anomalyany.Scores `json:"scores"`
}

// measure makes a picture of a drawing and measures it.
func (b *bench) measure(ctx context.Context, t trial.Trial) (*finding, error) {
	normal, defective := t.Normal(size), t.Defective(size)
	f := &finding{Subject: t.Subject.Name, Defect: t.Defect.Name, Drawing: t.Seed}
	o := b.options
	o.Prompt, o.Detail, o.Normal, o.Words = defective.Caption, defective.Detail, normal.Caption, []string{t.Defect.Name}
	g, err := anomalyany.New(ctx, b.Pipeline, size, size, o)
	if err != nil {
		return nil, err
	}
	photograph, err := g.Encode(ctx, trial.Picture(normal), nil)
	if err != nil {
		return nil, err
	}
	r, err := g.Run(ctx, photograph, t.Seed, nil)
	if err != nil {
		return nil, err
	}
	canvas, err := anomaly.NewCanvas(images.FromBytes(normal.Picture, size, size), nil, 0, 1)
	if err != nil {
		return nil, err
	}
	done, err := g.Finish(ctx, canvas, photograph, r, b.keeping, nil)
	if err != nil {
		return nil, err
	}
	coded, err := photograph.Decoded(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.reference(ctx, f, coded, defective); err != nil {
		return nil, err
	}
	own, err := b.judge.Judge(ctx, r.Image)
	if err != nil {
		return nil, err
	}
	if f.Own.Judge = own.Defect; own.Defect != "" {
		f.Attention, f.Annotated = number(metric.IoU(r.Mask, own.Mask)), number(metric.IoU(done.Made.Annotation.Mask, own.Mask))
	}
	v, err := b.judge.Judge(ctx, done.Made.Picture)
	if err != nil {
		return nil, err
	}
	f.Kept.Judge = v.Defect
	return f, b.score(ctx, f, o, done.Made, coded)
}

// reference asks the judge about the drawings without and with the defect, after the autoencoder.
func (b *bench) reference(ctx context.Context, f *finding, coded *gt.Dense, defective world.Drawing) error {
	v, err := b.judge.Judge(ctx, coded)
	if err != nil {
		return err
	}
	f.Normal = v.Defect
	drawn, err := b.coded(ctx, trial.Picture(defective))
	if err != nil {
		return err
	}
	if v, err = b.judge.Judge(ctx, drawn); err != nil {
		return err
	}
	f.Drawn, f.Ceiling = v.Defect, number(metric.IoU(v.Mask, trial.Mask(defective)))
	return nil
}

// score scores both pictures.
func (b *bench) score(ctx context.Context, f *finding, o anomalyany.Options, m anomalyany.Made, coded *gt.Dense) error {
	w := anomalyany.Wording{Prompt: o.Prompt, Normal: o.Normal}
	for _, d := range world.Defects() {
		if d.Name != f.Defect {
			w.Others = append(w.Others, fmt.Sprintf("%s with a %s on it", o.Normal, d.Name))
		}
	}
	s, err := anomalyany.NewScorer(ctx, b.Pipeline, m.Reference, w)
	if err != nil {
		return err
	}
	if f.Kept.Scores, err = s.Score(ctx, m); err != nil {
		return err
	}
	m.Picture, m.Reference = m.Result.Image, coded
	f.Own.Scores, err = s.Score(ctx, m)
	return err
}
