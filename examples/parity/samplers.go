package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
)

// sampled is a run of a scheduler, an entry of the list in --config.
type sampled struct {
	Name      string                    `json:"name"`
	Scheduler diffusion.SchedulerConfig `json:"scheduler"`
	Steps     int                       `json:"steps"`
	Timesteps []int                     `json:"timesteps"`
	Eta       *float64                  `json:"eta"`
	Strength  *float64                  `json:"strength"`
	Sigma     *float64                  `json:"init_noise_sigma"` // compared where it is there
	Draws     *[]int                    `json:"draws"`            // steps that draw noise; likewise
}

// runSamplers takes the schedulers of a list through whole runs with the stand-in for the UNet. A step that draws noise
// is given the row of its number.
func runSamplers(ctx context.Context, o options, in tensors) (tensors, error) {
	if o.Config == "" {
		return nil, errors.New("--config FILE.json is missing: the list of runs")
	}
	data, err := os.ReadFile(o.Config)
	if err != nil {
		return nil, err
	}
	var list []sampled
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("%s: want a list of {\"name\": …, \"scheduler\": {…}, \"steps\": …}: %w", o.Config, err)
	}
	out := tensors{}
	for i := range list {
		if err := list[i].run(ctx, in, out); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", o.Config, list[i].Name, err)
		}
	}
	return out, nil
}

// options are what the run is told beside the scheduler's configuration.
func (s *sampled) options(randn func(n int) []float32) []diffusion.SchedulerOption {
	opts := []diffusion.SchedulerOption{diffusion.WithNoise(randn), diffusion.WithTimesteps(s.Timesteps...)}
	if s.Eta != nil {
		opts = append(opts, diffusion.WithEta(*s.Eta))
	}
	if s.Strength != nil {
		opts = append(opts, diffusion.WithStrength(*s.Strength))
	}
	return opts
}

// run adds to out what the run gives.
func (s *sampled) run(ctx context.Context, in, out tensors) error {
	init, noise := diffusion.Latent{Dense: in["init"]}, slices.Collect(slices.Chunk(tensor.Float32s(in["noise"]), len(tensor.Float32s(in["init"]))))
	step, draws := 0, []int{}
	scheduler, err := diffusion.NewScheduler("", s.Scheduler, s.Steps, s.options(func(int) []float32 {
		draws = append(draws, step)
		if step >= len(noise) {
			return nil // which the scheduler refuses
		}
		return noise[step]
	})...)
	if err != nil {
		return err
	}
	sampler := diffusion.Sampler{Model: &standIn{eps: tensor.Float32s(in["eps"])}, Scheduler: scheduler}
	z := sampler.Start(init)
	for m, err := range sampler.Steps(ctx, &z, 0) {
		if err != nil {
			return err
		}
		if step = m.I; m.I == 1 {
			out[s.Name+".first"] = z.Dense
		}
	}
	out[s.Name+".final"] = z.Dense
	if len(scheduler.Timesteps()) == 1 {
		out[s.Name+".first"] = z.Dense
	}
	addNumbers(out, s.Name+".timesteps", scheduler.Timesteps())
	if sigmas := diffusion.Sigmas(scheduler); sigmas != nil {
		addNumbers(out, s.Name+".sigmas", sigmas)
	}
	return s.compare(scheduler.InitNoiseSigma(), draws)
}

// compare compares what the list says of the run's start and of its draws.
func (s *sampled) compare(sigma float64, draws []int) error {
	if s.Sigma != nil && !(math.Abs(sigma-*s.Sigma) <= 1e-5**s.Sigma) {
		return fmt.Errorf("init_noise_sigma is %g, want %g", sigma, *s.Sigma)
	}
	if s.Draws != nil && !slices.Equal(draws, *s.Draws) {
		return fmt.Errorf("the steps %v draw noise, want %v", draws, *s.Draws)
	}
	return nil
}

func addNumbers(out tensors, name string, numbers []float64) {
	v := make([]float32, len(numbers))
	for i, x := range numbers {
		v[i] = float32(x)
	}
	out[name] = tensor.FromFloat32s(v, len(v))
}
