package diffusion

import "math"

// dpmpp2m is the multistep DPM-Solver++ of second order, midpoint form (Lu et al. 2022, algorithm 2).
type dpmpp2m struct {
	levels
	run
	earlier []float32 // the picture predicted in the step before
}

func newDPMPP2M(s schedule, _ schedulerOptions) (solver, error) {
	if err := s.forLevels(); err != nil {
		return nil, err
	}
	if !s.config.KarrasSigmas {
		s.timesteps = s.dpmSpaced()
		return &dpmpp2m{levels: newLevels(s)}, nil
	}
	l := newKarras(s, s.trainSigma(len(s.alphas)-1), s.trainSigma(0))
	for i, t := range l.timesteps { // the model is asked at whole timesteps, which diffusers cuts for the cosine
		if s.config.BetaSchedule != "squaredcos_cap_v2" {
			t = math.RoundToEven(t)
		}
		l.timesteps[i] = math.Trunc(t)
	}
	return &dpmpp2m{levels: l}, nil
}

// dpmSpaced is spaced as diffusers' class has it: linspace and leading spacing count one step more, whose
// end is timestep 0, and lambda_min_clipped leaves out the noisiest timesteps.
func (s *schedule) dpmSpaced() []float64 {
	n, train := s.steps, len(s.alphas)
	if limit := s.config.LambdaMin; limit != nil {
		for train > 1 && math.Log(math.Sqrt(s.alphas[train-1]/(1-s.alphas[train-1]))) < *limit {
			train--
		}
	}
	if s.config.TimestepSpacing == "trailing" {
		return s.trailing(train)
	}
	out := make([]float64, n)
	for i := range out {
		left := n - i // steps from here to the end
		switch s.config.TimestepSpacing {
		case "linspace":
			out[i] = math.RoundToEven(linspaceAt(left, n+1, train-1))
		case "leading":
			out[i] = float64(left*(train/(n+1)) + s.config.StepsOffset)
		}
	}
	return out
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

func (d *dpmpp2m) clean(output, x []float32, i int) ([]float32, error) {
	if err := d.checkStep(output, x, i); err != nil {
		return nil, err
	}
	alpha, sigma := scaledBySigma(d.sigma[i])
	return d.pictures(output, x, 1, alpha, sigma), nil
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

// addNoise returns the latent of variance 1 with the noise level of t.
func (d *dpmpp2m) addNoise(x, noise []float32, t float64) ([]float32, error) {
	if err := d.checkTimestep(t); err != nil {
		return nil, err
	}
	alpha, sigma := scaledBySigma(d.sigmaOf(t))
	return combine(alpha, x, sigma, noise)
}
