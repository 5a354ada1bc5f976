package main

import (
	"context"
	"fmt"
	"os"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// runTxt2img takes noise [1, C, h, w] to a picture, by so many steps of DDIM, led by the first of two rows of ids away from
// the second; every latent on the way is there.
func runTxt2img(ctx context.Context, o options, in tensors) (tensors, error) {
	opts := []diffusion.OpenOption{diffusion.WithoutCLIP(), diffusion.WithPrecision(o.precision())}
	if o.device != nil {
		opts = append(opts, diffusion.WithDevice(o.device))
	}
	p, err := diffusion.Open(ctx, o.Model, opts...)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	s := diffusion.Sampler{Guidance: diffusion.Guidance{Scale: tensor.Float32s(in["guidance"])[0]}}
	if s.Guidance.Prompt, s.Guidance.Negative, err = encodeBoth(ctx, o, p, in); err != nil {
		return nil, err
	}
	if s.Scheduler, err = diffusion.NewScheduler("ddim", p.Scheduler, int(tensor.Float32s(in["steps"])[0])); err != nil {
		return nil, err
	}
	shape := in["noise"].Shape()
	if s.Model, err = p.Compile(shape[2], shape[3]); err != nil {
		return nil, err
	}
	out, z := tensors{}, s.Start(diffusion.Latent{Dense: in["noise"]})
	for m, err := range s.Steps(ctx, &z, 0) {
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "step %d of %d: t %g\n", m.I+1, len(s.Scheduler.Timesteps()), m.T)
		if m.I > 0 {
			out[fmt.Sprintf("latent.%d", m.I-1)] = z.Copy().Dense
		}
	}
	out[fmt.Sprintf("latent.%d", len(s.Scheduler.Timesteps())-1)] = z.Dense
	out["image"], err = p.Decode(ctx, z)
	return out, err
}

// encodeBoth are the hidden states of two rows of ids.
func encodeBoth(ctx context.Context, o options, p *diffusion.Pipeline, in tensors) (first, second diffusion.Prompt, err error) {
	if rows := in["input_ids"].Shape()[0]; rows != 2 {
		return first, second, fmt.Errorf("input_ids has %d rows, want those of the prompt and of the negative one", rows)
	}
	texts, err := execute(ctx, o, in, func(g *graph) { g.outputs["hidden"] = p.Text.Forward(g.b, g.input("input_ids")) })
	if err != nil {
		return first, second, err
	}
	hidden := texts["hidden"]
	length, width := hidden.Shape()[1], hidden.Shape()[2]
	row := func(i int) diffusion.Prompt {
		return diffusion.Prompt{Hidden: tensor.FromFloat32s(tensor.Float32s(hidden)[i*length*width:(i+1)*length*width], 1, length, width)}
	}
	return row(0), row(1), nn.Finite(hidden)
}
