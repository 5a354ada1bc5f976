package diffusion

import "math"

// euler is Euler's method on the probability flow in the form of Karras et al. 2022, algorithm 2 without
// churn: the latent is picture + σ·noise, and its variance is scaled to 1 for the model.
type euler struct{ levels }

func newEuler(s schedule, _ schedulerOptions) (solver, error) {
	l, err := eulerLevels(s)
	return &euler{l}, err
}

func eulerLevels(s schedule) (levels, error) {
	if err := s.forLevels(); err != nil {
		return levels{}, err
	}
	s.timesteps = s.spaced(false)
	inSinglePrecision(s.timesteps)
	if !s.config.KarrasSigmas {
		return newLevels(s), nil
	}
	l := newKarras(s, s.sigmaAt(s.timesteps[0]), s.sigmaAt(s.timesteps[s.steps-1]))
	inSinglePrecision(l.timesteps)
	return l, nil
}

func inSinglePrecision(v []float64) {
	for i := range v {
		v[i] = float64(float32(v[i]))
	}
}

func (e *euler) Reset() {}

func (e *euler) InitNoiseSigma() float64 {
	highest := e.sigma[0]
	if e.config.TimestepSpacing == "leading" { // which leaves out the noisiest timesteps
		return math.Sqrt(highest*highest + 1)
	}
	return highest
}

func (e *euler) scale(x []float32, i int) ([]float32, error) {
	if err := e.checkIndex(i); err != nil {
		return nil, err
	}
	alpha, _ := scaledBySigma(e.sigma[i])
	out := make([]float32, len(x))
	for j, v := range x {
		out[j] = float32(float64(v) * alpha)
	}
	return out, nil
}

func (e *euler) step(output, x []float32, i int) ([]float32, error) {
	if err := e.checkStep(output, x, i); err != nil {
		return nil, err
	}
	alpha, sigma := scaledBySigma(e.sigma[i])
	step := e.sigma[i+1] - e.sigma[i]
	out := make([]float32, len(x))
	for j := range out {
		_, noise := e.predict(float64(output[j]), float64(x[j])*alpha, alpha, sigma)
		out[j] = float32(float64(x[j]) + step*noise)
	}
	return out, nil
}

func (e *euler) clean(output, x []float32, i int) ([]float32, error) {
	if err := e.checkStep(output, x, i); err != nil {
		return nil, err
	}
	alpha, sigma := scaledBySigma(e.sigma[i])
	return e.pictures(output, x, alpha, alpha, sigma), nil
}

// addNoise returns x + σ·noise.
func (e *euler) addNoise(x, noise []float32, t float64) ([]float32, error) {
	if err := e.checkTimestep(t); err != nil {
		return nil, err
	}
	return combine(1, x, e.sigmaOf(t), noise)
}

// eulerAncestral is Euler's method that goes down further than to the next noise level and comes back up to it
// with fresh noise (ancestral sampling in k-diffusion's sample_euler_ancestral, η = 1).
type eulerAncestral struct {
	euler
	options schedulerOptions
}

func newEulerAncestral(s schedule, o schedulerOptions) (solver, error) {
	if o.randn == nil {
		return nil, errNoNoise
	}
	s.config.FinalSigmas = "zero" // there is no other in diffusers' class
	l, err := eulerLevels(s)
	return &eulerAncestral{euler{l}, o}, err
}

func (e *eulerAncestral) step(output, x []float32, i int) ([]float32, error) {
	if err := e.checkStep(output, x, i); err != nil {
		return nil, err
	}
	fresh, err := e.options.draw(len(x), i)
	if err != nil {
		return nil, err
	}
	alpha, scaled := scaledBySigma(e.sigma[i])
	down, up := ancestral(e.sigma[i], e.sigma[i+1])
	out := make([]float32, len(x))
	for j := range out {
		_, noise := e.predict(float64(output[j]), float64(x[j])*alpha, alpha, scaled)
		out[j] = float32(float64(x[j]) + (down-e.sigma[i])*noise + up*float64(fresh[j]))
	}
	return out, nil
}

// ancestral splits the noise of level to, below from, into what is left of the latent's own and what is fresh.
func ancestral(from, to float64) (down, up float64) {
	up = to * math.Sqrt(max(0, from*from-to*to)) / from
	return math.Sqrt(max(0, to*to-up*up)), up
}
