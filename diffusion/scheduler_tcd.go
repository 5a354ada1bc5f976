package diffusion

import "math"

// tcd is strategic stochastic sampling of models that were distilled along trajectories (Zheng et al. 2024, algorithm 4;
// η is the paper's γ): each step goes down further than to the next timestep, and fresh noise leads up to it.
type tcd struct {
	distilled
	eta float64
}

func newTCD(s schedule, o schedulerOptions) (solver, error) {
	eta := orDefault(o.eta, 0.3)
	if eta > 0 && o.randn == nil {
		return nil, errNoNoise
	}
	d, err := newDistilled(s, o)
	return &tcd{d, eta}, err
}

func (d *tcd) step(output, x []float32, i int) ([]float32, error) {
	if err := d.checkStep(output, x, i); err != nil {
		return nil, err
	}
	last := i == len(d.timesteps)-1
	next := 0.0
	if !last {
		next = d.timesteps[i+1]
	}
	// In single precision, as torch multiplies whole numbers: the result decides between two timesteps.
	down := int(float32(1-d.eta) * float32(next))
	alpha, sigma := alphaSigma(d.alphas[int(d.timesteps[i])])
	alphaDown, sigmaDown := alphaSigma(d.alphas[down])
	out := make([]float32, len(x))
	for j := range out {
		picture, noise := d.predict(float64(output[j]), float64(x[j]), alpha, sigma)
		out[j] = float32(alphaDown*picture + sigmaDown*noise)
	}
	if last || d.eta == 0 {
		return out, nil
	}
	fresh, err := d.options.draw(len(x), i)
	if err != nil {
		return nil, err
	}
	kept := d.alphas[int(next)] / d.alphas[down]
	return combine(math.Sqrt(kept), out, math.Sqrt(1-kept), fresh)
}
