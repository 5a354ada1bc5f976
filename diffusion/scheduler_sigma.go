package diffusion

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// levels is what the schedulers share whose runs are lists of noise levels σ = √((1-ᾱ)/ᾱ): one at each of the
// timesteps, and that of the latent after the last.
type levels struct {
	schedule
	sigma []float64
}

// terminalAlpha is ᾱ at the end of a schedule that is rescaled to leave nothing of the picture there: noise levels
// would be infinite, and diffusers takes the least number of half precision.
const terminalAlpha = 0x1p-24

// forLevels prepares a schedule for noise levels.
func (s *schedule) forLevels() error {
	if last := len(s.alphas) - 1; s.config.RescaleBetas {
		s.alphas[last] = terminalAlpha
	}
	if o := s.config.StepsOffset; o < 0 || o > len(s.alphas) {
		return fmt.Errorf("steps_offset is %d, it must be between 0 and %d", o, len(s.alphas))
	}
	return nil
}

// newLevels returns the noise levels of the timesteps of s.
func newLevels(s schedule) levels {
	sigma := make([]float64, 0, len(s.timesteps)+1)
	for _, t := range s.timesteps {
		sigma = append(sigma, s.sigmaAt(t))
	}
	return levels{s, s.rounded(sigma)}
}

// newKarras returns noise levels from highest to lowest that are evenly spaced in σ^(1/7) (Karras et al. 2022,
// equation 5), with the timesteps of these levels, which may be fractional.
func newKarras(s schedule, highest, lowest float64) levels {
	const rho = 7
	n := s.steps
	from, to := math.Pow(highest, 1.0/rho), math.Pow(lowest, 1.0/rho)
	sigma := make([]float64, n, n+1)
	s.timesteps = make([]float64, n)
	for i := range n {
		ramp := float64(i) / float64(max(n-1, 1))
		sigma[i] = math.Pow(from+ramp*(to-from), rho)
		s.timesteps[i] = s.timestepOf(sigma[i])
	}
	return levels{s, s.rounded(sigma)}
}

// rounded brings noise levels to single precision and adds the one after the last step.
func (s *schedule) rounded(sigma []float64) []float64 {
	for i, v := range sigma {
		sigma[i] = float64(float32(v))
	}
	if s.config.FinalSigmas == "sigma_min" {
		return append(sigma, s.trainSigma(0))
	}
	return append(sigma, 0)
}

// checkTimestep lets through what leading spacing gives behind the end of the training schedule.
func (l *levels) checkTimestep(t float64) error {
	if slices.Contains(l.timesteps, t) {
		return nil
	}
	return l.schedule.checkTimestep(t)
}

// sigmaOf returns the noise level at a timestep: the run's own where t is one of its timesteps, of a repeated
// one the second, as in diffusers.
func (l *levels) sigmaOf(t float64) float64 {
	i := slices.Index(l.timesteps, t)
	if i < 0 {
		return l.sigmaAt(t)
	}
	if i+1 < len(l.timesteps) && l.timesteps[i+1] == t {
		i++
	}
	return l.sigma[i]
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

// timestepOf is the timestep of a noise level, interpolated linearly in log σ.
func (s *schedule) timestepOf(sigma float64) float64 {
	if len(s.alphas) == 1 {
		return 0
	}
	at := math.Log(max(sigma, 1e-10))
	logSigma := func(t int) float64 { return float64(float32(math.Log(s.trainSigma(t)))) }
	above := sort.Search(len(s.alphas)-1, func(t int) bool { return logSigma(t) > at }) // σ rises with t
	lo := max(0, above-1)
	low, high := logSigma(lo), logSigma(lo+1)
	return float64(lo) + max(0, min((at-low)/(high-low), 1))
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

// Sigmas returns the noise levels σ = √((1-ᾱ)/ᾱ) of a scheduler's run: one before each step, and that after the last.
// It is nil for schedulers whose runs are no lists of noise levels: ddim, pndm, lcm, tcd, and those of others.
func Sigmas(s Scheduler) []float64 {
	if o, ok := s.(overLatents); ok {
		if l, ok := o.solver.(interface{ noiseLevels() []float64 }); ok {
			return l.noiseLevels()
		}
	}
	return nil
}

func (l *levels) noiseLevels() []float64 { return slices.Clone(l.sigma) }
