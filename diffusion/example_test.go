package diffusion_test

import (
	"context"
	"fmt"
	"log"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
)

// A picture whose latent is led, before each step of denoising, to where the
// word crack gets more attention.
func Example() {
	ctx := context.Background()
	p, err := diffusion.Open("../testdata/models/a") // a tiny model with random weights
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
		diffusion.WithLoss(func() *G.Node { return nn.OneMinusMax(maps.Token(crack[0])) }),
		diffusion.WithGrad(diffusion.LatentInput))
	check(err)

	sched, err := diffusion.NewScheduler("ddim", p.Scheduler, 5)
	check(err)
	z := diffusion.NewLatent(tensor.NewRand(42).Randn(4*16*16), 4, 16, 16)
	for i, t := range sched.Timesteps() {
		g, err := step.Grad(ctx, z, t, cond) // g.Loss, and d loss / d z
		check(err)
		check(z.AddScaled(-20, g.Latent))
		eps, err := step.Denoise(ctx, z, t, diffusion.Guidance{Prompt: cond})
		check(err)
		next, err := sched.Step(eps.Floats(), z.Floats(), i)
		check(err)
		z = z.With(next)
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
