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
	start, eps, shape := in["init"], in["eps"], in["init"].Shape()
	out := tensors{}
	for _, name := range []string{"ddim", "pndm", "euler", "dpmpp2m"} {
		for _, steps := range []int{20, 50, 100} {
			s, err := diffusion.NewScheduler(name, config, steps)
			if err != nil {
				return nil, err
			}
			final, err := sample(ctx, s, tensor.Float32s(start), tensor.Float32s(eps))
			if err != nil {
				return nil, err
			}
			key := fmt.Sprintf("%s.%d.", name, steps)
			out[key+"final"] = tensor.FromFloat32s(final, shape...)
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
		noisy, err := s.AddNoise(tensor.Float32s(start), tensor.Float32s(eps), t)
		if err != nil {
			return nil, err
		}
		out[fmt.Sprintf("add_noise.%g", t)] = tensor.FromFloat32s(noisy, shape...)
	}
	return out, nil
}

func sample(ctx context.Context, s diffusion.Scheduler, start, eps []float32) ([]float32, error) {
	x := make([]float32, len(start))
	for i, v := range start {
		x[i] = v * float32(s.InitNoiseSigma())
	}
	for i := range s.Timesteps() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		scaled, err := s.ScaleModelInput(x, i)
		if err != nil {
			return nil, err
		}
		output := make([]float32, len(x))
		for j, v := range scaled {
			output[j] = float32(0.7*math.Tanh(float64(v)) + 0.3*(1+0.01*float64(i))*float64(eps[j]))
		}
		if x, err = s.Step(output, x, i); err != nil {
			return nil, err
		}
	}
	return x, nil
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
