package nn

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// What it costs to make a graph ready, by the number of its operations.

func BenchmarkBuild(b *testing.B) {
	for _, depth := range []int{50, 200} {
		w := newTower(b, depth)
		b.Run(fmt.Sprintf("blocks=%d", 2*depth), func(b *testing.B) {
			for b.Loop() {
				build := NewBuild()
				w.forward(build, build.Input("x", 1, 16, 3))
			}
		})
	}
}

func BenchmarkBuildAndGrad(b *testing.B) {
	for _, depth := range []int{50, 200} {
		w := newTower(b, depth)
		b.Run(fmt.Sprintf("blocks=%d", 2*depth), func(b *testing.B) {
			for b.Loop() {
				w.gradient(NewBuild())
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, depth := range []int{50, 200} {
		w := newTower(b, depth)
		p := compile(b, w.gradient)
		for _, share := range []int64{100, 50} {
			budget := WithMemory(p.ArenaBytes() * share / 100)
			b.Run(fmt.Sprintf("blocks=%d/memory=%d%%", 2*depth, share), func(b *testing.B) {
				for b.Loop() {
					compile(b, w.gradient, budget)
				}
				b.ReportMetric(float64(p.Instructions()), "ops")
			})
		}
	}
}

func BenchmarkPlace(b *testing.B) {
	for _, n := range []int{1000, 4000, 16000} {
		b.Run(fmt.Sprintf("storages=%d", n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			var all []*storage
			for i := range n {
				// Most values die soon; one in five is kept for the backward pass.
				last := i + 1 + r.IntN(5)
				if i < n/2 && r.IntN(5) == 0 {
					last = n - i
				}
				all = append(all, &storage{size: 1 + r.IntN(100000), first: i, last: last})
			}
			for b.Loop() {
				place(all)
			}
		})
	}
}

// What the executor adds to the work of the operations.
func BenchmarkRunOfSmallOperations(b *testing.B) {
	p := compile(b, func(build *Build) []*G.Node {
		x := build.Input("x", 16)
		for range 1000 {
			x = Affine(x, 0.5, 1)
		}
		return []*G.Node{x}
	})
	in := map[string]*gt.Dense{"x": dense(make([]float32, 16), gt.Shape{16})}
	for b.Loop() {
		if _, err := p.Run(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}
