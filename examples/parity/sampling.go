package main

import (
	"context"
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
)

// runScheduler takes every scheduler whose steps draw no noise through whole
// runs with a stand-in for the UNet, 0.7·tanh(x) + 0.3·(1 + 0.01·i)·eps.
func runScheduler(ctx context.Context, o options, in tensors) (tensors, error) {
	config, err := diffusion.LoadSchedulerConfig(tensor.OnDisk(o.Model).Sub("scheduler"))
	if err != nil {
		return nil, err
	}
	start, eps := in["init"], in["eps"]
	out := tensors{}
	for _, name := range []string{"ddim", "pndm", "euler", "dpmpp2m"} {
		for _, steps := range []int{20, 50, 100} {
			s, err := diffusion.NewScheduler(name, config, steps)
			if err != nil {
				return nil, err
			}
			sampler := diffusion.Sampler{Model: &standIn{eps: tensor.Float32s(eps)}, Scheduler: s}
			final, err := sampler.Run(ctx, sampler.Start(diffusion.Latent{Dense: start}), 0)
			if err != nil {
				return nil, err
			}
			key := fmt.Sprintf("%s.%d.", name, steps)
			out[key+"final"] = final.Dense
			times := make([]float32, len(s.Timesteps()))
			for i, t := range s.Timesteps() {
				times[i] = float32(t)
			}
			out[key+"timesteps"] = tensor.FromFloat32s(times, len(times))
		}
	}
	s, err := diffusion.NewScheduler("ddim", config, 50)
	if err != nil {
		return nil, err
	}
	for _, t := range []float64{10, 500, 981} {
		noisy, err := s.AddNoise(diffusion.Latent{Dense: start}, diffusion.Latent{Dense: eps}, t)
		if err != nil {
			return nil, err
		}
		out[fmt.Sprintf("add_noise.%g", t)] = noisy.Dense
	}
	return out, nil
}

// standIn is what stands in for the UNet in a run from start, of one call a step.
type standIn struct {
	eps  []float32
	step int
}

func (s *standIn) Denoise(ctx context.Context, z diffusion.Latent, _ float64, _ diffusion.Guidance) (diffusion.Latent, error) {
	output := make([]float32, len(s.eps))
	for j, v := range z.Floats() {
		output[j] = float32(0.7*math.Tanh(float64(v)) + 0.3*(1+0.01*float64(s.step))*float64(s.eps[j]))
	}
	s.step++
	return z.With(output), ctx.Err()
}

// runRandom draws torch's CPU noise.
func runRandom(_ context.Context, _ options, _ tensors) (tensors, error) {
	out := tensors{}
	for _, seed := range []uint64{0, 42, 1234567890123} {
		for _, n := range []int{4, 15, 16, 4096, 16384} {
			out[fmt.Sprintf("mt19937.randn.%d.%d", seed, n)] = tensor.FromFloat32s(tensor.NewRand(seed).Randn(n), n)
		}
	}
	return out, nil
}
