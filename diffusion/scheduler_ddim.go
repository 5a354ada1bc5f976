package diffusion

// ddim is DDIM without added noise, η = 0 (Song et al. 2021, equation 12).
type ddim struct{ schedule }

func newDDIM(s schedule, _ schedulerOptions) (Scheduler, error) {
	s.timesteps = s.spaced(true)
	return &ddim{s}, s.checkTimesteps()
}

func (d *ddim) Reset() {}

func (d *ddim) Step(output, x []float32, i int) ([]float32, error) {
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
