// Package learn has the small model of diffusion/demo learn a word from a few drawings of a defect on a part, as a user
// does from photographs: with their masks, and on other drawings of the part than anything is measured on.
package learn

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// FirstSeed is the first seed of the drawings that words are learned from, which are measured nowhere. Each pair and each
// Lesson.Seed has pairStride and lessonStride seeds of its own.
const (
	FirstSeed    = trial.FirstSeed + 700_000
	pairStride   = 1000
	lessonStride = 10
)

// The most that a Lesson may have, so that no two have a drawing in common.
const (
	MostPictures = lessonStride
	MostSeed     = pairStride/lessonStride - 1
)

const size = 128 // of drawings, in pixels a side

// Lesson is a word to be learned.
type Lesson struct {
	world.Pair
	Pictures int                   // drawings that it is learned from, 1 to MostPictures
	Seed     uint64                // of the drawings and of the training, 0 to MostSeed
	Words    generate.LearnOptions // what is learned
	Training diffusion.InversionOptions
}

// New returns a lesson with the numbers that serve the small model best.
func New(pair world.Pair, pictures int, seed uint64) Lesson {
	l := Lesson{Pair: pair, Pictures: pictures, Seed: seed, Words: generate.DefaultLearn(), Training: diffusion.DefaultInversion()}
	l.Words.Word, l.Words.Initial, l.Words.Template = "<"+world.FileName(pair.Defect.Name)+">", pair.Defect.Name, Template(pair)
	l.Training.Word, l.Training.Initial, l.Training.Templates = l.Words.Word, l.Words.Initial, []string{l.Words.Template}
	l.Training.Seed, l.Training.Rate = seed, rate
	return l
}

// rate is Adam's. The small model's vectors have a root mean square of 0.03: after 200 steps of 0.02 they have 0.2, and are
// no better than the word that they began as; of 0.001 they keep their size, and find the defect more often.
const rate = 1e-3

// Template is the sentence that drawings of a part have, with {} in the place of the defect.
func Template(pair world.Pair) string { return world.Caption(pair.Subject.Name, "{}") }

// Initial is the defect's own word, as if nothing but it had been learned.
func Initial(ctx context.Context, p *diffusion.Pipeline, pair world.Pair) (*generate.Learned, error) {
	vectors, err := p.WordVectors(ctx, pair.Defect.Name)
	if err != nil {
		return nil, err
	}
	l, err := generate.LearnedOf(&diffusion.Embedding{Word: "<" + world.FileName(pair.Defect.Name) + ">", Vectors: vectors, Initial: pair.Defect.Name})
	if err == nil {
		l.Template = Template(pair)
	}
	return l, err
}

// drawings are those that the word is learned from.
func (l Lesson) drawings() []world.Drawing {
	all := world.Pairs(world.AllPairs)
	at := 0
	for i, p := range all {
		if p.Subject.Name == l.Subject.Name && p.Defect.Name == l.Defect.Name {
			at = i
		}
	}
	first := FirstSeed + pairStride*uint64(at) + lessonStride*l.Seed
	var drawn []world.Drawing
	for i := range l.Pictures {
		drawn = append(drawn, world.Draw(l.Subject, &l.Defect, first+uint64(i), size))
	}
	return drawn
}

// Options is all that the word depends on, for files.Identity.
func (l Lesson) Options() any {
	return struct {
		Pictures int                        `json:"pictures"`
		Seed     uint64                     `json:"seed"`
		Words    generate.LearnOptions      `json:"words"`
		Training diffusion.InversionOptions `json:"training"`
	}{l.Pictures, l.Seed, l.Words, l.Training}
}

// Path is the word's file in a folder.
func (l Lesson) Path(dir string) string {
	return filepath.Join(dir, fmt.Sprintf("%s-%s-%d-%d.safetensors", world.FileName(l.Subject.Name), world.FileName(l.Defect.Name), l.Pictures, l.Seed))
}

// Learn returns the word: that of the file in dir, if it is of this lesson; else it is learned, which takes as long as is
// returned, and written there. What ends early leaves no file.
func (l Lesson) Learn(ctx context.Context, p *diffusion.Pipeline, dir string) (*generate.Learned, time.Duration, error) {
	if l.Pictures < 1 || l.Pictures > MostPictures || l.Seed > MostSeed {
		return nil, 0, fmt.Errorf("learn: %d drawings and the seed %d, want 1 to %d and 0 to %d", l.Pictures, l.Seed, MostPictures, MostSeed)
	}
	is, err := l.identity(ctx, p)
	if err != nil {
		return nil, 0, err
	}
	there, err := generate.ReadLearned(l.Path(dir), "")
	if err == nil && there.Noted[noted] == is {
		return there, 0, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("%w; move it away", err)
	}
	begun := time.Now()
	learned, err := l.train(ctx, p)
	if err != nil {
		return nil, 0, fmt.Errorf("%s with %s, from %d drawings: %w", l.Subject.Name, l.Defect.Name, l.Pictures, err)
	}
	took := time.Since(begun)
	learned.Noted = map[string]any{noted: is}
	return learned, took, cmp.Or(files.MakeWritable(dir), learned.Write(l.Path(dir)))
}

// noted is what a file's lesson is under in Learned.Noted.
const noted = "lesson"

// identity is what a word depends on.
func (l Lesson) identity(ctx context.Context, p *diffusion.Pipeline) (string, error) {
	options, err1 := json.Marshal(l.Options())
	model, err2 := generate.ModelHash(ctx, p)
	return files.Identity{"version": "1", "lesson": string(options), "model": model}.Hash(), cmp.Or(err1, err2)
}

// train takes all steps.
func (l Lesson) train(ctx context.Context, p *diffusion.Pipeline) (*generate.Learned, error) {
	learned, err := generate.NewLearned(ctx, p, l.Words)
	if err != nil {
		return nil, err
	}
	var examples []diffusion.Example
	for _, d := range l.drawings() {
		examples = append(examples, diffusion.Example{Picture: trial.Picture(d), Mask: trial.Mask(d)})
		learned.Masks = append(learned.Masks, &image.Gray{Pix: d.Mask, Stride: d.Size, Rect: image.Rect(0, 0, d.Size, d.Size)})
	}
	inversion, err := diffusion.NewInversionOf(ctx, p, examples, learned, l.Training)
	if err != nil {
		return nil, err
	}
	for step, err := range inversion.Steps(ctx) {
		if err != nil {
			return nil, err
		}
		learned.Steps = step.Number
	}
	return learned, nil
}

// Generating are the numbers of AnomalyDiffusion that serve the small model best.
func Generating() generate.AnomalyDiffusionOptions {
	o := generate.DefaultAnomalyDiffusion()
	o.Guidance, o.Steps = guidance, steps
	return o
}

const (
	guidance = 4  // the small model's own: without any it hardly makes defects
	steps    = 20 // which find as many as 50
)
