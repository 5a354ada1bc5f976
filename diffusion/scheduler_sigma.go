package diffusion

import "math"

// sigmas returns the noise level σ = √((1-ᾱ)/ᾱ) at each of a run's timesteps and after the last.
func (s *schedule) sigmas() []float64 {
	out := make([]float64, 0, len(s.timesteps)+1)
	for _, t := range s.timesteps {
		out = append(out, float64(float32(s.sigmaAt(t))))
	}
	if s.config.FinalSigmas == "sigma_min" {
		return append(out, s.trainSigma(0))
	}
	return append(out, 0)
}

// sigmaAt interpolates the noise level linearly between the training schedule's timesteps.
func (s *schedule) sigmaAt(t float64) float64 {
	last := len(s.alphas) - 1
	t = max(0, min(t, float64(last)))
	lo := min(int(t), max(last-1, 0))
	hi := min(lo+1, last)
	a, b := s.trainSigma(lo), s.trainSigma(hi)
	return a + (t-float64(lo))*(b-a)
}

func (s *schedule) trainSigma(t int) float64 {
	a := float32(s.alphas[t])
	return float64(float32(math.Sqrt(float64((1 - a) / a))))
}

// scaledBySigma returns the factors of picture and noise in a latent of variance 1 with noise level sigma.
func scaledBySigma(sigma float64) (alpha, noise float64) {
	alpha = 1 / math.Sqrt(sigma*sigma+1)
	return alpha, sigma * alpha
}
