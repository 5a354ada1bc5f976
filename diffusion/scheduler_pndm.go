package diffusion

import "math"

// pndm is PNDM's linear multistep method (PLMS; Liu et al. 2022, equations 9 and 12), with the start that
// Stable Diffusion uses in place of Runge-Kutta steps: the second timestep is taken twice.
//
// What a step does depends on how many have been taken since Reset, not on its index: a run that starts
// late treats its second step as the repeated one, as diffusers does.
type pndm struct {
	schedule
	run
	outputs [][]float32 // newest last, at most four
	first   []float32   // the latent before the first step
}

func newPNDM(s schedule, _ schedulerOptions) (solver, error) {
	s.timesteps = s.spaced(true)
	if err := s.checkTimesteps(); err != nil {
		return nil, err
	}
	if t := s.timesteps; len(t) > 1 {
		s.timesteps = append([]float64{t[0], t[1]}, t[1:]...)
	}
	return &pndm{schedule: s}, nil
}

func (p *pndm) Reset() { p.run, p.outputs, p.first = run{}, nil, nil }

func (p *pndm) step(output, x []float32, i int) ([]float32, error) {
	if err := p.checkStep(output, x, i); err != nil {
		return nil, err
	}
	if err := p.checkNext(i, len(x)); err != nil {
		return nil, err
	}
	stride := len(p.alphas) / p.steps
	t := int(p.timesteps[i])
	next := t - stride
	average := make([]float64, len(x))
	if p.taken == 1 { // the first step once more, with the mean of the outputs at both ends
		t, next = t+stride, t
		addScaled(average, 0.5, output)
		addScaled(average, 0.5, p.outputs[0])
		x = p.first
	} else {
		p.remember(output)
		for k, factor := range adamsBashforth[len(p.outputs)-1] {
			addScaled(average, factor, p.outputs[len(p.outputs)-1-k])
		}
	}
	if p.taken == 0 {
		p.first = append([]float32(nil), x...)
	}
	p.stepTaken(i, len(x))
	return p.transfer(average, x, p.alphaAfter(t, false), p.alphaAfter(next, false)), nil
}

// adamsBashforth has the factors of the newest and earlier outputs, by how many there are.
var adamsBashforth = [][]float64{
	{1},
	{3. / 2, -1. / 2},
	{23. / 12, -16. / 12, 5. / 12},
	{55. / 24, -59. / 24, 37. / 24, -9. / 24},
}

func (p *pndm) remember(output []float32) {
	if len(p.outputs) == len(adamsBashforth) {
		p.outputs = p.outputs[1:]
	}
	p.outputs = append(p.outputs, append([]float32(nil), output...))
}

// transfer is equation 9: x from one noise level to the next along the noise prediction.
func (p *pndm) transfer(output []float64, x []float32, from, to float64) []float32 {
	alpha, sigma := alphaSigma(from)
	scale := math.Sqrt(to / from)
	slope := (to - from) / (from*math.Sqrt(1-to) + math.Sqrt(from*(1-from)*to))
	next := make([]float32, len(x))
	for j := range next {
		_, noise := p.predict(output[j], float64(x[j]), alpha, sigma)
		next[j] = float32(scale*float64(x[j]) - slope*noise)
	}
	return next
}

func addScaled(sum []float64, factor float64, x []float32) {
	for j, v := range x {
		sum[j] += factor * float64(v)
	}
}
