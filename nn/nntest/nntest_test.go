package nntest

import (
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// recorder notes failures instead of failing.
type recorder struct {
	testing.TB
	failures int
}

func (r *recorder) Errorf(string, ...any) { r.failures++ }

func TestCheckGrad(t *testing.T) {
	relu := func(_ *nn.Build, in G.Nodes) *G.Node { return nn.ReLU(in[0]) }
	for _, c := range []struct {
		name string
		x    []float32
		want int
	}{
		{"right", []float32{-1, 1, 2}, 0},
		{"wrong at the corner", []float32{-1, 0, 2}, 1},
		{"zero everywhere, where nothing is checked", []float32{-1, -2, -3}, 3},
	} {
		r := &recorder{TB: t}
		CheckGrad(r, relu, []*gt.Dense{tensor.FromFloat32s(c.x, 3)})
		if r.failures != c.want {
			t.Errorf("%s: %d failures, want %d", c.name, r.failures, c.want)
		}
	}
}
