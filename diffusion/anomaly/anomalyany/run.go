package anomalyany

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Observer is called after each step. An error ends the run.
type Observer func(s Step) error

// Step is a step that has been taken. An Observer may keep it: it stays as it is when
// the run goes on.
type Step struct {
	StepTrace
	Latent diffusion.Latent // after the step; not to be changed

	run    *run // as it was after the step
	moment *diffusion.Moment
}

// Clean returns the clean latent x̂₀ that the step's prediction means, for previews (diffusion.Pipeline.DecodePreview). A
// Step that comes from no run is diffusion.ErrArgument. It is to be asked before the Observer returns.
func (s Step) Clean() (diffusion.Latent, error) {
	if s.moment == nil {
		return diffusion.Latent{}, fmt.Errorf("anomalyany: this step is of no run%.0w", diffusion.ErrArgument)
	}
	return s.moment.Clean()
}

// run is the variables of a run. What they refer to is replaced, never changed, so
// that a copy of them is the run as it was.
type run struct {
	g          *Generator
	photograph *Photograph
	sampler    diffusion.Sampler
	first      int              // index in the scheduler's list of the run's first timestep
	noise      diffusion.Latent // ε
	z          diffusion.Latent
	e          *gt.Dense
	soft       softMap
	trace      []StepTrace // of the steps that have been taken
}

// Run makes a defective picture of a photograph: of a seed always the same. observe
// may be nil. The run ends when ctx does.
func (g *Generator) Run(ctx context.Context, p *Photograph, seed uint64, observe Observer) (*Result, error) {
	return g.RunNoises(ctx, p, g.Noises(p, seed), observe)
}

// RunNoises is Run with noises that the caller has drawn.
func (g *Generator) RunNoises(ctx context.Context, p *Photograph, n Noises, observe Observer) (*Result, error) {
	r, err := g.begin(p, n)
	if err != nil {
		return nil, err
	}
	return r.complete(ctx, observe)
}

// begin returns a run before its first step.
func (g *Generator) begin(p *Photograph, n Noises) (*run, error) {
	if err := g.check(p); err != nil {
		return nil, err
	}
	if err := g.checkNoise("noise", n.Initial); err != nil {
		return nil, err
	}
	schedule, err := g.algorithm.scheduler(g.pipeline.Scheduler, g.options.Steps)
	if err != nil {
		return nil, err
	}
	r := &run{
		g: g, photograph: p, noise: p.latent.With(slices.Clone(n.Initial)), e: g.method.embedding(),
		sampler: diffusion.Sampler{Model: g.denoiser, Scheduler: schedule, Guidance: diffusion.Guidance{Scale: g.options.Guidance}},
		first:   len(schedule.Timesteps()) - g.course.steps,
		soft:    newSoftMap(g.options.MapHeight, g.options.MapWidth),
	}
	return r, g.method.begin(r, n)
}

// complete takes the steps that are left and makes the result.
func (r *run) complete(ctx context.Context, observe Observer) (*Result, error) {
	begun := len(r.trace)
	var taking *diffusion.Moment // the step that was begun last
	report := func() error {     // the step that has been taken, if one has
		if observe == nil || len(r.trace) == begun {
			return nil
		}
		return observe(r.last(taking))
	}
	for m, err := range r.sampler.Steps(ctx, &r.z, r.first+begun) {
		if err == nil {
			if err := report(); err != nil {
				return nil, err
			}
			taking = m
			err = r.step(ctx, m.I-r.first, m.T)
		}
		if err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", m.I-r.first+1, r.g.course.steps, err)
		}
	}
	if err := report(); err != nil {
		return nil, err
	}
	return r.finish(ctx)
}

// step does what comes in step i, at timestep t, before the sampler denoises the
// latent.
func (r *run) step(ctx context.Context, i int, t float64) error {
	trace, err := r.g.method.step(ctx, r, i, t)
	if err != nil {
		return err
	}
	r.trace = append(r.trace, trace)
	return nil
}

// last returns the step that has been taken last.
func (r *run) last(m *diffusion.Moment) Step {
	now := *r
	return Step{StepTrace: r.trace[len(r.trace)-1], Latent: r.z, run: &now, moment: m}
}

// finite is an error if a loss or its gradient is NaN or infinite.
func finite(loss string, v float32, gradient *gt.Dense) error {
	if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
		return fmt.Errorf("%s is %v", loss, v)
	}
	if err := nn.Finite(gradient); err != nil {
		return fmt.Errorf("the gradient of %s is not finite: %w", loss, err)
	}
	return nil
}

func length(d *gt.Dense) float64 {
	sum := 0.0
	for _, v := range tensor.Float32s(d) {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}
