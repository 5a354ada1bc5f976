package generate

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"

	tokens "github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// AnomalyDiffusionOptions are the numbers of AnomalyDiffusion. The zero AnomalyDiffusionOptions are refused:
// DefaultAnomalyDiffusion has numbers. Faults of Released, which Mended does not have:
//
//   - The adaptive weights multiply scores in front of the softmax, so that a negative one becomes less attention, and
//     those of the start token, too. Mended has them multiply probabilities, as the paper, and normalises the rows again.
//   - They are made of the noisy latent. Mended's are of the clean one that the step before has predicted.
type AnomalyDiffusionOptions struct {
	Preset Preset `json:"preset"`

	// Template is the prompt, with {} in the place of the learned word; empty for the one that it was learned with.
	Template string  `json:"template"`
	Steps    int     `json:"steps"` // of DDIM, 2 to 1000
	Eta      float64 `json:"eta"`   // η, 0 to 1: how much of the noise each step replaces by fresh noise
	// Guidance is w of classifier-free guidance, 0 to 1000; 1 is none, in half the time, as the authors. With its own, which is
	// 4, the small model of diffusion/demo makes twice as many defects that a judge finds.
	Guidance float64 `json:"guidance"`

	// Adaptive has the learned words get more attention where the latent does not differ from the normal picture's yet,
	// Low to High times as much, 0 to 10. The mask is then wider by Dilate cells of a latent of 32×32 at the noisy end, 0 to
	// 64, and shrinks to itself. The authors advise it for materials, and against it for defects of structure. On drawn parts
	// and materials alike it halves how often the defect is there: at the noisy end half of the picture is made anew.
	Adaptive bool    `json:"adaptive"`
	Dilate   float64 `json:"dilate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`

	// Share is how much of a latent's cell must be within the mask for the cell to be, more than from 0, which is anything,
	// to below 1. As released it is half, which leaves nothing of thin scratches.
	Share float64 `json:"share"`

	// Paste keeps the photograph's own pixels. Around the mask the generated picture passes into them over Margin pixels of
	// a picture of 256×256, 0 to 64; unless the mask is the place that was asked for, it does so within that alone. With a
	// Margin of 0 every pixel outside the mask is the photograph's, and a defect that the model has drawn beside a thin mask
	// is cut off.
	Paste  bool    `json:"paste"`
	Margin float64 `json:"margin"`

	Masks      Masks        `json:"masks"`    // ExampleMask and WordMask are kinds here, too
	Examples   ExampleMasks `json:"examples"` // of the first kind
	ByWord     WordMasks    `json:"by_word"`  // of the second
	Foreground Foreground   `json:"foreground"`
	Attempts   int          `json:"attempts"` // so often a picture is drawn anew in which nothing changed, 1 to 10000
}

// DefaultAnomalyDiffusion returns options without the released code's faults. Masks are the examples', on the part.
func DefaultAnomalyDiffusion() AnomalyDiffusionOptions {
	return AnomalyDiffusionOptions{
		Preset: Mended,
		Steps:  50, Eta: 1, Guidance: 1,
		Dilate: 8, Low: 1, High: 1.5,
		Share: 0.1, Paste: true, Margin: 8,
		Masks: Masks{Kind: ExampleMask, Perlin: DefaultPerlin()}, Examples: DefaultExampleMasks(), ByWord: DefaultWordMasks(),
		Foreground: Found, Attempts: Attempts,
	}
}

// ReleasedAnomalyDiffusion returns those of the authors' code: 200 steps, of which the last adds noise, too, and the whole
// picture as the autoencoder gives it. Adaptive weights are off unless they are asked for; with 50 steps it dilates twice as
// far.
func ReleasedAnomalyDiffusion() AnomalyDiffusionOptions {
	o := DefaultAnomalyDiffusion()
	o.Preset, o.Steps, o.Share, o.Paste = Released, 200, 0.5, false
	return o
}

// widest is by how many cells of a latent of 32×32 the mask is wider at the noisy end.
func (o AnomalyDiffusionOptions) widest() float64 {
	if o.Preset == Released && o.Steps == 50 {
		return 2 * o.Dilate
	}
	return o.Dilate
}

// check is an error if an option is out of its range.
func (o AnomalyDiffusionOptions) check() error {
	if err := checkTemplate(o.Template); err != nil {
		return err
	}
	if o.Low > o.High {
		return wrong("low is %v, want at most high, which is %v", o.Low, o.High)
	}
	if o.Masks.Kind != ExampleMask && o.Masks.Kind != WordMask {
		if err := o.Masks.check(); err != nil {
			return err
		}
	}
	return firstOf(
		o.Preset.check(),
		within("steps", float64(o.Steps), 2, 1000),
		within("eta", o.Eta, 0, 1),
		within("guidance", o.Guidance, 0, 1000),
		within("dilate", o.Dilate, 0, 64),
		within("low", o.Low, 0, 10),
		within("high", o.High, 0, 10),
		within("share", o.Share, 0, math.Nextafter(1, 0)),
		within("margin", o.Margin, 0, 64),
		o.Examples.check(),
		o.ByWord.check(),
		o.Foreground.check(),
		checkAttempts(o.Attempts),
	)
}

// AnomalyDiffusion makes a defect that was learned from a few pictures, where a mask says (Hu et al., AAAI 2024, arXiv
// 2312.05767): the model makes the part anew with a learned word in the prompt, and outside the mask the photograph takes
// the latent's place before each step. Its methods may be called by several goroutines, which take turns in the pipeline's
// memory.
type AnomalyDiffusion struct {
	options  AnomalyDiffusionOptions
	learned  *Learned
	note     string // of the model, if it is another than the word was learned with
	size     image.Point
	pipeline *diffusion.Pipeline
	prompt   string
	negative diffusion.Prompt // where there is guidance
	schedule ancestral
	model    diffusion.Model // one of both
	adaptive *reweighted

	maskMaker *maskMaker // where the model makes masks
}

var _ anomaly.Generator = (*AnomalyDiffusion)(nil)

// NewAnomalyDiffusion compiles the model for pictures of height×width pixels, multiples of Pipeline.Multiple, and finds
// what was learned in the prompt. Of package diffusion's errors it is ErrArgument, which is this package's, if an option is
// out of its range, or if the vectors are not of the text encoder's width; and ErrMemory if pictures of that size do not fit
// in memory. That the vectors were learned with another model is a note in the provenance. The pipeline stays the caller's
// to close.
func NewAnomalyDiffusion(ctx context.Context, p *diffusion.Pipeline, learned *Learned, height, width int, o AnomalyDiffusionOptions) (*AnomalyDiffusion, error) {
	if ctx == nil {
		return nil, wrong("there is no context")
	}
	if err := learned.check(); err != nil {
		return nil, err
	}
	if o.Template == "" {
		o.Template = learned.Template
	}
	o.Masks = o.Masks.clone()
	if err := o.check(); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, wrong("there is no pipeline: diffusion.Open opens one")
	}
	if err := p.CheckSize(height, width); err != nil {
		return nil, err
	}
	g := &AnomalyDiffusion{options: o, learned: learned, size: image.Pt(width, height), pipeline: p}
	g.prompt = strings.Replace(o.Template, blank, learned.Word, 1)
	for _, prepare := range []func(context.Context) error{g.prepareSchedule, g.preparePrompts, g.prepareModel, g.prepareMasks, g.compareModels} {
		if err := prepare(ctx); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// prepareSchedule has the last step add noise, too, where the authors' code does.
func (g *AnomalyDiffusion) prepareSchedule(context.Context) (err error) {
	g.schedule, err = newAncestral(g.pipeline.Scheduler, g.options.Steps)
	g.schedule.eta, g.schedule.last = g.options.Eta, g.options.Preset == Released
	return err
}

// preparePrompts reads the prompts once, which finds out whether they can be read.
func (g *AnomalyDiffusion) preparePrompts(ctx context.Context) (err error) {
	if _, err = g.pipeline.EncodeWith(ctx, g.prompt, g.learned.Embedding()); err != nil || g.options.Guidance == 1 {
		return err
	}
	g.negative, err = g.pipeline.Encode(ctx, "")
	return err
}

// prepareModel takes attention apart only where it is reweighted.
func (g *AnomalyDiffusion) prepareModel(context.Context) error {
	h, w := g.latentSize()
	batch := 1
	if g.options.Guidance != 1 {
		batch = 2
	}
	if !g.options.Adaptive {
		denoiser, err := g.pipeline.Compile(h, w)
		if err != nil {
			return err
		}
		g.model = denoiser
		_, err = denoiser.DenoiseFLOPs(batch) // which compiles it
		return err
	}
	words, err := g.findWords()
	if err != nil {
		return err
	}
	g.adaptive, err = newReweighted(g.pipeline, h, w, batch, reweighting{words: words, scores: g.options.Preset == Released})
	return err
}

// findWords are the numbers of the word's tokens in the prompt.
func (g *AnomalyDiffusion) findWords() ([]int, error) {
	e, t := g.learned.Embedding(), g.pipeline.Tokenizer
	if !slices.ContainsFunc(g.pipeline.Embeddings(), func(known *diffusion.Embedding) bool { return strings.EqualFold(known.Word, e.Word) }) {
		with, err := t.With(t.Size(), tokens.Word{Text: e.Word, Tokens: e.Vectors.Shape()[0]})
		if err != nil {
			return nil, err
		}
		t = with
	}
	words, err := t.FindWord(g.prompt, e.Word)
	switch {
	case err != nil:
		return nil, wrong("the template: %w", err)
	case len(words) != e.Vectors.Shape()[0]:
		return nil, wrong("the model has a word %q of its own, of %d vectors: what was learned has %d", e.Word, len(words), e.Vectors.Shape()[0])
	}
	return words, nil
}

// compareModels notes where the word was learned with another model.
func (g *AnomalyDiffusion) compareModels(ctx context.Context) error {
	if g.learned.Model == "" {
		return nil
	}
	now, err := ModelHash(ctx, g.pipeline)
	if err == nil && !sameModel(now, g.learned.Model) {
		g.note = fmt.Sprintf("%q was learned with another model than this, which may read it as something else", g.learned.Word)
	}
	return err
}

func (g *AnomalyDiffusion) latentSize() (h, w int) {
	return g.size.Y / g.pipeline.Factor(), g.size.X / g.pipeline.Factor()
}

// Options returns the options that NewAnomalyDiffusion was given, with the template that it took.
func (g *AnomalyDiffusion) Options() AnomalyDiffusionOptions {
	if g == nil {
		return AnomalyDiffusionOptions{}
	}
	o := g.options
	o.Masks = o.Masks.clone()
	return o
}

// anomalyDiffusionNoted is what Provenance.Options has.
type anomalyDiffusionNoted struct {
	AnomalyDiffusionOptions
	Learned learnedNoted `json:"learned"`
}

// learnedNoted is what is noted of what was learned.
type learnedNoted struct {
	Word    string         `json:"word"`
	Initial string         `json:"initial,omitempty"`
	Steps   int            `json:"steps,omitempty"`
	SHA256  string         `json:"sha256,omitempty"`
	Noted   map[string]any `json:"training,omitempty"`
}

// Generate makes a picture of a normal one of the size that NewAnomalyDiffusion was given; in.Others are not used. With
// Paste every pixel outside the mask and its margin is the normal picture's. The draws are, for each try: the mask; and the seed of the
// noises, Whole(0, 1<<31-1), which are torch's randn of it: the start's, and for each step that of the photograph's latent
// and that of η.
//
// A place that is asked for as the mask and that covers no cell of the latent is ErrArgument, which names what would. Any
// other mask that does not is one of which nothing changed: it is drawn anew, and at last anomaly.ErrNothingChanged.
func (g *AnomalyDiffusion) Generate(ctx context.Context, in anomaly.Input, d anomaly.Draws) (anomaly.Result, error) {
	if g == nil || g.pipeline == nil {
		return anomaly.Result{}, wrong("there is no AnomalyDiffusion: NewAnomalyDiffusion makes one")
	}
	l := g.learned
	c, err := begin(ctx, in, g.options.Foreground, d, Provenance{
		Generator: "AnomalyDiffusion", Preset: g.options.Preset, Model: g.pipeline.Files(), Texts: g.pipeline.Texts(),
		Options: anomalyDiffusionNoted{g.options, learnedNoted{l.Word, l.Initial, l.Steps, l.SHA256, l.Noted}},
	})
	if err != nil {
		return anomaly.Result{}, err
	}
	if c.size != g.size {
		return anomaly.Result{}, wrong("the normal picture has %d×%d pixels, this AnomalyDiffusion was made for %d×%d", c.size.X, c.size.Y, g.size.X, g.size.Y)
	}
	if g.note != "" {
		c.note(g.note)
	}
	run := anomalyDiffusionRun{AnomalyDiffusion: g, normal: in.Normal}
	tooThin := 0
	r, err := c.try(ctx, g.options.Attempts, func() (made, error) {
		m, err := g.once(ctx, c, &run)
		if errors.Is(err, errTooThin) && g.options.Masks.Kind != PlaceMask {
			tooThin++
			return made{picture: c.Normal, mask: image.NewGray(image.Rectangle{Max: c.size})}, nil
		}
		return m, err
	})
	if tooThin > 0 && errors.Is(err, anomaly.ErrNothingChanged) {
		return r, fmt.Errorf("%w: %d masks covered no cell of the latent; give a larger picture, or a smaller share", err, tooThin)
	}
	return r, err
}

// errTooThin is a mask that covers no cell of the latent.
var errTooThin = errors.New("it covers no cell of the latent")

// once draws a picture.
func (g *AnomalyDiffusion) once(ctx context.Context, c *call, run *anomalyDiffusionRun) (made, error) {
	mask, err := g.drawMask(ctx, c)
	if err != nil {
		return made{}, err
	}
	seed := uint64(c.draws.Whole(0, math.MaxInt32))
	if marked(mask) == 0 {
		return made{picture: c.Normal, mask: mask}, nil
	}
	h, w := g.latentSize()
	inside := cells(mask, h, w, g.options.Share)
	if !slices.Contains(inside, 1) {
		return made{}, g.tooThin(mask)
	}
	picture, err := run.picture(ctx, mask, inside, seed)
	if err != nil {
		return made{}, err
	}
	if g.options.Paste {
		place := c.place
		if g.options.Masks.Kind == PlaceMask {
			place = nil
		}
		picture = pasteAround(c.Normal, picture, mask, place, g.options.Margin*float64(min(c.size.X, c.size.Y))/256)
	}
	return made{picture: picture, mask: mask}, nil
}

// tooThin says what would do in the place of a mask.
func (g *AnomalyDiffusion) tooThin(mask *image.Gray) error {
	factor := g.pipeline.Factor()
	better := fmt.Sprintf("a mask that is %d pixels wide in each direction does, or a smaller share than %v", 2*factor, g.options.Share)
	if times, ok := roomier(mask, factor, g.options.Share); ok {
		better = fmt.Sprintf("it does in a picture of %d×%d, and ", times*g.size.X, times*g.size.Y) + better
	}
	return wrong("the mask of %d pixels is empty at the latent's size: %w of %d×%d pixels; %s", marked(mask), errTooThin, factor, factor, better)
}
