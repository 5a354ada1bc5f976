package generate

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
)

// TestAdaptiveWeights has the released code's masks and weights, from noise that drowns the picture to none, which is
// 1 everywhere.
func TestAdaptiveWeights(t *testing.T) {
	golden, said := attentionGolden(t)
	const side = 16
	mask := golden("mask")
	normal := diffusion.NewLatent(golden("normal"), 4, side, side)
	for _, c := range said.Weights {
		o := ReleasedAnomalyDiffusion()
		o.Steps = c.Steps
		by := reach(o.widest(), c.Time, 32)
		if by != c.Radius {
			t.Errorf("%s: the mask is wider by %d cells, want %d", c.Key, by, c.Radius)
		}
		wide := widened(mask, side, side, by)
		if !slices.Equal(wide, golden(c.Key+".dilated")) {
			t.Errorf("%s: the mask, wider by %d cells, is another", c.Key, by)
		}
		z := diffusion.NewLatent(golden(c.Key+".z"), 4, side, side)
		near(t, fmt.Sprintf("%s, weights", c.Key), adaptiveWeights(z, normal, wide, o.Low, o.High), golden(c.Key), 1e-5)
	}
	if tried := len(said.Weights); tried != 5 {
		t.Errorf("%d cases", tried)
	}
	for i, v := range adaptiveWeights(normal, normal, make([]float32, side*side), 1, 1.5) {
		if v != 1 {
			t.Fatalf("without a mask cell %d weighs %g", i, v)
		}
	}
}

// TestReach: the mask is never wider than itself near the picture, and half as wide in a latent half as large.
func TestReach(t *testing.T) {
	for _, c := range []struct {
		t    float64
		side int
		want int
	}{{981, 32, 8}, {981, 64, 17}, {981, 16, 4}, {24, 64, 1}, {1, 32, 0}} {
		if got := reach(8, c.t, c.side); got != c.want {
			t.Errorf("timestep %g, %d cells: wider by %d, want %d", c.t, c.side, got, c.want)
		}
	}
}
