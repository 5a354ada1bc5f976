package anomalyany

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// Generator is everything that runs of one picture and prompt share: the
// encoded picture and prompts, and the compiled graphs. It makes one picture at
// a time: runs of several goroutines wait for their turn, or until their context
// ends. An Observer must not start a run of its own Generator, which would wait for
// itself.
type Generator struct {
	pipeline  *diffusion.Pipeline
	options   Options
	scheduler diffusion.Scheduler
	h, w      int // of the latent

	normal     diffusion.Latent // the photograph
	prompt     *gt.Dense        // e at the start
	detail     *gt.Dense        // e'
	negative   *gt.Dense        // ∅
	tokens     []int            // J
	maskLatent []float32        // m_z, nil without a mask
	maskMap    []float32        // m_a, nil without a mask

	released *released // what only ReleasedPreset has, else nil

	attend     *attention  // gradient with respect to the latent
	attendText *attention  // and to the embedding, for the refinement
	refinement *refinement // nil where R = 0

	plain, refined int64 // FLOPs of a step without and with refinement

	turn chan struct{} // holds an element while a run is under way

	mu      sync.Mutex // guards current
	current *state     // the run whose Observer is being told of a step, for State
}

// New encodes a picture [1, 3, H, W] in [-1, 1] and the prompts, and compiles
// the graphs. H and W must be multiples of Pipeline.Multiple. It is an error if
// one of Words is not in Prompt, if the mask has another size or nothing of it is left
// at the size of the attention maps, or if refinement is asked for without CLIP.
func New(ctx context.Context, p *diffusion.Pipeline, picture *gt.Dense, o Options) (*Generator, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, errors.New("there is no pipeline: diffusion.Open opens one")
	}
	if err := p.CheckPicture(picture); err != nil {
		return nil, err
	}
	s := picture.Shape()
	g := &Generator{pipeline: p, options: o, h: s[2] / p.Factor(), w: s[3] / p.Factor(), turn: make(chan struct{}, 1)}
	var err error
	if o.Preset == ReleasedPreset {
		g.released = &released{g: g}
		g.scheduler, err = newPNDM(p.Scheduler, o.Steps)
	} else {
		g.scheduler, err = newDDIM(p.Scheduler, o.Steps)
	}
	if err != nil {
		return nil, err
	}
	if err := g.findTokens(); err != nil {
		return nil, err
	}
	if err := g.chooseMaps(); err != nil {
		return nil, err
	}
	if err := g.setMask(s[2], s[3]); err != nil {
		return nil, err
	}
	if g.options.refineSteps() > 0 && p.CLIP == nil {
		return nil, diffusion.ErrNoCLIP
	}
	if err := g.encode(ctx, picture); err != nil {
		return nil, err
	}
	return g, g.compile(ctx)
}

// findTokens finds all tokens of the words, J, in the prompt's order.
func (g *Generator) findTokens() error {
	for _, word := range g.options.Words {
		found, err := g.pipeline.Tokenizer.FindWord(g.options.Prompt, word)
		if err != nil {
			return err
		}
		g.tokens = append(g.tokens, found...)
	}
	slices.Sort(g.tokens)
	g.tokens = slices.Compact(g.tokens)
	return nil
}

// newDDIM is the paper's scheduler for a model that was trained as c says,
// whatever else c says: DDIM as it is set up for Stable Diffusion 1.5.
func newDDIM(c diffusion.SchedulerConfig, steps int) (diffusion.Scheduler, error) {
	no := false
	c.TimestepSpacing, c.StepsOffset = "leading", 1
	c.SetAlphaToOne, c.ClipSample, c.Thresholding = &no, &no, false
	return diffusion.NewScheduler("ddim", c, steps)
}

// chooseMaps settles the size of the attention maps and checks that the model
// has sites of it.
func (g *Generator) chooseMaps() error {
	o := &g.options
	if o.MapFactor == 0 {
		o.MapFactor = 4
	}
	if o.MapHeight == 0 {
		o.MapHeight = g.h / o.MapFactor
	}
	if o.MapWidth == 0 {
		o.MapWidth = g.w / o.MapFactor
	}
	var sizes []string
	seen := map[[2]int]bool{}
	for _, site := range g.pipeline.UNet.CrossSites(g.h, g.w) {
		size := [2]int{site.H, site.W}
		if size == [2]int{o.MapHeight, o.MapWidth} {
			return nil
		}
		if !seen[size] {
			seen[size] = true
			sizes = append(sizes, fmt.Sprintf("%d×%d", site.H, site.W))
		}
	}
	return fmt.Errorf("the model has no cross-attention maps of %d×%d for this picture; it has %v", o.MapHeight, o.MapWidth, sizes)
}

// setMask brings the mask to the sizes of the latent and of the maps.
func (g *Generator) setMask(height, width int) error {
	o := g.options
	if o.Mask == nil {
		return nil
	}
	if len(o.Mask) != height*width {
		return fmt.Errorf("the mask has %d pixels, the picture %d×%d = %d", len(o.Mask), height, width, height*width)
	}
	if g.released != nil {
		return g.released.setMask(height, width)
	}
	var err error
	if g.maskLatent, err = images.ShrinkMask(o.Mask, height, width, g.h, g.w); err != nil {
		return err
	}
	if g.maskMap, err = images.ShrinkMask(o.Mask, height, width, o.MapHeight, o.MapWidth); err != nil {
		return err
	}
	if largest(g.maskMap) == 0 {
		return fmt.Errorf("nothing of the mask is left at the size of the attention maps, %d×%d: white must cover at least half of one of their cells, which are %d×%d pixels",
			o.MapHeight, o.MapWidth, height/o.MapHeight, width/o.MapWidth)
	}
	return nil
}

func (g *Generator) encode(ctx context.Context, picture *gt.Dense) (err error) {
	p := g.pipeline
	if g.normal, err = p.EncodeImage(ctx, picture); err != nil {
		return err
	}
	if g.released != nil {
		if err := g.released.encode(ctx, picture); err != nil {
			return err
		}
	}
	for _, e := range []struct {
		text string
		to   **gt.Dense
	}{{g.options.Prompt, &g.prompt}, {g.options.Detail, &g.detail}, {g.options.Negative, &g.negative}} {
		prompt, err := p.Encode(ctx, e.text)
		if err != nil {
			return err
		}
		*e.to = prompt.Hidden
	}
	return nil
}

func (g *Generator) compile(ctx context.Context) (err error) {
	if g.released != nil {
		return g.released.compile(ctx)
	}
	if g.attend, err = g.compileAttention(diffusion.LatentInput); err != nil {
		return err
	}
	denoise, err := g.attend.step.DenoiseFLOPs(2)
	if err != nil {
		return err
	}
	g.plain = g.attend.step.GradFLOPs() + denoise
	if g.options.refineSteps() == 0 {
		return nil
	}
	if g.attendText, err = g.compileAttention(diffusion.LatentInput, diffusion.TextInput); err != nil {
		return err
	}
	if g.refinement, err = g.compileRefinement(ctx, g.paperComparison()); err != nil {
		return err
	}
	g.refined = g.attendText.step.GradFLOPs() + g.refinement.flops() + denoise
	return nil
}

// Options are the options of the runs, with what was left to rules filled in.
func (g *Generator) Options() Options { return g.options }

// Steps is how many timesteps a run takes, S.
func (g *Generator) Steps() int { return g.options.run() }

// Tokens are the positions in the prompt of the tokens of the anomaly's word, J.
func (g *Generator) Tokens() []int { return g.tokens }

// Noise is the initial noise ε of a seed: torch's randn(1, C, h, w) on a CPU.
func (g *Generator) Noise(seed uint64) []float32 { return g.Noises(seed).Initial }

// Noises are what a run draws.
type Noises struct {
	Initial []float32   // ε, as many numbers as the latent has
	Encoder []float32   // ReleasedPreset: for the sample of the encoder's distribution
	Fresh   [][]float32 // ReleasedPreset with a mask: for the photograph outside it, after each step
}

// Noises draws from torch's CPU generator of a seed, in this order: Initial,
// Encoder, and Fresh step by step.
func (g *Generator) Noises(seed uint64) Noises {
	r, size := tensor.NewRand(seed), len(g.normal.Floats())
	n := Noises{Initial: r.Randn(size)}
	if g.released == nil {
		return n
	}
	n.Encoder = r.Randn(size)
	if g.maskLatent != nil {
		for range g.Steps() {
			n.Fresh = append(n.Fresh, r.Randn(size))
		}
	}
	return n
}

// RefineSteps is how many of the last steps CLIP sees the picture of: R, or in
// ReleasedPreset those after 0.7·N.
func (g *Generator) RefineSteps() int { return g.options.refineSteps() }

// Work is the floating-point operations of step i of a run, of its matrix
// products only: what the time that is left can be reckoned from.
func (g *Generator) Work(i int) float64 {
	if g.Steps()-i <= g.RefineSteps() {
		return float64(g.refined)
	}
	return float64(g.plain)
}
