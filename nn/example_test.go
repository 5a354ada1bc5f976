package nn_test

import (
	"context"
	"fmt"
	"log"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// A graph is written down once and run as often as wanted; here it is x² and
// its gradient.
func ExampleCompile() {
	p, err := nn.Compile(func(b *nn.Build) []*G.Node {
		x := b.Input("x", 3)
		loss := nn.Dot(x, x)
		return append(b.Grad(loss, x), loss)
	})
	if err != nil {
		log.Fatal(err)
	}
	out, err := p.Run(context.Background(), map[string]*gt.Dense{
		"x": tensor.FromFloat32s([]float32{1, 2, 3}, 3),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("x²:", out[1].Data())
	fmt.Println("gradient:", out[0].Data())
	// Output:
	// x²: 14
	// gradient: [2 4 6]
}

// A hook reads an attention layer's probabilities, or puts others in their
// place, while the graph is written down.
func ExampleHook() {
	var seen *G.Node
	hook := func(s *nn.Site) {
		if s.Path == "text.attn" {
			seen = s.Probs()
		}
	}
	p, err := nn.Compile(func(b *nn.Build) []*G.Node {
		x := b.Input("x", 1, 2, 2)
		b.Attend(nn.Site{Path: "text.attn", Heads: 1, Q: x, K: x, V: x})
		return []*G.Node{seen}
	}, nn.WithHooks(hook))
	if err != nil {
		log.Fatal(err)
	}
	out, err := p.Run(context.Background(), map[string]*gt.Dense{
		"x": tensor.FromFloat32s([]float32{0, 0, 1, 1}, 1, 2, 2),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", out[0].Data())
	// Output: [0.50 0.50 0.20 0.80]
}
