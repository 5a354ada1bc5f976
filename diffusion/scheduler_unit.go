package diffusion

import "math"

// unitLevels is what the solvers in log σ share: noise levels of latents that are scaled to variance 1.
type unitLevels struct{ levels }

// newUnitLevels returns the noise levels of a run. Those of Karras are at timesteps between those of training, which
// whole brings to one of them: the model is asked at whole timesteps.
func newUnitLevels(s schedule, whole func(t float64) float64) unitLevels {
	if !s.config.KarrasSigmas {
		s.timesteps = s.dpmSpaced()
		return unitLevels{newLevels(s)}
	}
	l := newKarras(s, s.trainSigma(len(s.alphas)-1), s.trainSigma(0))
	for i, t := range l.timesteps {
		l.timesteps[i] = whole(t)
	}
	return unitLevels{l}
}

// dpmSpaced is spaced as diffusers' classes have it: linspace and leading spacing count one step more, whose
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

func (u *unitLevels) clean(output, x []float32, i int) ([]float32, error) {
	if err := u.checkStep(output, x, i); err != nil {
		return nil, err
	}
	alpha, sigma := scaledBySigma(u.sigma[i])
	return u.pictures(output, x, 1, alpha, sigma), nil
}

// addNoise returns the latent of variance 1 with the noise level of t.
func (u *unitLevels) addNoise(x, noise []float32, t float64) ([]float32, error) {
	if err := u.checkTimestep(t); err != nil {
		return nil, err
	}
	alpha, sigma := scaledBySigma(u.sigmaOf(t))
	return combine(alpha, x, sigma, noise)
}
