package diffusion_test

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Attend-and-Excite (Chefer et al., arXiv 2301.13826): during the first half of
// the steps, the latent goes down the loss of the word that is seen least.
func Example_attendAndExcite() {
	ctx := context.Background()
	p, cond := open(ctx)
	defer p.Close()

	words := append(word(p, "macadamia"), word(p, "crack")...)
	maps := diffusion.NewAttnStore(diffusion.Cross(4, 4)) // of Stable Diffusion 1.5 at 512×512: 16, 16
	step, err := p.Compile(16, 16, diffusion.WithStore(maps), diffusion.WithGrad(diffusion.LatentInput),
		diffusion.WithLoss(func() *G.Node { // equation 2: max over words of 1 - max over positions
			tokens := diffusion.TokenMaps(maps.Mean())
			var each []*G.Node
			for _, j := range words {
				each = append(each, diffusion.TokenMap(tokens, 4, 4, j, nn.StandardGaussian(0.5)))
			}
			return diffusion.AttendAndExcite(each...)
		}))
	check(err)
	sched, err := diffusion.NewScheduler("ddim", p.Scheduler, 6)
	check(err)
	sampler := diffusion.Sampler{Model: step, Scheduler: sched, Guidance: diffusion.Guidance{Prompt: cond}}
	z := sampler.Start(latent(1))
	for m, err := range sampler.Steps(ctx, &z, 0) {
		check(err)
		if m.I >= 3 {
			continue // denoise only
		}
		in, err := m.Input()
		check(err)
		g, err := step.Grad(ctx, in, m.T, cond)
		check(err)
		check(z.AddScaled(-20*(1-0.1*float32(m.I)), g.Latent))
	}
	fmt.Println(z.Shape())
	// Output: (1, 4, 16, 16)
}

// A loss of one's own, in gorgonia's operations: how far the centre of a word's
// attention is from the left edge. (Those that gorgonia gets wrong are refused
// when the step is compiled; package nn says more.)
func Example_ownLoss() {
	ctx := context.Background()
	p, cond := open(ctx)
	defer p.Close()

	crack := word(p, "crack")
	maps := diffusion.NewAttnStore(diffusion.Cross(4, 4), diffusion.WithTokens(crack...))
	step, err := p.Compile(16, 16, diffusion.WithStore(maps), diffusion.WithGrad(diffusion.LatentInput),
		diffusion.WithLoss(func() *G.Node {
			m := maps.Word(crack) // [1, 4·4, 1]
			columns := make([]float32, 16)
			for i := range columns {
				columns[i] = float32(i%4) / 3
			}
			x := G.NewTensor(m.Graph(), gt.Float32, 3, G.WithName("columns"), G.WithShape(1, 16, 1),
				G.WithValue(gt.New(gt.WithShape(1, 16, 1), gt.WithBacking(columns))))
			moment := G.Must(G.Sum(G.Must(G.HadamardProd(m, x))))
			return G.Must(G.Div(moment, G.Must(G.Sum(m))))
		}))
	check(err)

	z := latent(1)
	before, err := step.Grad(ctx, z, 500, cond)
	check(err)
	check(z.AddScaled(-50, before.Latent))
	after, err := step.Grad(ctx, z, 500, cond)
	check(err)
	fmt.Println(after.Loss < before.Loss)
	// Output: true
}
