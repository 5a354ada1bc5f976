package generate

import (
	"math"

	"github.com/sdgraph/sdgraph/diffusion"
)

// ancestral is DDIM (Song et al. 2021, equations 12 and 16) with an η: every step replaces some of the noise by fresh
// noise, with an η of 1 as much as DDPM does. A strength s makes the variance of what is added 1+s times as large, and that
// of what is taken away stays: so the latent has more noise than the model expects, and what the model makes of it is off
// (RealNet, Zhang et al. 2024; there in pixels, with a variance that is learned).
type ancestral struct {
	diffusion.Scheduler // DDIM: the timesteps, the clean latents, the noise of a start

	alphas   []float64   // ᾱ before each step, and after the last
	noises   [][]float32 // fresh, standard normal, of each step
	eta      float64     // η
	last     bool        // whether the last step takes noise, too
	strength float64     // s
}

// newAncestral has an η of 1, a last step without noise, no strength, and no noises yet.
func newAncestral(c diffusion.SchedulerConfig, steps int) (ancestral, error) {
	ddim, err := diffusion.NewScheduler("ddim", c, steps)
	if err != nil {
		return ancestral{}, err
	}
	all, err := c.Alphas()
	if err != nil {
		return ancestral{}, err
	}
	a := ancestral{Scheduler: ddim, noises: make([][]float32, steps), eta: 1}
	for _, t := range ddim.Timesteps() {
		a.alphas = append(a.alphas, all[int(t)])
	}
	last := 1.0
	if c.SetAlphaToOne != nil && !*c.SetAlphaToOne {
		last = all[0]
	}
	a.alphas = append(a.alphas, last)
	return a, nil
}

// sigma is σ, the deviation of the noise that step i adds without a strength: η times that of the posterior of DDPM.
func (a ancestral) sigma(i int) float64 {
	if i+2 == len(a.alphas) && !a.last {
		return 0
	}
	before, after := a.alphas[i], a.alphas[i+1]
	return a.eta * math.Sqrt((1-after)/(1-before)*(1-before/after))
}

// Step returns the latent after step i. What the model takes for noise is what its clean latent leaves of z, whatever
// it predicts, and also where that is clipped.
func (a ancestral) Step(output, z diffusion.Latent, i int) (diffusion.Latent, error) {
	clean, err := a.Clean(output, z, i)
	if err != nil {
		return diffusion.Latent{}, err
	}
	sigma := a.sigma(i)
	if n := len(z.Floats()); sigma > 0 && len(a.noises[i]) != n {
		return diffusion.Latent{}, wrong("step %d has %d numbers of noise for a latent of %d", i, len(a.noises[i]), n)
	}
	before, after := a.alphas[i], a.alphas[i+1]
	pictureBefore, noiseBefore := math.Sqrt(before), math.Sqrt(1-before)
	pictureAfter, noiseAfter := math.Sqrt(after), math.Sqrt(max(0, 1-after-sigma*sigma))
	fresh := math.Sqrt(1+a.strength) * sigma
	x, next := z.Floats(), make([]float32, len(z.Floats()))
	for j, v := range clean.Floats() {
		picture := float64(v)
		noise := (float64(x[j]) - pictureBefore*picture) / noiseBefore
		sum := pictureAfter*picture + noiseAfter*noise
		if sigma > 0 {
			sum += fresh * float64(a.noises[i][j])
		}
		next[j] = float32(sum)
	}
	return z.With(next), nil
}
