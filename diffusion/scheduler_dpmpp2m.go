package diffusion

import "math"

// dpmpp2m is the multistep DPM-Solver++ of second order, midpoint form (Lu et al. 2022, algorithm 2).
type dpmpp2m struct {
	unitLevels
	run
	earlier []float32 // the picture predicted in the step before
}

func newDPMPP2M(s schedule, _ schedulerOptions) (solver, error) {
	if err := s.forLevels(); err != nil {
		return nil, err
	}
	return &dpmpp2m{unitLevels: newUnitLevels(s, func(t float64) float64 {
		if s.config.BetaSchedule != "squaredcos_cap_v2" { // for which diffusers cuts
			t = math.RoundToEven(t)
		}
		return math.Trunc(t)
	})}, nil
}

func (d *dpmpp2m) Reset() { d.run, d.earlier = run{}, nil }

func (d *dpmpp2m) step(output, x []float32, i int) ([]float32, error) {
	if err := d.checkStep(output, x, i); err != nil {
		return nil, err
	}
	if err := d.checkNext(i, len(x)); err != nil {
		return nil, err
	}
	picture, err := d.clean(output, x, i)
	if err != nil {
		return nil, err
	}
	out := d.solve(picture, x, i)
	d.earlier = picture
	d.stepTaken(i, len(x))
	return out, nil
}

// solve extrapolates the predicted picture to the middle of the step and goes along it.
func (d *dpmpp2m) solve(picture, x []float32, i int) []float32 {
	alphaNext, sigmaNext := scaledBySigma(d.sigma[i+1])
	_, sigma := scaledBySigma(d.sigma[i])
	// λ = log α - log σ of the latent is -log of the noise level; h is infinite where no noise is left.
	h := math.Log(d.sigma[i]) - math.Log(d.sigma[i+1])
	extrapolate := 0.0
	if d.taken > 0 && !d.firstOrder(i) {
		extrapolate = h / (math.Log(d.sigma[i-1]) - math.Log(d.sigma[i])) / 2
	}
	weight := -alphaNext * math.Expm1(-h)
	out := make([]float32, len(x))
	for j := range out {
		p := float64(picture[j])
		if extrapolate != 0 {
			p += extrapolate * (p - float64(d.earlier[j]))
		}
		out[j] = float32(sigmaNext/sigma*float64(x[j]) + weight*p)
	}
	return out
}

// firstOrder reports whether a step is the last one and must do without the earlier picture.
func (d *dpmpp2m) firstOrder(i int) bool {
	if i != len(d.timesteps)-1 {
		return false
	}
	short := orDefault(d.config.LowerOrderFinal, true) && len(d.timesteps) < 15
	return short || d.config.EulerAtFinal || d.config.FinalSigmas == "zero"
}
