package diffusion_test

import (
	"context"
	"fmt"
	"log"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
)

// A picture whose latent is led, before each step of denoising, to where the
// word crack gets more attention.
func Example() {
	ctx := context.Background()
	p, err := diffusion.Open(ctx, "../testdata/models/a") // a tiny model with random weights
	check(err)
	defer p.Close()

	const prompt = "a photo of a hazelnut with a crack on it"
	cond, err := p.Encode(ctx, prompt)
	check(err)
	crack, err := p.Tokenizer.FindWord(prompt, "crack")
	check(err)

	maps := diffusion.NewAttnStore(diffusion.Cross(4, 4))
	step, err := p.Compile(16, 16, // graph, gradient and memory plan: once
		diffusion.WithStore(maps),
		diffusion.WithLoss(func() *G.Node { return diffusion.AttendAndExcite(maps.Token(crack[0])) }),
		diffusion.WithGrad(diffusion.LatentInput))
	check(err)

	sched, err := diffusion.NewScheduler("ddim", p.Scheduler, 5)
	check(err)
	sampler := diffusion.Sampler{Model: step, Scheduler: sched, Guidance: diffusion.Guidance{Prompt: cond}}
	z := sampler.Start(diffusion.NewLatent(tensor.NewRand(42).Randn(4*16*16), 4, 16, 16))
	for m, err := range sampler.Steps(ctx, &z, 0) {
		check(err)
		in, err := m.Input() // z as the scheduler scales it for the model
		check(err)
		g, err := step.Grad(ctx, in, m.T, cond) // g.Loss, and its gradient with respect to in
		check(err)
		check(z.AddScaled(-20, g.Latent))
	}
	picture, err := p.Decode(ctx, z)
	check(err)
	fmt.Println(picture.Shape())
	// Output: (1, 3, 128, 128)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
