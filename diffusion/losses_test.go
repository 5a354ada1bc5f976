package diffusion

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// TestAttendAndExcite computes the loss and its gradients with maps of two tokens by hand: what max(0, 1 - max(m)) and
// Python's max of two such give in PyTorch.
func TestAttendAndExcite(t *testing.T) {
	for _, c := range []struct {
		name string
		in   [][]float32
		loss float32
		grad [][]float32
	}{
		{"the less seen one counts", [][]float32{{0.25, 0.75}, {0.5, 0.125}}, 0.5, [][]float32{{0, 0}, {-1, 0}}},
		{"positions that tie share", [][]float32{{0.5, 0.5}, {0.75, 0.25}}, 0.5, [][]float32{{-0.5, -0.5}, {0, 0}}},
		{"the first of two alike", [][]float32{{0.5, 0}, {0.25, 0.5}}, 0.5, [][]float32{{-1, 0}, {0, 0}}},
		{"seen enough", [][]float32{{1, 0}, {0, 1.5}}, 0, [][]float32{{0, 0}, {0, 0}}},
		{"one token", [][]float32{{0.125, 0.25}}, 0.75, [][]float32{{0, -1}}},
	} {
		p, err := nn.Compile(func(b *nn.Build) []*G.Node {
			var maps []*G.Node
			for i, m := range c.in {
				maps = append(maps, b.Input(fmt.Sprint(i), 1, len(m), 1))
			}
			loss := AttendAndExcite(maps...)
			return append([]*G.Node{loss}, b.Grad(loss, maps...)...)
		})
		if err != nil {
			t.Fatal(err)
		}
		in := map[string]*gt.Dense{}
		for i, m := range c.in {
			in[fmt.Sprint(i)] = tensor.FromFloat32s(m, 1, len(m), 1)
		}
		out, err := p.Run(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got := tensor.Float32s(out[0])[0]; got != c.loss {
			t.Errorf("%s: the loss is %g, want %g", c.name, got, c.loss)
		}
		for i, want := range c.grad {
			if got := tensor.Float32s(out[1+i]); !slices.Equal(got, want) {
				t.Errorf("%s: the gradient with map %d is %v, want %v", c.name, i, got, want)
			}
		}
	}
}

// TestNarrowGaussian has the weights of the published code at its σ, 1/2.
func TestNarrowGaussian(t *testing.T) {
	g := NarrowGaussian(0.5)
	for _, d := range []float64{0, 1, -2} {
		if want := math.Exp(-d * d); math.Abs(g(d)-want) > 1e-15 {
			t.Errorf("at %g: %g, want %g", d, g(d), want)
		}
	}
}
