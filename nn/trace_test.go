package nn

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

func TestTrace(t *testing.T) {
	l := loaded(t, NewLinear(5, 3))
	p := compile(t, func(b *Build) []*G.Node {
		x := b.Input("x", 1, 2, 5)
		loss := Mean(SiLU(l.Forward(x)))
		return append([]*G.Node{loss}, b.Grad(loss, x)...)
	})
	work := map[string]int64{}
	ctx := WithTrace(t.Context(), func(e Executed) {
		if e.Took < 0 {
			t.Errorf("%s took %v", e.Op, e.Took)
		}
		work[e.Op] += e.FLOPs
	})
	in := map[string]*gt.Dense{"x": dense(normal(1, 10), gt.Shape{1, 2, 5})}
	for _, c := range []context.Context{ctx, t.Context()} { // the second run is not traced
		if _, err := p.Run(c, in); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]int64{
		"linear weight": 2 * 2 * 5 * 3, "linear gradient weight": 2 * 2 * 5 * 3,
		"silu": 0, "silu gradient": 0, "mean": 0, "mean gradient": 0,
	}
	if diff := cmp.Diff(want, work); diff != "" {
		t.Errorf("operations and their work, want (-), got (+):\n%s", diff)
	}
}
