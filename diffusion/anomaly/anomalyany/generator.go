package anomalyany

import (
	"context"
	"errors"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
)

// Generator makes defective pictures for one prompt, of photographs of one size
// (Encode). It holds what all runs share: the prompts' embeddings and the compiled
// graphs. Its methods may be called by several goroutines; runs at the same time take
// turns in the pipeline's memory, one pass through a network after the other.
type Generator struct {
	*setup
	algorithm algorithm
	method    method

	plain, refined int64 // FLOPs of a step without and with refinement
}

// New encodes the prompts and compiles the graphs, for pictures of height×width
// pixels, multiples of Pipeline.Multiple. Of package diffusion's errors it is
// ErrArgument if an option is out of its range or the model has no attention maps of
// the size that is asked for, ErrWordAbsent or ErrWordCut if one of Words is not in
// Prompt, ErrNoCLIP if refinement is asked for without CLIP, and ErrMemory if
// Options.Memory is too little.
func New(ctx context.Context, p *diffusion.Pipeline, height, width int, o Options) (*Generator, error) {
	if err := o.validate(); err != nil {
		return nil, badArgument(err)
	}
	if p == nil {
		return nil, badArgument(errors.New("there is no pipeline: diffusion.Open opens one"))
	}
	if err := p.CheckSize(height, width); err != nil {
		return nil, err
	}
	g := &Generator{algorithm: algorithms[o.Preset]}
	if _, err := g.algorithm.scheduler(p.Scheduler, o.Steps); err != nil {
		return nil, err
	}
	var err error
	if g.setup, err = newSetup(p, height, width, o, g.algorithm.course(o)); err != nil {
		return nil, err
	}
	if g.method, err = g.algorithm.prepare(ctx, g.setup); err != nil {
		return nil, err
	}
	g.plain, g.refined = g.method.work()
	return g, nil
}

// Options returns the options that New was given, with the size of the maps and a
// missing Detail filled in.
func (g *Generator) Options() Options { return g.options }

// Steps returns the number of timesteps of a run, S.
func (g *Generator) Steps() int { return g.course.steps }

// RefineSteps returns in how many of the last steps CLIP sees the picture: R, in
// ReleasedPreset those after 0.7·N.
func (g *Generator) RefineSteps() int { return g.course.refined }

// Tokens returns the positions in the prompt of the tokens of the anomaly's words, J.
func (g *Generator) Tokens() []int { return g.tokens }

// Noises are the random numbers of a run, all standard normal.
type Noises struct {
	Initial []float32   // ε, as many numbers as the latent has
	Encoder []float32   // ReleasedPreset: for the sample of the encoder's distribution
	Fresh   [][]float32 // ReleasedPreset with a mask: for the photograph outside it, after each step
}

// Noises draws those of a photograph's run from torch's CPU generator of a seed, in
// this order: Initial, which is torch's randn(1, C, h, w), Encoder, and Fresh step by
// step.
func (g *Generator) Noises(p *Photograph, seed uint64) Noises {
	masked := p != nil && p.mask != nil
	return g.method.draw(masked, tensor.NewRand(seed).Randn)
}

// Work returns the floating-point operations of the matrix products of step i, from
// 0, from which the time that a run will take can be estimated.
func (g *Generator) Work(i int) float64 {
	if g.course.refines(i) {
		return float64(g.refined)
	}
	return float64(g.plain)
}
