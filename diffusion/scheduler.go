package diffusion

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Scheduler takes a noisy latent to a clean one along a list of timesteps, given the model's output at each. Step i
// belongs to entry i of the list, and a run may start at any i. A Sampler makes the calls in their order. The
// schedulers of NewScheduler have diffusers' results:
//
//   - DDIM, Euler, LCM and TCD keep no state.
//   - PNDM, DPM++ 2M and UniPC remember earlier outputs: a run takes consecutive steps, a new run begins with Reset, and
//     one Scheduler serves one run at a time.
//   - Euler ancestral, DPM++ 2M SDE, LCM, and DDIM and TCD of an η above 0 draw noise, from where WithNoise says: to
//     repeat a run takes a Scheduler of its own. DPM++ 2M SDE remembers outputs, too.
//
// Latents may have any batch, and none that is given is changed. An index outside the list, latents of different
// shapes and a timestep outside the training schedule are ErrArgument.
type Scheduler interface {
	// Timesteps returns the model's timestep at each step, from noise to picture, as training counted them, from 0
	// up to SchedulerConfig.NumTrainTimesteps-1. Those of Euler may be fractional; PNDM repeats one, and Karras
	// sigmas may repeat some.
	Timesteps() []float64
	// InitNoiseSigma returns the standard deviation of the noise that a run from noise alone starts with.
	InitNoiseSigma() float64
	// ScaleModelInput returns what the model is given for the latent z at step i. It may be z itself.
	ScaleModelInput(z Latent, i int) (Latent, error)
	// Step returns the latent after step i, of the latent z before it and the model's output for
	// ScaleModelInput(z, i).
	Step(output, z Latent, i int) (Latent, error)
	// AddNoise returns the clean latent z with as much of the standard normal noise as there is at timestep t: an
	// entry of Timesteps, or any other of the training schedule.
	AddNoise(z, noise Latent, t float64) (Latent, error)
	// Clean returns the clean latent x̂₀ that the model's output for ScaleModelInput(z, i) means.
	Clean(output, z Latent, i int) (Latent, error)
	// Reset forgets the outputs of earlier steps.
	Reset()
}

// solver is the method of a scheduler on the numbers of latents, each of which is computed by itself. overLatents makes
// a Scheduler of it.
type solver interface {
	Timesteps() []float64
	InitNoiseSigma() float64
	scale(x []float32, i int) ([]float32, error)
	step(output, x []float32, i int) ([]float32, error)
	addNoise(x, noise []float32, t float64) ([]float32, error)
	clean(output, x []float32, i int) ([]float32, error)
	Reset()
}

// schedulerKind is a scheduler: the short name, the class in a model's scheduler_config.json, the spacing of the
// timesteps where that file names none, and for one of several of a class the algorithm_type.
type schedulerKind struct {
	name, class, spacing string
	algorithm            string
	build                func(schedule, schedulerOptions) (solver, error)
}

var schedulerKinds = []schedulerKind{
	{"ddim", "DDIMScheduler", "leading", "", newDDIM},
	{"pndm", "PNDMScheduler", "leading", "", newPNDM},
	{"euler", "EulerDiscreteScheduler", "linspace", "", newEuler},
	{"euler-a", "EulerAncestralDiscreteScheduler", "linspace", "", newEulerAncestral},
	{"dpmpp2m-sde", "DPMSolverMultistepScheduler", "linspace", "sde-dpmsolver++", newDPMPP2MSDE},
	{"dpmpp2m", "DPMSolverMultistepScheduler", "linspace", "", newDPMPP2M},
	{"unipc", "UniPCMultistepScheduler", "linspace", "", newUniPC},
	{"lcm", "LCMScheduler", "leading", "", newLCM},
	{"tcd", "TCDScheduler", "leading", "", newTCD},
}

// SchedulerNames returns the names that NewScheduler knows: ddim, pndm, euler, euler-a, dpmpp2m-sde, dpmpp2m,
// unipc, lcm and tcd.
func SchedulerNames() []string {
	var names []string
	for _, k := range schedulerKinds {
		names = append(names, k.name)
	}
	return names
}

// schedulerClasses are what diffusers calls them.
func schedulerClasses() []string {
	var classes []string
	for _, k := range schedulerKinds {
		classes = append(classes, k.class)
	}
	return slices.Compact(classes)
}

// NewScheduler returns a scheduler that takes a number of steps, from 1 to config.NumTrainTimesteps, through a model's
// training schedule, such as Pipeline.Scheduler. kind is one of SchedulerNames, the name of a class of diffusers, or ""
// for the class that config names. Those that draw noise need WithNoise, which says which they are. lcm and tcd take
// config.OriginalInferenceSteps at the most.
//
// The error is ErrUnsupportedScheduler for another kind and for options that are not supported, else ErrArgument.
func NewScheduler(kind string, config SchedulerConfig, steps int, opts ...SchedulerOption) (Scheduler, error) {
	var o schedulerOptions
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	asked := kind
	if kind == "" {
		kind = config.Class
	}
	for _, k := range schedulerKinds {
		if kind == k.name || kind == k.class && (k.algorithm == "" || k.algorithm == config.Algorithm) {
			s, err := k.new(config, steps, o)
			switch {
			case errors.Is(err, ErrUnsupportedScheduler):
				return nil, fmt.Errorf("diffusion: scheduler %s: %w", k.name, err)
			case err != nil:
				return nil, badArgument("diffusion: scheduler %s: %w", k.name, err)
			}
			return s, nil
		}
	}
	if asked == "" {
		return nil, fmt.Errorf("diffusion: scheduler_config.json: _class_name is %.60q, the known ones are %s: ask for one by name%.0w",
			kind, strings.Join(schedulerClasses(), ", "), ErrUnsupportedScheduler)
	}
	return nil, fmt.Errorf("diffusion: unknown scheduler %.60q: the known ones are %s%.0w", kind, strings.Join(SchedulerNames(), ", "), ErrUnsupportedScheduler)
}

// new returns a scheduler of this kind, which has been through a run.
func (k schedulerKind) new(config SchedulerConfig, steps int, o schedulerOptions) (Scheduler, error) {
	if k.name == "pndm" {
		config.RescaleBetas = false // diffusers' class has no such option
	}
	s, err := newSchedule(config, k.spacing, steps)
	if err != nil {
		return nil, err
	}
	if err := config.unsupported(k.name); err != nil {
		return nil, err
	}
	if err := o.check(k.name); err != nil {
		return nil, err
	}
	method, err := k.build(s, o)
	if err != nil {
		return nil, err
	}
	o.randn = func(n int) []float32 { return make([]float32, n) }
	still, err := k.build(s, o)
	if err == nil {
		err = rehearse(still)
	}
	return overLatents{method}, err
}

// rehearse takes a latent of one number through a whole run. Where timesteps are so close that their noise levels are
// one, a method may divide by the difference; that is an error before the model has run for the first time.
func rehearse(s solver) error {
	times, x, output := s.Timesteps(), []float32{float32(s.InitNoiseSigma())}, []float32{1}
	for i, t := range times {
		next, err := s.step(output, x, i)
		if err != nil {
			return err
		}
		if v := float64(next[0]); math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("step %d of %d, at timestep %g, gives %g: the timesteps are too close for this method; ask for fewer steps or another scheduler",
				i, len(times), t, v)
		}
		x, output = next, []float32{-output[0]}
	}
	return nil
}

// schedule is what every scheduler has: the training schedule and the timesteps of a run.
type schedule struct {
	config    SchedulerConfig // with the defaults filled in
	alphas    []float64       // ᾱ: cumulative product of 1-β, by training timestep
	steps     int
	timesteps []float64
}

func (s *schedule) Timesteps() []float64 { return slices.Clone(s.timesteps) }

func (s *schedule) InitNoiseSigma() float64 { return 1 }

func (s *schedule) scale(x []float32, i int) ([]float32, error) {
	return x, s.checkIndex(i)
}

// clean is x̂₀ of a latent that is √ᾱ·picture + √(1-ᾱ)·noise.
func (s *schedule) clean(output, x []float32, i int) ([]float32, error) {
	if err := s.checkStep(output, x, i); err != nil {
		return nil, err
	}
	alpha, sigma := alphaSigma(s.alphas[int(s.timesteps[i])])
	return s.pictures(output, x, 1, alpha, sigma), nil
}

// pictures is what the model's output says of the picture in a latent x that it was given times scale, as
// alpha·picture + sigma·noise.
func (s *schedule) pictures(output, x []float32, scale, alpha, sigma float64) []float32 {
	out := make([]float32, len(x))
	for j := range out {
		picture, _ := s.predict(float64(output[j]), float64(x[j])*scale, alpha, sigma)
		out[j] = float32(picture)
	}
	return out
}

// addNoise is the forward process, √ᾱ·x + √(1-ᾱ)·noise (Ho et al. 2020, equation 4).
func (s *schedule) addNoise(x, noise []float32, t float64) ([]float32, error) {
	if t != float64(int(t)) {
		return nil, fmt.Errorf("diffusion: timestep %g: this scheduler has whole ones only", t)
	}
	if err := s.checkTimestep(t); err != nil {
		return nil, err
	}
	alpha, sigma := alphaSigma(s.alphas[int(t)])
	return combine(alpha, x, sigma, noise)
}

func (s *schedule) checkIndex(i int) error {
	if i < 0 || i >= len(s.timesteps) {
		return fmt.Errorf("diffusion: step %d is not one of the %d steps 0 to %d", i, len(s.timesteps), len(s.timesteps)-1)
	}
	return nil
}

func (s *schedule) checkTimestep(t float64) error {
	if last := len(s.alphas) - 1; !(t >= 0 && t <= float64(last)) {
		return fmt.Errorf("diffusion: timestep %g is outside the training schedule, 0 to %d", t, last)
	}
	return nil
}

func (s *schedule) checkStep(output, x []float32, i int) error {
	if len(output) != len(x) {
		return fmt.Errorf("diffusion: step %d: the model's output has %d elements, the latent %d", i, len(output), len(x))
	}
	return s.checkIndex(i)
}

// run is how far a run of a scheduler with memory is.
type run struct {
	taken int // steps since Reset
	next  int // index of the step that may follow
	size  int // elements of the latent
}

func (r *run) checkNext(i, size int) error {
	switch {
	case r.taken == 0:
		return nil
	case i != r.next:
		return fmt.Errorf("diffusion: step %d after step %d: this scheduler takes consecutive steps, Reset comes between two runs", i, r.next-1)
	case size != r.size:
		return fmt.Errorf("diffusion: the latent had %d elements in the step before and has %d now: Reset comes between two runs", r.size, size)
	}
	return nil
}

func (r *run) stepTaken(i, size int) { *r = run{taken: r.taken + 1, next: i + 1, size: size} }

// combine returns a·x + b·y.
func combine(a float64, x []float32, b float64, y []float32) ([]float32, error) {
	if len(x) != len(y) {
		return nil, fmt.Errorf("diffusion: the latent has %d elements, the noise %d", len(x), len(y))
	}
	out := make([]float32, len(x))
	for i := range out {
		out[i] = float32(a*float64(x[i]) + b*float64(y[i]))
	}
	return out, nil
}
