package diffusion

import (
	"fmt"
	"math"
)

// lcm is the sampler of latent consistency models (Luo et al. 2023, algorithm 3): the model's picture, and fresh noise
// of the next timestep's level on it.
type lcm struct{ distilled }

func newLCM(s schedule, o schedulerOptions) (solver, error) {
	if o.randn == nil {
		return nil, errNoNoise
	}
	if c := s.config.TimestepScaling; !(c > 0 && c <= 1e6) {
		return nil, fmt.Errorf("timestep_scaling is %g, it must be more than 0 and at most 1e6", c)
	}
	d, err := newDistilled(s, o)
	return &lcm{d}, err
}

func (l *lcm) step(output, x []float32, i int) ([]float32, error) {
	picture, err := l.clean(output, x, i)
	if err != nil || i == len(l.timesteps)-1 {
		return picture, err
	}
	fresh, err := l.options.draw(len(x), i)
	if err != nil {
		return nil, err
	}
	alpha, sigma := alphaSigma(l.alphas[int(l.timesteps[i+1])])
	return combine(alpha, picture, sigma, fresh)
}

// clean is the consistency function: the predicted picture, and the latent itself at timestep 0 (Luo et al. 2023,
// equation 9, with σ_data = 1/2).
func (l *lcm) clean(output, x []float32, i int) ([]float32, error) {
	if err := l.checkStep(output, x, i); err != nil {
		return nil, err
	}
	const variance = 0.5 * 0.5 // of the data
	t := l.timesteps[i]
	alpha, sigma := alphaSigma(l.alphas[int(t)])
	q := t * l.config.TimestepScaling
	skip, through := variance/(q*q+variance), q/math.Sqrt(q*q+variance)
	clip, limit := orDefault(l.config.ClipSample, false), l.config.ClipSampleRange
	out := make([]float32, len(x))
	for j := range out {
		picture, _ := l.predict(float64(output[j]), float64(x[j]), alpha, sigma)
		if clip {
			picture = max(-limit, min(limit, picture))
		}
		out[j] = float32(skip*float64(x[j]) + through*picture)
	}
	return out, nil
}

// distilled is what the samplers of models share that were distilled on a list of timesteps: a run takes some of it.
type distilled struct {
	schedule
	options schedulerOptions
}

func newDistilled(s schedule, o schedulerOptions) (distilled, error) {
	var err error
	if s.timesteps, err = o.timestepsGiven(s.steps, len(s.alphas)); err == nil && s.timesteps == nil {
		s.timesteps, err = s.ofDistillation(orDefault(o.strength, 1))
	}
	if err != nil {
		return distilled{}, err
	}
	return distilled{s, o}, s.checkPredicted()
}

func (d *distilled) Reset() {}

// timestepsGiven are those of WithTimesteps, nil where there are none.
func (o schedulerOptions) timestepsGiven(steps, train int) ([]float64, error) {
	if len(o.timesteps) == 0 {
		return nil, nil
	}
	if len(o.timesteps) != steps {
		return nil, fmt.Errorf("%d timesteps for %d steps: WithTimesteps has one for each", len(o.timesteps), steps)
	}
	var out []float64
	before := train
	for i, t := range o.timesteps {
		if t < 0 || t >= before {
			return nil, fmt.Errorf("timestep %d of step %d: timesteps fall from at most %d to at least 0", t, i, train-1)
		}
		out, before = append(out, float64(t)), t
	}
	return out, nil
}

// ofDistillation spreads a run over the list of timesteps that the model was distilled on, or over the part of it that
// strength leaves: from the highest, and never the lowest unless all are taken.
func (s *schedule) ofDistillation(strength float64) ([]float64, error) {
	list := s.config.OriginalInferenceSteps
	if list < 1 || list > len(s.alphas) {
		return nil, fmt.Errorf("original_inference_steps is %d, it must be between 1 and the %d timesteps of the training schedule", list, len(s.alphas))
	}
	stride := len(s.alphas) / list
	left := int(float64(list) * strength)
	if s.steps > left {
		return nil, fmt.Errorf("%d steps: the model knows %d timesteps of original_inference_steps %d at strength %g; ask for fewer steps", s.steps, left, list, strength)
	}
	out := make([]float64, s.steps)
	for i := range out {
		down := int(float64(i) * (float64(left) / float64(s.steps))) // rounded as numpy.linspace rounds it
		out[i] = float64((left-down)*stride - 1)
	}
	return out, nil
}
