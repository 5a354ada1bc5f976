package diffusion

import (
	"fmt"
	"math"
)

// newSchedule fills in a configuration's defaults, checks it, and computes the training schedule. The kinds'
// constructors add the timesteps.
func newSchedule(config SchedulerConfig, spacing string, steps int) (schedule, error) {
	config = config.withDefaults(spacing)
	if err := config.validate(); err != nil {
		return schedule{}, err
	}
	if steps < 1 || steps > config.NumTrainTimesteps {
		return schedule{}, fmt.Errorf("%d steps: it must be between 1 and the %d timesteps of the training schedule", steps, config.NumTrainTimesteps)
	}
	alphas, err := config.alphas()
	return schedule{config: config, alphas: alphas, steps: steps}, err
}

// leastAlpha is the least ᾱ before the end of a training schedule. The published ones end at 1e-9 or more; far
// below, predictions divided by √ᾱ leave single precision.
const leastAlpha = 1e-15

// Alphas returns ᾱ, the share of the picture's variance in a latent, by training timestep, for who takes steps of his
// own. What the schedulers take after the last step is SetAlphaToOne's to say. With RescaleBetas the last is 0. Numbers
// that no scheduler could work with are ErrArgument.
func (c SchedulerConfig) Alphas() ([]float64, error) {
	s, err := newSchedule(c, "", 1)
	if err != nil {
		return nil, badArgument("diffusion: %w", err)
	}
	return s.alphas, nil
}

// alphas returns ᾱ, the cumulative product of 1-β, by training timestep. With rescale_betas_zero_snr the last is 0.
func (c SchedulerConfig) alphas() ([]float64, error) {
	betas := c.betas()
	for t, b := range betas {
		if !(b > 0 && b < 1) {
			return nil, fmt.Errorf("%s: β of timestep %d is %g, it must be between 0 and 1", c.whereBetas(), t, b)
		}
	}
	alphas := cumulative(betas)
	if c.RescaleBetas {
		if len(betas) < 2 {
			return nil, fmt.Errorf("rescale_betas_zero_snr is true and num_train_timesteps %d, want at least 2", len(betas))
		}
		alphas = zeroTerminalSNR(alphas)
	}
	for t, a := range alphas {
		if !(a >= leastAlpha) && !(c.RescaleBetas && t == len(alphas)-1) {
			return nil, fmt.Errorf("%s: at timestep %d of %d, ᾱ = %.3g is left of the picture, want at least %g: the noise grows too fast",
				c.whereBetas(), t, len(alphas), a, float64(leastAlpha))
		}
	}
	return alphas, nil
}

// whereBetas names the fields that β comes from, with their values.
func (c SchedulerConfig) whereBetas() string {
	switch {
	case len(c.TrainedBetas) > 0:
		return "trained_betas"
	case c.BetaSchedule == "squaredcos_cap_v2":
		return fmt.Sprintf("beta_schedule %s, num_train_timesteps %d", c.BetaSchedule, c.NumTrainTimesteps)
	}
	return fmt.Sprintf("beta_start %g, beta_end %g", c.BetaStart, c.BetaEnd)
}

// cumulative multiplies 1-β as torch does: numbers of single precision, products of double.
func cumulative(betas []float32) []float64 {
	alphas := make([]float64, len(betas))
	product := 1.0
	for t, b := range betas {
		product *= float64(1 - b)
		alphas[t] = float64(float32(product))
	}
	return alphas
}

// zeroTerminalSNR shifts and scales √ᾱ so that the last is 0 and the first stays (Lin et al. 2024, algorithm 1), in
// single precision and by way of β, as diffusers does.
func zeroTerminalSNR(alphas []float64) []float64 {
	root := make([]float32, len(alphas))
	for t, a := range alphas {
		root[t] = float32(math.Sqrt(a))
	}
	first, last := root[0], root[len(root)-1]
	scale := first / (first - last)
	betas := make([]float32, len(root))
	before := float32(1)
	for t, r := range root {
		r = float32((r-last)*scale) * float32((r-last)*scale) // rounded between, on every processor
		betas[t] = 1 - float32(r/before)
		before = r
	}
	return cumulative(betas)
}

// betas returns β by training timestep, in single precision as torch computes it: the schedules of different
// implementations then agree to the last bit, and so do runs that depend on a comparison.
func (c SchedulerConfig) betas() []float32 {
	n := c.NumTrainTimesteps
	betas := make([]float32, n)
	switch {
	case len(c.TrainedBetas) > 0:
		for t, b := range c.TrainedBetas {
			betas[t] = float32(b)
		}
	case c.BetaSchedule == "linear":
		linspace32(betas, c.BetaStart, c.BetaEnd)
	case c.BetaSchedule == "scaled_linear": // linear in √β (Rombach et al. 2022)
		linspace32(betas, math.Sqrt(c.BetaStart), math.Sqrt(c.BetaEnd))
		for t := range betas {
			betas[t] *= betas[t]
		}
	default: // squaredcos_cap_v2 (Nichol and Dhariwal 2021)
		bar := func(t int) float64 {
			cos := math.Cos((float64(t)/float64(n) + 0.008) / 1.008 * math.Pi / 2)
			return cos * cos
		}
		for t := range betas {
			betas[t] = float32(min(1-bar(t+1)/bar(t), 0.999))
		}
	}
	return betas
}

// linspace32 is torch.linspace in single precision: from both ends towards the middle.
func linspace32(out []float32, start, end float64) {
	if len(out) == 1 {
		out[0] = float32(start)
		return
	}
	n := len(out)
	lo, hi := float32(start), float32(end)
	step := (hi - lo) / float32(n-1)
	for i := range out {
		if i < n/2 {
			out[i] = float32(float64(lo) + float64(step)*float64(i)) // one rounding, as a fused multiply-add
		} else {
			out[i] = float32(float64(hi) - float64(step)*float64(n-1-i))
		}
	}
}

// spaced returns a run's timesteps from noise to picture (Lin et al. 2024, table 2). Linspace spacing is
// rounded to whole timesteps where round is set.
func (s *schedule) spaced(round bool) []float64 {
	if s.config.TimestepSpacing == "trailing" {
		return s.trailing(len(s.alphas))
	}
	n := s.steps
	out := make([]float64, n)
	for i := range out { // from the picture's end
		at := &out[n-1-i]
		switch s.config.TimestepSpacing {
		case "linspace":
			*at = linspaceAt(i, n, len(s.alphas)-1)
			if round {
				*at = math.RoundToEven(*at)
			}
		case "leading":
			*at = float64(i*(len(s.alphas)/n) + s.config.StepsOffset)
		}
	}
	return out
}

// linspaceAt is entry i of numpy.linspace(0, last, n).
func linspaceAt(i, n, last int) float64 {
	if n == 1 {
		return 0
	}
	if i == n-1 {
		return float64(last)
	}
	return float64(i) * (float64(last) / float64(n-1))
}

// trailing returns the timesteps of trailing spacing: from start, the length of the training schedule or less.
func (s *schedule) trailing(start int) []float64 {
	step := float64(len(s.alphas)) / float64(s.steps)
	n := min(s.steps, int(math.Ceil(float64(start)/step)))
	step = float64(start) - (float64(start) - step) // rounded as numpy.arange rounds it
	out := make([]float64, n)
	for i := range out {
		out[i] = math.RoundToEven(float64(start)-float64(i)*step) - 1
	}
	return out
}

// checkTimesteps reports timesteps outside the training schedule, which an offset can give.
func (s *schedule) checkTimesteps() error {
	for i, t := range s.timesteps {
		if t < 0 || t >= float64(len(s.alphas)) {
			return fmt.Errorf("step %d of %d has timestep %g, the training schedule ends at %d: steps_offset %d does not fit that many steps; ask for fewer",
				i, s.steps, t, len(s.alphas)-1, s.config.StepsOffset)
		}
	}
	return nil
}

// alphaSigma returns the factors of picture and noise in a latent, √ᾱ and √(1-ᾱ).
func alphaSigma(alphaBar float64) (alpha, sigma float64) {
	return math.Sqrt(alphaBar), math.Sqrt(1 - alphaBar)
}

// predict returns picture and noise as the model's output for one element of a latent has them, which is
// alpha·picture + sigma·noise.
func (s *schedule) predict(output, x, alpha, sigma float64) (picture, noise float64) {
	switch s.config.PredictionType {
	case "v_prediction": // Salimans and Ho 2022, appendix D
		return alpha*x - sigma*output, alpha*output + sigma*x
	case predictsPicture:
		return output, (x - alpha*output) / sigma
	}
	return (x - sigma*output) / alpha, output
}
