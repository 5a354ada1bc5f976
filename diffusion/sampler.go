package diffusion

import (
	"context"
	"fmt"
	"iter"
)

// Model predicts the noise in a latent, as a Denoiser does.
type Model interface {
	// Denoise predicts the noise in z, as Scheduler.ScaleModelInput gives it, at timestep t. The result has z's shape.
	Denoise(ctx context.Context, z Latent, t float64, g Guidance) (Latent, error)
}

// Sampler is the loop from a noisy latent to a clean one, which is the same for every Scheduler: scale the latent for
// the model, predict the noise with guidance, take the scheduler's step.
//
//	s := diffusion.Sampler{Model: denoiser, Scheduler: schedule, Guidance: guidance}
//	z := s.Start(noise)
//	for moment, err := range s.Steps(ctx, &z, 0) {
//		// z may be moved: when the body ends, it is denoised by one step
//	}
type Sampler struct {
	Model     Model // such as a *Denoiser
	Scheduler Scheduler
	Guidance  Guidance
	Outside   *Outside // the picture that stays outside a mask (default: none); Keep sets it
}

// Outside keeps a picture outside a mask: after each step it takes the latent's place there, with as much noise as the
// latent has then.
type Outside struct {
	// Mask has a number for each position of the latent, row by row, which counts for every channel: 1 where the
	// latent stays as it is, 0 where the picture takes its place, and a mixture between.
	Mask []float32
	// Level returns the picture's latent with the noise that is left after step i.
	Level func(i int) (Latent, error)
}

// Start returns the latent that a run from noise alone starts with: noise, which is standard normal, times the
// scheduler's InitNoiseSigma. Without a Scheduler it is the zero Latent.
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

// StartFrom returns the latent that a run from a picture starts with at step i, from 0 to the number of steps: the
// picture's latent with as much of the standard normal noise as there is before that step. After the last step there
// is none.
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

// Keep sets Outside: the picture's latent stays outside mask, which is as in Outside. noise is the standard normal noise
// that the run started with.
func (s *Sampler) Keep(picture, noise Latent, mask []float32) {
	s.Outside = &Outside{Mask: mask, Level: func(i int) (Latent, error) { return s.StartFrom(picture, noise, i+1) }}
}

// Moment is a step of a run that is about to be taken.
type Moment struct {
	I int     // the step's number, an index of the scheduler's Timesteps
	T float64 // its timestep

	sampler        *Sampler
	z              *Latent // of the run
	latent, output Latent  // before the step, and the model's output
}

// Input returns what the model is given for the run's latent as it is now: the latent after Scheduler.ScaleModelInput.
// Denoiser.Grad takes it, too.
func (m *Moment) Input() (Latent, error) {
	if m.z == nil {
		return Latent{}, badArgument("this is no step of a run")
	}
	return m.sampler.Scheduler.ScaleModelInput(*m.z, m.I)
}

// Clean returns the clean latent x̂₀ that the step's prediction means, for previews. It is known when the step has been
// taken, which is from the loop's next round on; before that it is ErrArgument.
func (m *Moment) Clean() (Latent, error) {
	if m.output.Dense == nil {
		return Latent{}, badArgument("step %d has not been taken", m.I)
	}
	return m.sampler.Scheduler.Clean(m.output, m.latent, m.I)
}

// Steps takes the steps of a run one after another, from number first on, 0 to the number of steps, and leaves the
// result in *z. It yields before each step: the body of the loop may change *z, in place or to another latent, before
// the step denoises it. The loop may be left at any time. An error is yielded with the Moment of the step that failed,
// and ends the loop.
//
// A run begins with a Reset of the scheduler. One that goes on at a later step has the result of an uninterrupted run
// if the scheduler keeps no state.
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

// Run takes all steps from number first on, as Steps does, and returns the result.
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
