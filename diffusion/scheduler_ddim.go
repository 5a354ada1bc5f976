package diffusion

import "fmt"

// ddim is DDIM without added noise, η = 0 (Song et al. 2021, equation 12).
type ddim struct{ schedule }

func newDDIM(s schedule, _ schedulerOptions) (solver, error) {
	s.timesteps = s.spaced(true)
	if err := s.checkTimesteps(); err != nil {
		return nil, err
	}
	if t := s.timesteps[0]; s.alphas[int(t)] == 0 && s.config.PredictionType == "epsilon" {
		return nil, fmt.Errorf("rescale_betas_zero_snr leaves nothing of the picture at timestep %g, where noise alone says nothing of it: "+
			"prediction_type is epsilon, want v_prediction", t)
	}
	return &ddim{s}, nil
}

func (d *ddim) Reset() {}

func (d *ddim) step(output, x []float32, i int) ([]float32, error) {
	if err := d.checkStep(output, x, i); err != nil {
		return nil, err
	}
	t := int(d.timesteps[i])
	alpha, sigma := alphaSigma(d.alphas[t])
	alphaNext, sigmaNext := alphaSigma(d.alphaAfter(t-len(d.alphas)/d.steps, true))
	clip := orDefault(d.config.ClipSample, true)
	limit := d.config.ClipSampleRange

	out := make([]float32, len(x))
	for j := range out {
		picture, noise := d.predict(float64(output[j]), float64(x[j]), alpha, sigma)
		if clip {
			picture = max(-limit, min(limit, picture))
		}
		out[j] = float32(alphaNext*picture + sigmaNext*noise)
	}
	return out, nil
}

// clean is the picture that step goes on with.
func (d *ddim) clean(output, x []float32, i int) ([]float32, error) {
	out, err := d.schedule.clean(output, x, i)
	if limit := float32(d.config.ClipSampleRange); orDefault(d.config.ClipSample, true) {
		for j, v := range out {
			out[j] = max(-limit, min(limit, v))
		}
	}
	return out, err
}

// alphaAfter returns ᾱ at a timestep, which may be below 0: set_alpha_to_one says what holds there.
func (s *schedule) alphaAfter(t int, setToOne bool) float64 {
	if t >= 0 {
		return s.alphas[min(t, len(s.alphas)-1)]
	}
	if orDefault(s.config.SetAlphaToOne, setToOne) {
		return 1
	}
	return s.alphas[0]
}
