package diffusion

import (
	"context"
	"fmt"
	"iter"
)

// Model predicts the noise in a latent, as a Denoiser does.
type Model interface {
	// Denoise predicts the noise in z, scaled as the scheduler wants it, at timestep t.
	Denoise(ctx context.Context, z Latent, t float64, g Guidance) (Latent, error)
}

// Sampler takes a latent from noise to a clean one, for every Scheduler in the same way: the loop that is around each
// step's prediction.
//
//	s := diffusion.Sampler{Model: denoiser, Scheduler: schedule, Guidance: guidance}
//	z := s.Start(noise)
//	for moment, err := range s.Steps(ctx, &z, 0) {
//		// here z may be moved: it is denoised when the body has ended
//	}
type Sampler struct {
	Model     Model // such as a *Denoiser
	Scheduler Scheduler
	Guidance  Guidance
	Outside   *Outside // what stays of a picture, nil for nothing
}

// Outside keeps a picture outside a mask: after each step the latent is there what the picture would be at this level
// of noise.
type Outside struct {
	// Mask has a number for each position of the latent, row by row: 1 where the latent stays as it is, 0 where the
	// picture takes its place, and a mixture between. It counts for every channel.
	Mask []float32
	// Level is the picture as it is after step i.
	Level func(i int) (Latent, error)
}

// Start returns the latent that a run from noise alone starts with: standard normal noise, scaled.
func (s *Sampler) Start(noise Latent) Latent {
	if s.Scheduler == nil {
		return Latent{} // which every run refuses
	}
	sigma := float32(s.Scheduler.InitNoiseSigma())
	v := make([]float32, len(noise.Floats()))
	for i, x := range noise.Floats() {
		v[i] = x * sigma
	}
	return noise.With(v)
}

// StartFrom returns the latent that step i starts with in a run from a picture, which is encoded: the picture with as
// much of the noise as there is before that step, none of it behind the last.
func (s *Sampler) StartFrom(picture, noise Latent, i int) (Latent, error) {
	if s.Scheduler == nil {
		return Latent{}, errNoScheduler
	}
	times := s.Scheduler.Timesteps()
	switch {
	case i < 0 || i > len(times):
		return Latent{}, badArgument("a run of %d steps from step %d on, want 0 to %d", len(times), i, len(times))
	case i == len(times):
		return picture, nil
	}
	return s.Scheduler.AddNoise(picture, noise, times[i])
}

// Keep makes a picture, which is encoded, stay outside a mask of a number for each position of the latent; noise is
// that of the run.
func (s *Sampler) Keep(picture, noise Latent, mask []float32) {
	s.Outside = &Outside{Mask: mask, Level: func(i int) (Latent, error) { return s.StartFrom(picture, noise, i+1) }}
}

// Moment is a step of a run.
type Moment struct {
	I int     // its number, an index of the scheduler's timesteps
	T float64 // its timestep

	sampler        *Sampler
	z              *Latent // of the run
	latent, output Latent  // before the step, and the model's output
}

// Input returns what the model is given for the latent of the run as it is now: the latent, scaled as the scheduler
// wants it. A loss is computed of that (Denoiser.Grad).
func (m *Moment) Input() (Latent, error) {
	if m.z == nil {
		return Latent{}, badArgument("this is no step of a run")
	}
	return m.sampler.Scheduler.ScaleModelInput(*m.z, m.I)
}

// Clean returns what the step believed the picture to be, x̂₀, for previews. It is known when the step has been taken:
// from the next round of the loop on.
func (m *Moment) Clean() (Latent, error) {
	if m.output.Dense == nil {
		return Latent{}, badArgument("step %d has not been taken", m.I)
	}
	return m.sampler.Scheduler.Clean(m.output, m.latent, m.I)
}

// Steps takes the steps of a run one after another, from number first on, and leaves its result in *z. It yields
// before each step: the body of the loop may then move *z, in place or by another latent, before it is denoised.
// The loop may be left at any time. An error is yielded with the Moment of the step that failed, and ends it.
//
// A run begins with a Reset of the scheduler; one that goes on at a step in the middle has the same result as an
// uninterrupted one where the scheduler keeps no state.
func (s *Sampler) Steps(ctx context.Context, z *Latent, first int) iter.Seq2[*Moment, error] {
	return func(yield func(*Moment, error) bool) {
		times, err := s.begin(z, first)
		if err != nil {
			yield(&Moment{I: first, sampler: s}, err)
			return
		}
		for i := first; i < len(times); i++ {
			m := &Moment{I: i, T: times[i], sampler: s, z: z}
			if !yield(m, nil) {
				return
			}
			if err := m.take(ctx); err != nil {
				yield(m, fmt.Errorf("timestep %g: %w", m.T, err))
				return
			}
		}
	}
}

// Run takes all steps from number first on.
func (s *Sampler) Run(ctx context.Context, z Latent, first int) (Latent, error) {
	for _, err := range s.Steps(ctx, &z, first) {
		if err != nil {
			return Latent{}, err
		}
	}
	return z, nil
}

var errNoScheduler = badArgument("the sampler has no scheduler: NewScheduler makes one")

// begin checks what a run is given and returns the timesteps.
func (s *Sampler) begin(z *Latent, first int) ([]float64, error) {
	switch {
	case s.Model == nil:
		return nil, badArgument("the sampler has no model: a Denoiser is one")
	case s.Scheduler == nil:
		return nil, errNoScheduler
	case z == nil:
		return nil, badArgument("the sampler has no latent to begin with: Start makes one")
	}
	times := s.Scheduler.Timesteps()
	if first < 0 || first > len(times) {
		return nil, badArgument("a run of %d steps from step %d on, want 0 to %d", len(times), first, len(times))
	}
	s.Scheduler.Reset()
	return times, nil
}

// take denoises the latent by one step.
func (m *Moment) take(ctx context.Context) error {
	s := m.sampler
	in, err := m.Input()
	if err != nil {
		return err
	}
	output, err := s.Model.Denoise(ctx, in, m.T, s.Guidance)
	if err != nil {
		return err
	}
	next, err := s.Scheduler.Step(output, *m.z, m.I)
	if err != nil {
		return err
	}
	if s.Outside != nil {
		if err := s.Outside.put(next, m.I); err != nil {
			return err
		}
	}
	m.latent, m.output, *m.z = *m.z, output, next
	return nil
}

// put brings the picture into z, which is the latent after step i.
func (o *Outside) put(z Latent, i int) error {
	level, err := o.Level(i)
	if err != nil {
		return err
	}
	if err := checkSame(z, level); err != nil {
		return err
	}
	shape := z.Shape()
	if n := shape[len(shape)-1] * shape[len(shape)-2]; len(o.Mask) != n {
		return badArgument("a mask of %d numbers for a latent of shape %v, want %d", len(o.Mask), shape, n)
	}
	v := z.Floats()
	for i, p := range level.Floats() {
		if m := o.Mask[i%len(o.Mask)]; m != 1 {
			v[i] = m*v[i] + (1-m)*p
		}
	}
	return nil
}
