package diffusion

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// SchedulerOption is what some schedulers need besides their configuration.
type SchedulerOption func(*schedulerOptions)

type schedulerOptions struct {
	randn     func(n int) []float32
	eta       *float64
	timesteps []int
	strength  *float64
}

// errNoNoise is what a scheduler that draws noise says without WithNoise.
var errNoNoise = errors.New("its steps add noise: say WithNoise where that comes from")

// WithNoise says where the noise comes from (default: nowhere, which those that draw refuse): randn is called for as many
// standard normal numbers as the latent has, once a step, by
//
//   - euler-a and dpmpp2m-sde in every step, also the last, whose noise has the factor 0;
//   - ddim in every step if its η is above 0;
//   - lcm, and tcd if its η is above 0, in every step but the last.
//
// For diffusers' pictures it is the generator that drew the initial noise, such as the Randn of a tensor.Rand. The other
// schedulers draw none.
func WithNoise(randn func(n int) []float32) SchedulerOption {
	return func(o *schedulerOptions) { o.randn = randn }
}

// WithEta sets the share of fresh noise η, from 0, none, to 1: of ddim (default 0; Song et al. 2021, equation 16) and of
// tcd (default 0.3; γ of Zheng et al. 2024, algorithm 4). The other schedulers refuse it.
func WithEta(eta float64) SchedulerOption {
	return func(o *schedulerOptions) { o.eta = &eta }
}

// WithTimesteps gives lcm and tcd the timesteps of a run, one for each step, falling, in place of those of their list, as
// models for one step want it. The other schedulers refuse it. No timesteps are the default.
func WithTimesteps(timesteps ...int) SchedulerOption {
	return func(o *schedulerOptions) { o.timesteps = slices.Clone(timesteps) }
}

// WithStrength leaves lcm and tcd the part of their list nearest to the picture, more than 0 and at most 1, the whole,
// which is the default: all steps of a run from a picture then lie there. The other schedulers refuse it.
func WithStrength(strength float64) SchedulerOption {
	return func(o *schedulerOptions) { o.strength = &strength }
}

// check refuses options that a kind of scheduler has not, and values out of range.
func (o schedulerOptions) check(name string) error {
	for _, option := range []struct {
		isSet         bool
		option, kinds string
	}{
		{o.eta != nil, "WithEta", "ddim tcd"},
		{len(o.timesteps) > 0, "WithTimesteps", "lcm tcd"},
		{o.strength != nil, "WithStrength", "lcm tcd"},
	} {
		if kinds := strings.Fields(option.kinds); option.isSet && !slices.Contains(kinds, name) {
			return fmt.Errorf("%s is for %s", option.option, strings.Join(kinds, " and "))
		}
	}
	switch {
	case o.eta != nil && !(*o.eta >= 0 && *o.eta <= 1):
		return fmt.Errorf("WithEta(%g): it must be between 0 and 1", *o.eta)
	case o.strength != nil && !(*o.strength > 0 && *o.strength <= 1):
		return fmt.Errorf("WithStrength(%g): it must be more than 0 and at most 1", *o.strength)
	case o.strength != nil && len(o.timesteps) > 0:
		return errors.New("WithStrength is of the scheduler's own timesteps: not with WithTimesteps")
	}
	return nil
}

// draw returns n numbers of fresh noise for step i.
func (o schedulerOptions) draw(n, i int) ([]float32, error) {
	fresh := o.randn(n)
	if len(fresh) != n {
		return nil, fmt.Errorf("diffusion: step %d: WithNoise gave %d numbers of noise, the latent has %d", i, len(fresh), n)
	}
	return fresh, nil
}
