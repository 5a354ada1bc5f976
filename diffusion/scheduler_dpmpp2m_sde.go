package diffusion

import "math"

// dpmpp2mSDE is the multistep solver of second order of the diffusion SDE (SDE-DPM-Solver++(2M); Lu et al. 2022,
// equation 18 and appendix B): DPM++ 2M with fresh noise in every step.
type dpmpp2mSDE struct {
	dpmpp2m
	options schedulerOptions
}

func newDPMPP2MSDE(s schedule, o schedulerOptions) (solver, error) {
	if o.randn == nil {
		return nil, errNoNoise
	}
	deterministic, err := newDPMPP2M(s, o)
	if err != nil {
		return nil, err
	}
	return &dpmpp2mSDE{*deterministic.(*dpmpp2m), o}, nil
}

func (d *dpmpp2mSDE) step(output, x []float32, i int) ([]float32, error) {
	if err := d.checkNext(i, len(x)); err != nil {
		return nil, err
	}
	picture, err := d.clean(output, x, i)
	if err != nil {
		return nil, err
	}
	// In the last step too, where its factor is 0: the next picture's noise comes behind it.
	fresh, err := d.options.draw(len(x), i)
	if err != nil {
		return nil, err
	}
	out := d.solve(picture, x, fresh, i)
	d.earlier = picture
	d.stepTaken(i, len(x))
	return out, nil
}

// solve goes along the predicted picture and its change since the step before, and adds noise.
func (d *dpmpp2mSDE) solve(picture, x, fresh []float32, i int) []float32 {
	alphaNext, sigmaNext := scaledBySigma(d.sigma[i+1])
	_, sigma := scaledBySigma(d.sigma[i])
	h := math.Log(d.sigma[i]) - math.Log(d.sigma[i+1]) // infinite where no noise is left
	renewed := -math.Expm1(-2 * h)                     // share of the noise that is fresh
	change := 0.0                                      // factor of the change of the picture
	if d.taken > 0 && !d.firstOrder(i) {
		change = alphaNext * renewed / 2
		if d.config.SolverType == "heun" {
			change = alphaNext * (1 - renewed/(2*h))
		}
		change *= h / (math.Log(d.sigma[i-1]) - math.Log(d.sigma[i]))
	}
	out := make([]float32, len(x))
	for j := range out {
		p := float64(picture[j])
		v := sigmaNext/sigma*math.Exp(-h)*float64(x[j]) + alphaNext*renewed*p + sigmaNext*math.Sqrt(renewed)*float64(fresh[j])
		if change != 0 {
			v += change * (p - float64(d.earlier[j]))
		}
		out[j] = float32(v)
	}
	return out
}
