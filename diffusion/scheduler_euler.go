package diffusion

import "math"

// euler is Euler's method on the probability flow in the form of Karras et al. 2022, algorithm 2 without
// churn: the latent is picture + σ·noise, and its variance is scaled to 1 for the model.
type euler struct {
	schedule
	sigma []float64
}

func newEuler(s schedule) (Scheduler, error) {
	s.timesteps = s.spaced(false)
	for i, t := range s.timesteps {
		s.timesteps[i] = float64(float32(t))
	}
	return &euler{schedule: s, sigma: s.sigmas()}, nil
}

func (e *euler) Reset() {}

func (e *euler) InitNoiseSigma() float64 {
	highest := e.sigma[0]
	if e.config.TimestepSpacing == "leading" { // which leaves out the noisiest timesteps
		return math.Sqrt(highest*highest + 1)
	}
	return highest
}

func (e *euler) ScaleModelInput(x []float32, i int) ([]float32, error) {
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

func (e *euler) Step(output, x []float32, i int) ([]float32, error) {
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

// AddNoise returns x + σ·noise.
func (e *euler) AddNoise(x, noise []float32, t float64) ([]float32, error) {
	if err := e.checkTimestep(t); err != nil {
		return nil, err
	}
	return combine(1, x, e.sigmaAt(t), noise)
}
