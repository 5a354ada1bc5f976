package nn

import (
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// TestFLOPs counts the products of a linear layer and of its gradient, and
// compares with what a trace reports.
func TestFLOPs(t *testing.T) {
	l := NewLinearNoBias(5, 7)
	if err := Randomize(&l, 1, gt.Float32); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		gradient bool
		want     int64
	}{"forward": {false, 2 * 3 * 5 * 7}, "with gradient": {true, 2 * 2 * 3 * 5 * 7}} {
		p, err := Compile(func(b *Build) []*G.Node {
			x := b.Input("x", 1, 3, 5)
			loss := Mean(l.Forward(x))
			if !c.gradient {
				return []*G.Node{loss}
			}
			return append(b.Grad(loss, x), loss)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.FLOPs(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		var traced int64
		ctx := WithTrace(t.Context(), func(e Executed) { traced += e.FLOPs })
		x := gt.New(gt.WithShape(1, 3, 5), gt.WithBacking(make([]float32, 15)))
		if _, err := p.Run(ctx, map[string]*gt.Dense{"x": x}); err != nil {
			t.Fatal(err)
		}
		if traced != c.want {
			t.Errorf("%s: a trace adds up to %d, want %d", name, traced, c.want)
		}
	}
}
