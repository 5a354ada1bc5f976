package diffusion

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Invert learns a word from pictures: textual inversion (Gal et al., arXiv 2208.01618). It takes all steps of
// NewInversion, whose errors it has, and returns the word with its vectors.
func Invert(ctx context.Context, p *Pipeline, examples []Example, o InversionOptions) (*Embedding, error) {
	v, err := NewInversion(ctx, p, examples, o)
	if err != nil {
		return nil, err
	}
	for _, err := range v.Steps(ctx) {
		if err != nil {
			return nil, err
		}
	}
	return v.Embedding(), nil
}

// Example is a picture to learn from.
type Example struct {
	Picture *gt.Dense // [1, 3, H, W], from -1 to 1; H and W are multiples of Pipeline.Multiple, and the same in all examples

	// Mask says where in the picture there is what the word is to mean, such as a defect: H·W numbers from 0 to 1, row by
	// row. Nil is everywhere.
	Mask []float32
}

// InversionOptions say how a word is learned. The zero InversionOptions are refused: DefaultInversion has numbers.
type InversionOptions struct {
	Word    string `json:"word"`    // as prompts will have it, such as "<crack>"
	Vectors int    `json:"vectors"` // how many the word has, 1 to 75
	Initial string `json:"initial"` // a word that the model knows, such as "crack": all vectors begin as its first token's

	// Templates are sentences about the pictures, of which each step draws one. Each has {} once, where the word stands.
	Templates []string `json:"templates"`

	Steps int     `json:"steps"` // 1 to 1e7
	Batch int     `json:"batch"` // examples in each step, one after the other, 1 to 4096
	Rate  float64 `json:"rate"`  // of Adam, above 0 to 1

	Augment Augmentation `json:"augment"`

	// Share is how much of a latent's position must be within the mask for the position to count, from 0, which is
	// anything, to below 1. The released code of AnomalyDiffusion takes half, which leaves nothing of thin scratches.
	Share float64 `json:"share"`
	// Balance has the loss be the mean over the positions that count, so that small defects are learned as large ones
	// are. Without it, as in the released code of AnomalyDiffusion, it is the mean over all positions.
	Balance bool `json:"balance"`

	Seed uint64 `json:"seed"`

	// Memory limits what activations take, in bytes; 0 is no limit. See WithMemory.
	Memory int64 `json:"-"`
}

// DefaultInversion returns options that lack Word and Initial. Its templates say nothing of the part: where all pictures
// are of one part, sentences such as "a photo of a hazelnut with a {}" leave the word to mean what is special to them. The
// rate is measured with the small model, the numbers of whose vectors have a root mean square of 0.035: at five times as
// much they are unlike those of any word within 20 steps, and the defect is found less often. With another model look at
// previews.
func DefaultInversion() InversionOptions {
	return InversionOptions{
		Vectors: 4,
		Templates: []string{
			"a photo of a {}", "a close-up photo of a {}", "a photo of the {}", "a cropped photo of a {}", "a bright photo of a {}", "a dark photo of the {}",
		},
		Steps: 500, Batch: 1, Rate: 1e-3, Augment: DefaultAugmentation(), Share: 0.1, Balance: true,
	}
}

// check is an error if an option is out of its range.
func (o InversionOptions) check() error {
	switch {
	case o.Word == "":
		return badArgument("the word that is to be learned has no name, such as %q", "<crack>")
	case o.Initial == "":
		return badArgument("there is no initial word, which the model knows and %q begins as", o.Word)
	case o.Vectors < 1 || o.Vectors > maxVectors:
		return badArgument("%d vectors, want 1 to %d", o.Vectors, maxVectors)
	case len(o.Templates) == 0:
		return badArgument("there is no template, such as %q", "a photo of a {}")
	case o.Steps < 1 || o.Steps > 1e7:
		return badArgument("%d steps, want 1 to 10000000", o.Steps)
	case o.Batch < 1 || o.Batch > 4096:
		return badArgument("a batch of %d, want 1 to 4096", o.Batch)
	case !(o.Rate > 0 && o.Rate <= 1):
		return badArgument("a rate of %v, want above 0 to 1", o.Rate)
	case !(o.Share >= 0 && o.Share < 1):
		return badArgument("a share of %v of a position within the mask, want 0 to below 1", o.Share)
	case o.Memory < 0:
		return badArgument("%d bytes of memory, want 0, for no limit, or more", o.Memory)
	}
	return o.Augment.check()
}

// maxVectors is how many fit into a text between its start and its end.
const maxVectors = 75

// Words makes the vectors that stand in the place of a word from numbers that are learned. Those of a word alone are its
// vectors themselves; others may depend on where the defect is, as those of AnomalyDiffusion's encoder do.
type Words interface {
	// Parameters are the numbers, which are changed in place as they are learned: always the same slices.
	Parameters() []Parameter

	// Vectors returns n·d numbers for a picture's mask, n always the same. The mask has h·w numbers from 0 to 1, row by
	// row, of a latent's size: how much of each position is masked.
	Vectors(mask []float32, h, w int) []float32

	// Backward adds the gradient of a loss to into, which has a slice for each of Parameters. gradient is that with respect
	// to what Vectors returns for the mask.
	Backward(mask []float32, h, w int, gradient []float32, into [][]float32)
}

// Parameter is some of the numbers that are learned.
type Parameter struct {
	Name   string // in files
	Shape  []int
	Values []float32
}

// Inversion learns a word from pictures, step by step. A frozen model is asked for the noise in an example's noisy latent,
// told one of the templates; the gradient of its error is taken with respect to the vectors in the word's place, and Adam
// (Kingma and Ba, arXiv 1412.6980) moves these. Nothing else changes. Its methods must not be called at the same time.
type Inversion struct {
	p       *Pipeline
	options InversionOptions
	words   Words
	lessons *lessons
	lines   []line
	program *nn.Program
	adam    adam
	alphas  []float64
	losses  []float32
}

// InversionStep is a step that was taken.
type InversionStep struct {
	Number int     // of steps taken, from 1 on
	Loss   float64 // of this step: it says little, since it depends on the timestep and the noise
	Mean   float64 // of the last 50 steps, or of all if there are fewer
}

// meanOf is over how many steps the loss is averaged.
const meanOf = 50

// NewInversion prepares to learn a word from examples. The pictures are encoded as they are drawn. Options out of their
// range, a word that the model knows, an initial word or templates that it cannot read, pictures of different sizes, and
// masks that leave nothing to learn from are ErrArgument. The pipeline stays the caller's to close.
func NewInversion(ctx context.Context, p *Pipeline, examples []Example, o InversionOptions) (*Inversion, error) {
	if err := checkInversion(ctx, p, o); err != nil {
		return nil, err
	}
	first, err := p.WordVectors(ctx, o.Initial)
	if err != nil {
		return nil, fmt.Errorf("the initial word: %w", err)
	}
	row := tensor.Float32s(first)[:p.Text.Config.HiddenSize]
	return NewInversionOf(ctx, p, examples, &wordVectors{slices.Repeat(row, o.Vectors), o.Vectors}, o)
}

// NewInversionOf is NewInversion for vectors that words makes of what is learned. Of the options, Vectors does not count.
func NewInversionOf(ctx context.Context, p *Pipeline, examples []Example, words Words, o InversionOptions) (*Inversion, error) {
	if err := checkInversion(ctx, p, o); err != nil {
		return nil, err
	}
	if words == nil {
		return nil, badArgument("there are no words to be learned")
	}
	v := &Inversion{p: p, options: o, words: words}
	v.options.Templates = slices.Clone(o.Templates)
	var err error
	if v.lessons, err = newLessons(p, examples, o); err != nil {
		return nil, err
	}
	if v.adam, err = newAdam(words.Parameters()); err != nil {
		return nil, err
	}
	if v.alphas, err = p.Scheduler.Alphas(); err != nil {
		return nil, err
	}
	if err := v.readTemplates(ctx); err != nil {
		return nil, err
	}
	return v, v.compile()
}

// checkInversion refuses what both constructors do.
func checkInversion(ctx context.Context, p *Pipeline, o InversionOptions) error {
	switch {
	case ctx == nil:
		return badArgument("the context is nil")
	case p == nil || p.Text == nil:
		return badArgument("there is no pipeline: Open opens one")
	case p.Scheduler.PredictionType == predictsPicture:
		return badArgument("the model predicts the picture, prediction_type sample, want one of noise or velocity")
	}
	return o.check()
}

// Steps takes the steps that are left, and yields after each. The loop may be left at any time, and another goes on. A
// step draws from the seed and its own number alone. An error ends the loop: ctx's when ctx ends, or ErrNotFinite where
// the loss is no number, with the vectors as they were before.
func (v *Inversion) Steps(ctx context.Context) iter.Seq2[InversionStep, error] {
	return func(yield func(InversionStep, error) bool) {
		if v == nil || v.words == nil {
			yield(InversionStep{}, badArgument("there is no inversion: NewInversion makes one"))
			return
		}
		for len(v.losses) < v.options.Steps {
			loss, err := v.step(ctx, len(v.losses))
			if err != nil {
				yield(InversionStep{Number: len(v.losses) + 1}, fmt.Errorf("step %d: %w", len(v.losses)+1, err))
				return
			}
			v.losses = append(v.losses, float32(loss))
			if !yield(InversionStep{Number: len(v.losses), Loss: loss, Mean: v.mean()}, nil) {
				return
			}
		}
	}
}

// mean is that of the last losses.
func (v *Inversion) mean() float64 {
	last, sum := v.losses[max(0, len(v.losses)-meanOf):], 0.0
	for _, l := range last {
		sum += float64(l)
	}
	return sum / float64(len(last))
}

// Losses returns the losses of the steps that were taken.
func (v *Inversion) Losses() []float32 {
	if v == nil {
		return nil
	}
	return slices.Clone(v.losses)
}

// Options returns what NewInversion was given.
func (v *Inversion) Options() InversionOptions {
	if v == nil {
		return InversionOptions{}
	}
	o := v.options
	o.Templates = slices.Clone(o.Templates)
	return o
}

// Embedding returns the word with a copy of its vectors as they are now; nil where NewInversionOf was given other words.
func (v *Inversion) Embedding() *Embedding {
	if v == nil {
		return nil
	}
	w, ok := v.words.(*wordVectors)
	if !ok {
		return nil
	}
	vectors := tensor.FromFloat32s(slices.Clone(w.values), w.n, len(w.values)/w.n)
	return &Embedding{Word: v.options.Word, Vectors: vectors, Initial: v.options.Initial}
}

// step draws examples, sums the gradients of their losses, and moves what is learned. It returns the mean loss.
func (v *Inversion) step(ctx context.Context, number int) (loss float64, err error) {
	draws := rand.New(rand.NewPCG(v.options.Seed, uint64(number)))
	v.adam.clear()
	for range v.options.Batch {
		l, err := v.example(ctx, draws)
		if err != nil {
			return 0, err
		}
		loss += l
	}
	v.adam.step(number+1, v.options.Rate, 1/float64(v.options.Batch))
	return loss / float64(v.options.Batch), nil
}

// example draws an example, a template, a timestep and noise, and adds the gradient of its loss.
func (v *Inversion) example(ctx context.Context, draws *rand.Rand) (float64, error) {
	lesson, err := v.lessons.draw(ctx, draws)
	if err != nil {
		return 0, err
	}
	line := v.lines[draws.IntN(len(v.lines))]
	t := draws.IntN(len(v.alphas))
	noise := tensor.NewRand(draws.Uint64()).Randn(len(lesson.latent))
	out, err := v.program.Run(ctx, v.inputs(lesson, line, t, noise))
	if err != nil {
		return 0, err
	}
	loss := float64(tensor.Float32s(out[0])[0])
	gradient := line.of(tensor.Float32s(out[1]))
	if !finite(append(gradient, float32(loss))) {
		return 0, fmt.Errorf("the loss is %v, or its gradient not finite, at timestep %d; a smaller rate than %v may help: %w", loss, t, v.options.Rate, ErrNotFinite)
	}
	v.words.Backward(lesson.mask, v.lessons.h, v.lessons.w, gradient, v.adam.gradients)
	return loss, nil
}

func finite(v []float32) bool {
	return !slices.ContainsFunc(v, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) })
}

// wordVectors are the vectors of a word, and what is learned of it.
type wordVectors struct {
	values []float32
	n      int
}

func (w *wordVectors) Parameters() []Parameter {
	return []Parameter{{"vectors", []int{w.n, len(w.values) / w.n}, w.values}}
}

func (w *wordVectors) Vectors([]float32, int, int) []float32 { return w.values }

func (w *wordVectors) Backward(_ []float32, _, _ int, gradient []float32, into [][]float32) {
	for i, g := range gradient {
		into[0][i] += g
	}
}
