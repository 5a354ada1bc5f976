package anomalyany

import (
	"context"
	"errors"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Generator is everything that runs of one picture and prompt share: the
// encoded picture and prompts, and the compiled graphs. Its methods may be called
// by several goroutines; runs at the same time take turns in the pipeline's memory,
// one pass through a network after the other.
type Generator struct {
	*setup
	algorithm algorithm
	method    method
	photo     *photo

	plain, refined int64 // FLOPs of a step without and with refinement
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
	g := &Generator{algorithm: algorithms[o.Preset], photo: &photo{}}
	if _, err := g.algorithm.scheduler(p.Scheduler, o.Steps); err != nil {
		return nil, err
	}
	var err error
	if g.setup, err = newSetup(p, picture.Shape()[2], picture.Shape()[3], o, g.algorithm.course(o)); err != nil {
		return nil, err
	}
	if err := g.photo.place(o.Mask, g.setup, g.algorithm.shrink); err != nil {
		return nil, err
	}
	if err := g.photo.encode(ctx, p, picture); err != nil {
		return nil, err
	}
	if g.method, err = g.algorithm.prepare(ctx, g.setup); err != nil {
		return nil, err
	}
	g.plain, g.refined = g.method.work()
	return g, nil
}

// Options are the options of the runs, with what was left to rules filled in.
func (g *Generator) Options() Options { return g.options }

// Steps is how many timesteps a run takes, S.
func (g *Generator) Steps() int { return g.course.steps }

// RefineSteps is how many of the last steps CLIP sees the picture of: R, or in
// ReleasedPreset those after 0.7·N.
func (g *Generator) RefineSteps() int { return g.course.refined }

// Tokens are the positions in the prompt of the tokens of the anomaly's word, J.
func (g *Generator) Tokens() []int { return g.tokens }

// Noises are what a run draws.
type Noises struct {
	Initial []float32   // ε, as many numbers as the latent has
	Encoder []float32   // ReleasedPreset: for the sample of the encoder's distribution
	Fresh   [][]float32 // ReleasedPreset with a mask: for the photograph outside it, after each step
}

// Noises draws from torch's CPU generator of a seed, in this order: Initial, which
// is torch's randn(1, C, h, w), Encoder, and Fresh step by step.
func (g *Generator) Noises(seed uint64) Noises {
	return g.method.draw(g.photo, tensor.NewRand(seed).Randn)
}

// Work is the floating-point operations of step i of a run, of its matrix
// products only: what the time that is left can be reckoned from.
func (g *Generator) Work(i int) float64 {
	if g.course.refines(i) {
		return float64(g.refined)
	}
	return float64(g.plain)
}
