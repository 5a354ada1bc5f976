package diffusion

import (
	"fmt"
	"math"
)

// ddim is DDIM (Song et al. 2021, equation 12), with fresh noise of share η (equation 16).
type ddim struct {
	schedule
	eta     float64
	options schedulerOptions
}

func newDDIM(s schedule, o schedulerOptions) (solver, error) {
	s.timesteps = s.spaced(true)
	if err := s.checkTimesteps(); err != nil {
		return nil, err
	}
	if err := s.checkPredicted(); err != nil {
		return nil, err
	}
	eta := orDefault(o.eta, 0)
	if eta > 0 && o.randn == nil {
		return nil, errNoNoise
	}
	return &ddim{s, eta, o}, nil
}

// checkPredicted refuses predictions of noise where a run starts with nothing else.
func (s *schedule) checkPredicted() error {
	if t := s.timesteps[0]; s.alphas[int(t)] == 0 && s.config.PredictionType == "epsilon" {
		return fmt.Errorf("rescale_betas_zero_snr leaves nothing of the picture at timestep %g, where noise alone says nothing of it: "+
			"prediction_type is epsilon, want v_prediction", t)
	}
	return nil
}

func (d *ddim) Reset() {}

func (d *ddim) step(output, x []float32, i int) ([]float32, error) {
	if err := d.checkStep(output, x, i); err != nil {
		return nil, err
	}
	t := int(d.timesteps[i])
	// The step leads a stride down, which is not to the next timestep of the list where spacing is trailing or linspace.
	now, after := d.alphas[t], d.alphaAfter(t-len(d.alphas)/d.steps, true)
	alpha, sigma := alphaSigma(now)
	renewed := d.eta * math.Sqrt((1-after)/(1-now)*(1-now/after)) // the fresh noise's factor
	kept := math.Sqrt(max(0, 1-after-renewed*renewed))
	var fresh []float32
	if d.eta > 0 {
		var err error
		if fresh, err = d.options.draw(len(x), i); err != nil {
			return nil, err
		}
	}
	clip := orDefault(d.config.ClipSample, true)
	limit := d.config.ClipSampleRange

	out := make([]float32, len(x))
	for j := range out {
		picture, noise := d.predict(float64(output[j]), float64(x[j]), alpha, sigma)
		if clip {
			picture = max(-limit, min(limit, picture))
		}
		next := math.Sqrt(after)*picture + kept*noise
		if fresh != nil {
			next += renewed * float64(fresh[j])
		}
		out[j] = float32(next)
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
