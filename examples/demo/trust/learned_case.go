package main

import (
	"context"
	"errors"
	"image"
	"path/filepath"
	"time"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/examples/demo/learn"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// The methods that are compared, in the order of the table.
const (
	byTruth       = "true drawings"
	byInitial     = "AnomalyDiffusion, initial word"
	byWord        = "AnomalyDiffusion, learned word"
	byInitialThin = "AnomalyDiffusion, initial word, true mask"
	byWordThin    = "AnomalyDiffusion, learned word, true mask"
	byAny         = "AnomalyAny"
	byAnyWord     = "AnomalyAny, learned word"
	byFree        = "AnomalyAny, anywhere"
	byFreeWord    = "AnomalyAny, anywhere, learned word"
)

// schooled is what was measured with one word, or without any: the pictures of each method.
type schooled struct {
	Made map[string][]verdictOf `json:"made"`
}

// verdictOf is what the judge says of a picture.
type verdictOf struct {
	Judge string   `json:"judge"` // the defect that it finds, empty where it finds none
	IoU   *float64 `json:"iou"`   // of what it takes for defective with the true mask; of AnomalyAny anywhere, with its own
}

// measure makes the pictures of one word, which it learns unless it is there, and says how long learning took.
func (l learned) measure(ctx context.Context, b *bench, s schooling) (*schooled, time.Duration, error) {
	f := &schooled{map[string][]verdictOf{}}
	if s.examples == 0 {
		return f, 0, l.measureWithout(ctx, b, s, f)
	}
	lesson := learn.New(s.Pair, s.examples, s.seed)
	lesson.Training.Steps = l.Steps
	word, took, err := lesson.Learn(ctx, b.Pipeline, filepath.Join(l.Out, "words"))
	if err != nil {
		return nil, 0, err
	}
	painter, err := b.withWord(ctx, word)
	if err != nil {
		return nil, 0, err
	}
	any, err := newAnyWord(ctx, b, s.Pair, word)
	if err != nil {
		return nil, 0, err
	}
	defer any.Close()
	free, err := b.any(ctx, any.p, s.Pair, word.Word, b.options)
	if err != nil {
		return nil, 0, err
	}
	return f, took, errors.Join(l.make(ctx, b, s, f, byWord, wide{painter}), l.make(ctx, b, s, f, byWordThin, painter), l.make(ctx, b, s, f, byAnyWord, any), l.make(ctx, b, s, f, byFreeWord, freely{free}))
}

// measureWithout measures what there is without examples.
func (l learned) measureWithout(ctx context.Context, b *bench, s schooling, f *schooled) error {
	word, err := learn.Initial(ctx, b.Pipeline, s.Pair)
	if err != nil {
		return err
	}
	initial, err := b.withWord(ctx, word)
	if err != nil {
		return err
	}
	any, err1 := b.any(ctx, b.Pipeline, s.Pair, s.Defect.Name, b.shaped)
	free, err2 := b.any(ctx, b.Pipeline, s.Pair, s.Defect.Name, b.options)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	return errors.Join(l.make(ctx, b, s, f, byTruth, truth{}), l.make(ctx, b, s, f, byInitial, wide{initial}), l.make(ctx, b, s, f, byInitialThin, initial), l.make(ctx, b, s, f, byAny, any), l.make(ctx, b, s, f, byFree, freely{free}))
}

// painter makes the picture of a drawing with a defect, and says where it is.
type painter interface {
	paint(ctx context.Context, t trial.Trial) (picture *image.RGBA, where *image.Gray, err error)
}

// make makes the pictures of one method, and has them judged.
func (l learned) make(ctx context.Context, b *bench, s schooling, f *schooled, method string, p painter) error {
	for i := range l.N {
		t := trial.Trial{Pair: s.Pair, Seed: judgedSeed + judgedStride*uint64(s.number) + uint64(i)}
		picture, where, err := p.paint(ctx, t)
		if errors.Is(err, anomaly.ErrNothingChanged) {
			picture, err = pictureOf(t.Normal(size)), nil
		}
		if err != nil {
			return err
		}
		v, err := b.judge.Judge(ctx, images.ForModel(picture))
		if err != nil {
			return err
		}
		f.Made[method] = append(f.Made[method], verdictOf{v.Defect, number(metric.IoU(v.Mask, shares(where)))})
	}
	return nil
}

// truth draws the defect itself.
type truth struct{}

func (truth) paint(_ context.Context, t trial.Trial) (*image.RGBA, *image.Gray, error) {
	return pictureOf(t.Defective(size)), place(t), nil
}

func pictureOf(d world.Drawing) *image.RGBA { return images.FromBytes(d.Picture, d.Size, d.Size) }

// shares are the numbers of a mask, 0 to 1; none of none.
func shares(mask *image.Gray) []float32 {
	out := make([]float32, size*size)
	if mask != nil {
		for i, v := range mask.Pix {
			out[i] = float32(v / 255)
		}
	}
	return out
}

// place is where a drawing has its defect.
func place(t trial.Trial) *image.Gray {
	return &image.Gray{Pix: t.Defective(size).Mask, Stride: size, Rect: image.Rect(0, 0, size, size)}
}

// generated are pictures of a generator, in the true mask.
type generated struct{ anomaly.Generator }

// paint draws from the drawing's seed, so that all words have the same noises.
func (g generated) paint(ctx context.Context, t trial.Trial) (*image.RGBA, *image.Gray, error) {
	where := place(t)
	r, err := g.Generate(ctx, anomaly.Input{Normal: pictureOf(t.Normal(size)), Place: where}, anomaly.NewDraws(t.Seed))
	return r.Picture, where, err
}

// wide are pictures of a generator in the true mask grown by so many pixels as somebody is off who marks a place by hand: the
// model's latent has cells of eight pixels, and draws beside what is thinner.
type wide struct{ generated }

const grown = 4

func (w wide) paint(ctx context.Context, t trial.Trial) (*image.RGBA, *image.Gray, error) {
	where, err := images.FromMap(around(t), size, size)
	if err != nil {
		return nil, nil, err
	}
	r, err := w.Generate(ctx, anomaly.Input{Normal: pictureOf(t.Normal(size)), Place: where}, anomaly.NewDraws(t.Seed))
	return r.Picture, place(t), err
}

// around is where the place of a drawing's defect is, grown.
func around(t trial.Trial) []float32 {
	return metric.Dilated(trial.Mask(t.Defective(size)), size, size, grown)
}

// placing is AnomalyDiffusion's guidance: with the small model's own, 4, the asked defect was in 32 of 60 pictures on
// other drawings, with this in 37.
const placing = 7

// withWord is AnomalyDiffusion with a word.
func (b *bench) withWord(ctx context.Context, word *generate.Learned) (generated, error) {
	o := learn.Generating()
	o.Guidance, o.Masks.Kind, o.Foreground = placing, generate.PlaceMask, generate.Everywhere
	g, err := generate.NewAnomalyDiffusion(ctx, b.Pipeline, word, size, size, o)
	return generated{g}, err
}

// anyBench is AnomalyAny asked for a defect by a word, in the grown place. Thin ones are widened, as anomalyany --shape does.
type anyBench struct{ *anomalyany.Generator }

// Fewer steps than the model's own, as examples/evaluate has them: the judge finds as many of the defects.
const (
	anySteps  = 8
	anyRefine = 2
)

func (b *bench) any(ctx context.Context, p *diffusion.Pipeline, pair world.Pair, word string, o anomalyany.Options) (anyBench, error) {
	o.Steps, o.Refine = anySteps, anyRefine
	o.Prompt, o.Normal, o.Words = world.Caption(pair.Subject.Name, word), world.Caption(pair.Subject.Name, ""), []string{word}
	g, err := anomalyany.New(ctx, p, size, size, o)
	return anyBench{g}, err
}

func (a anyBench) paint(ctx context.Context, t trial.Trial) (*image.RGBA, *image.Gray, error) {
	may, err := enough(a.Generator, around(t))
	if err != nil {
		return nil, nil, err
	}
	wide, err := images.FromMap(may, size, size)
	if err != nil {
		return nil, nil, err
	}
	r, err := a.Generate(ctx, anomaly.Input{Normal: pictureOf(t.Normal(size)), Place: wide}, anomaly.NewDraws(t.Seed))
	return r.Picture, place(t), err
}

// freely is AnomalyAny that puts the defect where it likes, as it does unless it is told.
type freely struct{ anyBench }

func (f freely) paint(ctx context.Context, t trial.Trial) (*image.RGBA, *image.Gray, error) {
	r, err := f.Generate(ctx, anomaly.Input{Normal: pictureOf(t.Normal(size))}, anomaly.NewDraws(t.Seed))
	return r.Picture, r.Mask, err
}

// anyWord is AnomalyAny with a model that knows a learned word.
type anyWord struct {
	anyBench
	p *diffusion.Pipeline
}

func newAnyWord(ctx context.Context, b *bench, pair world.Pair, word *generate.Learned) (*anyWord, error) {
	p, err := demo.Open(ctx, diffusion.WithEmbeddings(word.Embedding()))
	if err != nil {
		return nil, err
	}
	any, err := b.any(ctx, p, pair, word.Word, b.shaped)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return &anyWord{any, p}, nil
}

// Close closes the model.
func (a *anyWord) Close() error { return a.p.Close() }
