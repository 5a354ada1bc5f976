package generate

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// SDASOptions are the words and numbers of SDAS. The zero SDASOptions are refused: DefaultSDAS has numbers.
type SDASOptions struct {
	// Prompt says what the part is when nothing is wrong with it, such as "a photo of a hazelnut".
	Prompt   string  `json:"prompt"`
	Guidance float64 `json:"guidance"` // w of classifier-free guidance, 0 to 1000; 1 is none, in half the time

	// Strength is s, from its first number on to below its second, 0 to 1000: the variance of the noise that each step
	// adds is 1+s times what the model expects. It is no unit: what it comes to depends on the steps, on Start, and on the
	// model, since one that has learned little errs more. So it is chosen by looking, and by measured_strength in the
	// provenance, which is in levels: below 8 hardly any picture of the small model shows a defect.
	Strength [2]float64 `json:"strength"`

	Steps int     `json:"steps"` // of DDIM, for the whole schedule: 2 to 1000
	Start float64 `json:"start"` // share of the schedule that is noise on the normal picture, above 0 to 1; 1 begins with noise alone, as the paper

	Masks      Masks      `json:"masks"`
	Foreground Foreground `json:"foreground"`
	Weight     [2]float64 `json:"weight"` // of the model's picture in the blend, from the first number on to below the second, 0 to 1

	// Control has the model make the picture a second time with the same noises and without a strength, which takes as
	// long again. The difference is what the strength has done.
	Control  bool `json:"control"`
	Attempts int  `json:"attempts"` // so often a picture is drawn anew in which nothing changed, 1 to 10000
}

// DefaultSDAS returns options that lack a Prompt. It begins with noise alone, as the paper, and has strengths of 1 to 2,
// both chosen by looking at what the small model of diffusion/demo makes and by what a probe learned of it: such defects
// are foreign matter. From a Start of 0.6 the part stays and its surface errs, which is hardly seen in materials and
// teaches less; there the part dissolves above a strength of 2. Another model wants its own strengths: with Stable Diffusion
// 1.5 begin with 0.3 to 1. (RealNet's are 0.1 to 0.2, of a model of pixels.) Masks are DRAEM's on the part, and weights
// RealNet's.
func DefaultSDAS() SDASOptions {
	return SDASOptions{
		Guidance: 1,
		Strength: [2]float64{1, 2}, Steps: 20, Start: 1,
		Masks: DefaultMasks(), Foreground: Found, Weight: [2]float64{0.5, 1},
		Control: true, Attempts: Attempts,
	}
}

// check is an error if an option is out of its range.
func (o SDASOptions) check() error {
	if o.Prompt == "" {
		return wrong("the prompt is empty, want what the part is when nothing is wrong with it, such as %q", "a photo of a hazelnut")
	}
	if taken := o.Steps - o.first(); o.Steps > 0 && o.Start > 0 && taken < 2 {
		return wrong("start %v of %d steps is %d, want at least 2: the last one adds no noise", o.Start, o.Steps, taken)
	}
	return firstOf(
		within("guidance", o.Guidance, 0, 1000),
		spanWithin("strength", o.Strength, 0, 1000),
		within("steps", float64(o.Steps), 2, 1000),
		within("start", o.Start, math.SmallestNonzeroFloat64, 1),
		o.Masks.check(),
		o.Foreground.check(),
		spanWithin("weight", o.Weight, 0, 1),
		checkAttempts(o.Attempts),
	)
}

// first is the step with which a run begins.
func (o SDASOptions) first() int { return o.Steps - int(math.Round(o.Start*float64(o.Steps))) }

// SDAS is the synthesis of anomalies by RealNet (Zhang, Xu, Zhou, CVPR 2024): a diffusion model that knows normal parts
// is made to err by more noise than it expects, the strength, and what it makes of the part is blended into the normal
// picture where a mask says. RealNet trains a model of pixels for each data set and starts from noise alone; here it is
// any model that knows the part by a prompt, and may start from the normal picture, so that the part stays where it is.
// Its methods may be called by several goroutines, which take turns in the pipeline's memory.
type SDAS struct {
	options  SDASOptions
	size     image.Point
	pipeline *diffusion.Pipeline
	denoiser *diffusion.Denoiser
	guidance diffusion.Guidance
	schedule ancestral
}

var _ anomaly.Generator = (*SDAS)(nil)

// NewSDAS encodes the prompt and compiles the model for pictures of height×width pixels, multiples of
// Pipeline.Multiple. Of package diffusion's errors it is ErrArgument, which is this package's, if an option is out of its
// range, and ErrMemory if pictures of that size do not fit in memory. The pipeline stays the caller's to close.
func NewSDAS(ctx context.Context, p *diffusion.Pipeline, height, width int, o SDASOptions) (*SDAS, error) {
	if ctx == nil {
		return nil, wrong("there is no context")
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, wrong("there is no pipeline: diffusion.Open opens one")
	}
	if err := p.CheckSize(height, width); err != nil {
		return nil, err
	}
	g := &SDAS{options: o, size: image.Pt(width, height), pipeline: p}
	var err error
	if g.schedule, err = newAncestral(p.Scheduler, o.Steps); err != nil {
		return nil, err
	}
	if g.denoiser, err = p.Compile(height/p.Factor(), width/p.Factor()); err != nil {
		return nil, err
	}
	if err := g.encodePrompts(ctx); err != nil {
		return nil, err
	}
	_, err = g.denoiser.DenoiseFLOPs(len(g.guidance.Prompts())) // which compiles it
	return g, err
}

// encodePrompts encodes the empty one only where there is guidance away from it.
func (g *SDAS) encodePrompts(ctx context.Context) (err error) {
	g.guidance.Scale = float32(g.options.Guidance)
	if g.guidance.Prompt, err = g.pipeline.Encode(ctx, g.options.Prompt); err != nil || g.options.Guidance == 1 {
		return err
	}
	g.guidance.Negative, err = g.pipeline.Encode(ctx, "")
	return err
}

// Options returns the options that NewSDAS was given.
func (g *SDAS) Options() SDASOptions {
	if g == nil {
		return SDASOptions{}
	}
	return g.options
}

// measuredStrength is a key of Provenance.Measured.
const measuredStrength = "measured_strength"

// Generate makes a picture of a normal one of the size that NewSDAS was given; in.Others are not used. Outside the mask
// every pixel is the normal picture's. Inside it lies what the model remembers of the part, so that something changes there
// without a strength, too. The draws are, for each try: the strength, Uniform; the seed of the noises, Whole(0, 1<<31-1),
// which are torch's randn of it, the start's first; the mask; and the weight, Uniform. Of a span with one number nothing
// is drawn. The provenance has in Measured:
//
//	measured_strength  with Control: how far the model's picture is from the one without a strength, inside the mask
//	                   and before it is blended: root mean square, in levels of 255
//
// A mask with nothing inside the place, and a measured_strength below one level, are a picture in which nothing changed:
// it is drawn anew, and at last anomaly.ErrNothingChanged.
func (g *SDAS) Generate(ctx context.Context, in anomaly.Input, d anomaly.Draws) (anomaly.Result, error) {
	if g == nil || g.pipeline == nil {
		return anomaly.Result{}, wrong("there is no SDAS: NewSDAS makes one")
	}
	c, err := begin(ctx, in, g.options.Foreground, d, Provenance{
		Generator: "SDAS", Preset: Mended, Options: g.options, Model: g.pipeline.Files(), Texts: g.pipeline.Texts(),
	})
	if err != nil {
		return anomaly.Result{}, err
	}
	if c.size != g.size {
		return anomaly.Result{}, wrong("the normal picture has %d×%d pixels, this SDAS was made for %d×%d", c.size.X, c.size.Y, g.size.X, g.size.Y)
	}
	m := sdasModel{SDAS: g, normal: in.Normal}
	r, err := c.try(ctx, g.options.Attempts, func() (made, error) { return g.once(ctx, c, &m) })
	if measured, ok := c.how.Measured[measuredStrength]; ok && errors.Is(err, anomaly.ErrNothingChanged) {
		return r, fmt.Errorf("%w: the last strength did %.2g of a level; try larger ones", err, measured)
	}
	return r, err
}

// once draws a picture. The model runs when there is a mask, since that takes long.
func (g *SDAS) once(ctx context.Context, c *call, m *sdasModel) (made, error) {
	strength := uniform(c, g.options.Strength)
	seed := uint64(c.draws.Whole(0, math.MaxInt32))
	mask, err := g.options.Masks.draw(ctx, c)
	if err != nil {
		return made{}, err
	}
	weight := uniform(c, g.options.Weight)
	unchanged := made{picture: c.Normal, mask: image.NewGray(mask.Rect)}
	if !slices.Contains(mask.Pix, 255) {
		return unchanged, nil
	}
	strong, control, err := m.pictures(ctx, strength, seed)
	if err != nil {
		return made{}, err
	}
	if control != nil {
		measured := rootMeanSquare(strong, control, mask)
		c.how.Measured = map[string]any{measuredStrength: measured}
		if measured < 1 {
			return unchanged, nil
		}
	}
	picture := c.copied()
	blend(picture, strong, mask, weight, false)
	return made{picture: picture, mask: mask}, nil
}

// rootMeanSquare is how far two pictures are apart inside a mask, in levels.
func rootMeanSquare(a, b *image.RGBA, mask *image.Gray) float64 {
	sum, n := 0, 0
	for i, m := range mask.Pix {
		if m == 0 {
			continue
		}
		for k := 4 * i; k < 4*i+3; k++ {
			d := int(a.Pix[k]) - int(b.Pix[k])
			sum += d * d
		}
		n += 3
	}
	return math.Sqrt(float64(sum) / float64(n))
}
