package diffusion

import (
	"errors"
	"math"
	"slices"
)

// unipc is UniPC, a multistep predictor whose steps are corrected with the model's next output, at no call more (Zhao et
// al. 2023, algorithms 1 and 2, in its form for predicted pictures).
type unipc struct {
	unitLevels
	run
	told   [][]float32 // pictures that the model predicted, newest first, at most as many as the order
	before []float32   // the latent that the last step started from
	order  int         // of the last step
}

func newUniPC(s schedule, _ schedulerOptions) (solver, error) {
	if err := s.forLevels(); err != nil {
		return nil, err
	}
	setDefault(&s.config.SolverOrder, 2)
	s.config.LambdaMin = nil // diffusers' class has no such option
	if s.config.FinalSigmas == "zero" {
		switch {
		case s.config.SolverType == "bh1":
			return nil, errors.New("solver_type bh1 divides by the last step's length, which is infinite where final_sigmas_type is zero: want sigma_min, or bh2")
		case !orDefault(s.config.LowerOrderFinal, true) && s.config.SolverOrder > 1:
			return nil, errors.New("lower_order_final is false: the last step to no noise, final_sigmas_type zero, is of first order; want true, or sigma_min")
		}
	}
	return &unipc{unitLevels: newUnitLevels(s, math.RoundToEven)}, nil
}

func (u *unipc) Reset() { u.run, u.told, u.before = run{}, nil, nil }

func (u *unipc) step(output, x []float32, i int) ([]float32, error) {
	if err := u.checkStep(output, x, i); err != nil {
		return nil, err
	}
	if err := u.checkNext(i, len(x)); err != nil {
		return nil, err
	}
	picture, err := u.clean(output, x, i)
	if err != nil {
		return nil, err
	}
	if u.taken > 0 && !slices.Contains(u.config.DisableCorrector, i-1) {
		x = u.along(u.before, i-1, u.order, picture) // the step before once more, now that its end is known
	}
	u.told = append([][]float32{picture}, u.told...)
	u.told = u.told[:min(len(u.told), u.config.SolverOrder)]
	u.order = len(u.told)
	if orDefault(u.config.LowerOrderFinal, true) {
		u.order = min(u.order, len(u.timesteps)-i)
	}
	u.before = x
	u.stepTaken(i, len(x))
	return u.along(x, i, u.order, nil), nil
}

// along takes x from step i to the next along the pictures of that step and those before. With the picture that was
// predicted at the step's end it is the corrector, else the predictor.
func (u *unipc) along(x []float32, i, order int, atEnd []float32) []float32 {
	alphaNext, sigmaNext := scaledBySigma(u.sigma[i+1])
	_, sigma := scaledBySigma(u.sigma[i])
	h := math.Log(u.sigma[i]) - math.Log(u.sigma[i+1]) // infinite where no noise is left
	decay := math.Expm1(-h)
	scale := decay // the paper's B(h)
	if u.config.SolverType == "bh1" {
		scale = -h
	}
	var at []float64 // where the pictures were predicted, in steps from i
	for k := 1; k < order; k++ {
		at = append(at, (math.Log(u.sigma[i])-math.Log(u.sigma[i-k]))/h)
	}
	pictures := u.told[1:order]
	if atEnd != nil {
		at, pictures = append(at, 1), append(slices.Clone(pictures), atEnd)
	}
	weights := unipcWeights(at, -h, scale)
	out := make([]float32, len(x))
	for j := range out {
		p := float64(u.told[0][j])
		change := 0.0
		for k, w := range weights {
			change += w / at[k] * (float64(pictures[k][j]) - p)
		}
		out[j] = float32(sigmaNext/sigma*float64(x[j]) - alphaNext*(decay*p+scale*change))
	}
	return out
}

// unipcWeights returns how much each of the pictures at these places counts, so that the step is exact for polynomials
// through them (Zhao et al. 2023, theorem 3.1). A single one counts half, as in the paper's code.
func unipcWeights(at []float64, h, scale float64) []float64 {
	if len(at) == 1 {
		return []float64{0.5}
	}
	b := make([]float64, len(at))
	phi, factorial := math.Expm1(h)/h-1, 1.0
	for j := range b {
		b[j] = phi * factorial / scale
		factorial *= float64(j + 2)
		phi = phi/h - 1/factorial
	}
	solveVandermonde(at, b)
	return b
}

// solveVandermonde replaces b by the solution v of Σₖ at[k]ʲ·v[k] = b[j], j from 0 (Björck and Pereyra 1970).
func solveVandermonde(at, b []float64) {
	n := len(b)
	for k := range n - 1 {
		for i := n - 1; i > k; i-- {
			b[i] -= at[k] * b[i-1]
		}
	}
	for k := n - 2; k >= 0; k-- {
		for i := k + 1; i < n; i++ {
			b[i] /= at[i] - at[i-k-1]
		}
		for i := k; i < n-1; i++ {
			b[i] -= b[i+1]
		}
	}
}
