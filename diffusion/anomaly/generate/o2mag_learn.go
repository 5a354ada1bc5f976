package generate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// O2MAGWords are a prompt as the UNet reads it, fitted to one defective picture by LearnO2MAG.
type O2MAGWords struct {
	Prompt  string    // the text that they began as
	Hidden  *gt.Dense // [1, T, d], in the place of the text encoder's output
	Steps   int       // of the fitting
	Picture string    // Digest of the picture
}

// O2MAGLearning says how a prompt is fitted to a defective picture. The zero O2MAGLearning is refused:
// DefaultO2MAGLearning has numbers.
type O2MAGLearning struct {
	Prompt   string  `json:"prompt"`   // what the picture shows, such as "a photo of a hazelnut with a crack"
	Steps    int     `json:"steps"`    // 1 to 100000
	Rate     float64 `json:"rate"`     // of Adam, above 0 to 1
	Guidance float64 `json:"guidance"` // with which the model's noise is predicted, 1 to 1000: that of generating
	Masked   bool    `json:"masked"`   // that only the defect counts, and not the picture as a whole
	Seed     uint64  `json:"seed"`     // of timesteps and noises

	// Memory limits that of activations, in bytes; 0 is no limit. Where it is tight, parts of the model are computed twice.
	Memory int64 `json:"-"`
}

// DefaultO2MAGLearning returns the authors' numbers, which lack a Prompt: 500 steps at a rate of 3e-3, a guidance of 7.5,
// and the picture as a whole.
func DefaultO2MAGLearning() O2MAGLearning {
	return O2MAGLearning{Steps: 500, Rate: 3e-3, Guidance: 7.5}
}

func (o O2MAGLearning) check() error {
	if o.Prompt == "" {
		return wrong("the prompt is empty, want what the picture shows, such as %q", "a photo of a hazelnut with a crack")
	}
	return firstOf(
		within("steps", float64(o.Steps), 1, 100_000),
		within("rate", o.Rate, math.SmallestNonzeroFloat64, 1),
		within("guidance", o.Guidance, 1, 1000),
		within("memory", float64(o.Memory), 0, math.MaxInt64),
	)
}

// LearnO2MAG fits a prompt to a defective picture, of sides that are multiples of Pipeline.Multiple: it goes down the
// gradient of the square of what is wrong with the noise that the model predicts with guidance, by Adam. mask is white
// where the defect is and nil where the picture counts as a whole. Nothing of the model changes. report, which may be
// nil, is told after each step, counted from 1, what the loss was before it. The error is ErrArgument for options out of
// their range, ErrMemory where Memory is not enough, and ErrNotFinite where the loss is no number any more.
func LearnO2MAG(ctx context.Context, p *diffusion.Pipeline, picture *image.RGBA, mask *image.Gray, o O2MAGLearning, report func(step int, loss float64)) (*O2MAGWords, error) {
	if ctx == nil {
		return nil, wrong("there is no context")
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, wrong("there is no pipeline: diffusion.Open opens one")
	}
	if err := checkReference(picture, mask, o.Masked); err != nil {
		return nil, err
	}
	size := picture.Rect.Size()
	if err := p.CheckSize(size.Y, size.X); err != nil {
		return nil, err
	}
	l, err := newFitting(ctx, p, picture, mask, o)
	if err != nil {
		return nil, err
	}
	if err := l.fit(ctx, report); err != nil {
		return nil, fmt.Errorf("generate: O2MAG's prompt: %w", err)
	}
	return &O2MAGWords{Prompt: o.Prompt, Hidden: l.prompt.Hidden, Steps: o.Steps, Picture: Digest(picture)}, nil
}

// checkReference is an error if a defective picture is none, or its mask, where there must be one or is one, is none of it.
func checkReference(picture *image.RGBA, mask *image.Gray, must bool) error {
	if err := (anomaly.Input{Normal: picture, Place: mask}).Validate(); err != nil {
		return wrong("the reference, a defective picture with its mask: %w", err)
	}
	if mask == nil && must {
		return wrong("the reference has no mask, want one that is white where its defect is")
	}
	return nil
}

// o2magFitting is a prompt that is being fitted.
type o2magFitting struct {
	O2MAGLearning
	pipeline *diffusion.Pipeline
	schedule diffusion.Scheduler
	alphas   []float64
	without  *diffusion.Denoiser
	loss     *nn.Program

	picture          diffusion.Latent
	weights          *gt.Dense // of the latent's numbers, of mean 1
	prompt, negative diffusion.Prompt
	moments          [2][]float64 // of Adam
}

func newFitting(ctx context.Context, p *diffusion.Pipeline, picture *image.RGBA, mask *image.Gray, o O2MAGLearning) (l *o2magFitting, err error) {
	l = &o2magFitting{O2MAGLearning: o, pipeline: p}
	if l.schedule, err = diffusion.NewScheduler("ddim", p.Scheduler, 1); err != nil {
		return nil, err
	}
	if l.alphas, err = p.Scheduler.Alphas(); err != nil {
		return nil, err
	}
	if l.picture, err = p.EncodeImage(ctx, images.ForModel(picture)); err != nil {
		return nil, err
	}
	if l.prompt, err = p.Encode(ctx, o.Prompt); err != nil {
		return nil, err
	}
	if l.negative, err = p.Encode(ctx, ""); err != nil {
		return nil, err
	}
	shape := l.picture.Shape()
	if l.without, err = p.Compile(shape[2], shape[3]); err != nil {
		return nil, err
	}
	l.weights = tensor.FromFloat32s(slices.Repeat([]float32{1}, shape.TotalSize()), shape...)
	if o.Masked {
		l.weights = tensor.FromFloat32s(maskWeights(mask, shape), shape...)
	}
	l.loss, err = l.compile(shape)
	return l, err
}

// maskWeights are those of a latent's numbers where only the mask counts.
func maskWeights(mask *image.Gray, shape gt.Shape) []float32 {
	inside := mostOf(numbersOf(mask), mask.Rect.Size(), shape[2], shape[3])
	sum := float32(0)
	for _, v := range inside {
		sum += v
	}
	for i := range inside {
		inside[i] *= float32(len(inside)) / sum
	}
	return slices.Repeat(inside, shape[1])
}

// compile makes the program of the loss and of its gradient with respect to the prompt: the mean of
// weights·(w·ε + rest)², where ε is predicted with the prompt, and rest is all that does not depend on it.
func (l *o2magFitting) compile(shape gt.Shape) (*nn.Program, error) {
	return l.pipeline.Program("loss of a prompt", func(b *nn.Build) []*G.Node {
		text := b.Input("text", l.prompt.Hidden.Shape()...)
		rest, weights := b.Input("rest", shape...), b.Input("weights", shape...)
		noise := l.pipeline.UNet.Forward(b, b.Input("latent", shape...), b.Input("timestep", 1), text)
		wrong := nn.Add(nn.Scale(noise, float32(l.Guidance)), rest)
		loss := nn.Scale(nn.Dot(nn.Mul(wrong, weights), wrong), 1/float32(shape.TotalSize()))
		return append([]*G.Node{loss}, b.Grad(loss, text)...)
	}, nn.WithMemory(l.Memory))
}

// fit takes the steps.
func (l *o2magFitting) fit(ctx context.Context, report func(step int, loss float64)) error {
	draws, noises := anomaly.NewDraws(l.Seed), tensor.NewRand(l.Seed)
	for step := 1; step <= l.Steps; step++ {
		t := draws.Whole(1, len(l.alphas))
		loss, gradient, err := l.slope(ctx, t, noises.Randn(len(l.picture.Floats())))
		if err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		l.descend(gradient, step)
		if report != nil {
			report(step, loss)
		}
	}
	return nil
}

// slope is the loss at a timestep and with a noise, and its gradient.
func (l *o2magFitting) slope(ctx context.Context, t int, noise []float32) (float64, []float32, error) {
	z, err := l.schedule.AddNoise(l.picture, l.picture.With(noise), float64(t))
	if err != nil {
		return 0, nil, err
	}
	rest, err := l.without.Denoise(ctx, z, float64(t), diffusion.Guidance{Prompt: l.negative})
	if err != nil {
		return 0, nil, err
	}
	target := l.target(t, noise)
	for i, v := range rest.Floats() {
		rest.Floats()[i] = float32(1-l.Guidance)*v - target[i]
	}
	out, err := l.loss.Run(ctx, map[string]*gt.Dense{
		"latent": z.Dense, "timestep": tensor.FromFloat32s([]float32{float32(t)}, 1), "text": l.prompt.Hidden, "rest": rest.Dense, "weights": l.weights,
	})
	if err != nil {
		return 0, nil, err
	}
	if err := firstOf(nn.Finite(out[0]), nn.Finite(out[1])); err != nil {
		return 0, nil, fmt.Errorf("the loss or its gradient is %w", err)
	}
	return float64(tensor.Float32s(out[0])[0]), tensor.Float32s(out[1]), nil
}

// target is what the model should predict: the noise, or of a model that predicts v that (Salimans and Ho 2022).
func (l *o2magFitting) target(t int, noise []float32) []float32 {
	if l.pipeline.Scheduler.PredictionType != "v_prediction" {
		return noise
	}
	alpha, sigma := math.Sqrt(l.alphas[t]), math.Sqrt(1-l.alphas[t])
	out := make([]float32, len(noise))
	for i, x := range l.picture.Floats() {
		out[i] = float32(alpha*float64(noise[i]) - sigma*float64(x))
	}
	return out
}

// descend is a step of Adam with its own numbers (Kingma and Ba 2015): 0.9, 0.999, 1e-8.
func (l *o2magFitting) descend(gradient []float32, step int) {
	const mean, square, tiny = 0.9, 0.999, 1e-8
	if l.moments[0] == nil {
		l.moments[0], l.moments[1] = make([]float64, len(gradient)), make([]float64, len(gradient))
	}
	biasM, biasV := 1-math.Pow(mean, float64(step)), 1-math.Pow(square, float64(step))
	at := tensor.Float32s(l.prompt.Hidden)
	for i, g := range gradient {
		m, v := &l.moments[0][i], &l.moments[1][i]
		*m = mean**m + (1-mean)*float64(g)
		*v = square**v + (1-square)*float64(g)*float64(g)
		at[i] -= float32(l.Rate * (*m / biasM) / (math.Sqrt(*v/biasV) + tiny))
	}
}

// o2magWordsTensor is the tensor of a file of words; what else is known of them is in its metadata.
const o2magWordsTensor = "prompt"

// Write writes the words to a safetensors file, which has its name when it is complete.
func (w *O2MAGWords) Write(path string) error {
	if err := w.check(); err != nil {
		return err
	}
	return tensor.Save(path, map[string]*gt.Dense{o2magWordsTensor: w.Hidden}, map[string]string{
		"format": "o2mag", "prompt": w.Prompt, "steps": strconv.Itoa(w.Steps), "picture_sha256": w.Picture,
	})
}

func (w *O2MAGWords) check() error {
	switch {
	case w == nil:
		return wrong("there are no words: LearnO2MAG makes some")
	case w.Prompt == "" || w.Steps < 0:
		return wrong("the words have the prompt %.40q and %d steps, want the text that they began as, and no negative number", w.Prompt, w.Steps)
	case w.Hidden == nil || w.Hidden.Dtype() != gt.Float32 || w.Hidden.Dims() != 3 || w.Hidden.Shape()[0] != 1 || w.Hidden.MemSize() == 0:
		return wrong("the words are no tensor [1, tokens, width] of float32")
	}
	if err := nn.Finite(w.Hidden); err != nil {
		return wrong("the words are %w", err)
	}
	return nil
}

// digest is the SHA-256 of the words' numbers, as their file has them.
func (w *O2MAGWords) digest() string {
	h := sha256.New()
	for _, v := range tensor.Float32s(w.Hidden) {
		h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ReadO2MAGWords reads a file that O2MAGWords.Write has written. Another one is tensor.ErrDamaged.
func ReadO2MAGWords(path string) (*O2MAGWords, error) {
	f, err := tensor.Read(path, o2magWordsFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	said := f.Metadata()
	if said["format"] != "o2mag" {
		return nil, fmt.Errorf("%s: it holds no words that LearnO2MAG has fitted: its metadata has the format %.40q%.0w", path, said["format"], tensor.ErrDamaged)
	}
	hidden, err := f.Get(o2magWordsTensor)
	if err != nil {
		return nil, fmt.Errorf("%w%.0w", err, tensor.ErrDamaged)
	}
	w := &O2MAGWords{Prompt: said["prompt"], Hidden: hidden.Clone().(*gt.Dense), Picture: said["picture_sha256"]}
	if w.Steps, err = strconv.Atoi(said["steps"]); err == nil {
		err = w.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w%.0w", path, err, tensor.ErrDamaged)
	}
	return w, nil
}

// o2magWordsFile bounds a file of words, in bytes: those of the widest text encoders are far smaller.
const o2magWordsFile = 64 << 20
