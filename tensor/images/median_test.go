package images

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMedian compares with values that are put in order, equal ones and squares larger than the picture among them.
func TestMedian(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range [][3]int{{1, 1, 2}, {7, 1, 2}, {1, 6, 1}, {3, 2, 4}, {20, 17, 2}, {33, 40, 3}, {9, 9, 0}} {
		w, h, radius := c[0], c[1], c[2]
		g := greys{w, h, make([]float32, w*h)}
		for i := range g.at {
			g.at[i] = float32(r.IntN(1+r.IntN(300))) / 255
		}
		got := g.median(radius)
		for i, v := range got.at {
			var around []float32
			for k, other := range g.at {
				if dx, dy := k%w-i%w, k/w-i/w; max(dx, -dx) <= radius && max(dy, -dy) <= radius {
					around = append(around, other)
				}
			}
			slices.Sort(around)
			if want := around[len(around)/2]; v != want {
				t.Fatalf("%v: value %d is %g, want %g", c, i, v, want)
			}
		}
	}
}
