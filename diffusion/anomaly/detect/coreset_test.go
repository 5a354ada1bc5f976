package detect

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCoresets: a seed gives one choice in each reading, another seed another; the choice covers clusters that chance
// would miss.
func TestCoresets(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const width, n = 200, 300 // wider than both projections
	var all []float32
	for i := range n {
		far := float32(0)
		if i%100 == 7 { // three that lie apart
			far = 50 + float32(i)
		}
		for range width {
			all = append(all, far+float32(random.NormFloat64()))
		}
	}
	for _, r := range []Reading{Official, Anomalib} {
		rows, err := coreset(t.Context(), r, all, width, 12, 1)
		again, err2 := coreset(t.Context(), r, all, width, 12, 1)
		other, err3 := coreset(t.Context(), r, all, width, 12, 2)
		if err := errors.Join(err, err2, err3); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(rows, again) || slices.Equal(rows, other) {
			t.Errorf("%v: seed 1 chooses %v and %v, seed 2 %v", r, rows, again, other)
		}
		for _, far := range []int{7, 107, 207} {
			if !slices.Contains(rows, far) {
				t.Errorf("%v: %v misses %d", r, rows, far)
			}
		}
		slices.Sort(rows)
		if len(rows) != 12 || len(slices.Compact(rows)) != 12 {
			t.Errorf("%v: %v", r, rows)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if _, err := coreset(ended, r, all, width, 12, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("%v of a context that has ended: %v", r, err)
		}
	}
}

// TestNeighbours are sorted, of equal ones the first first, and no more than there are.
func TestNeighbours(t *testing.T) {
	bank := newMemoryBank([]float32{5, 1, 9, 1, 4, 2}, 1)
	if got := bank.neighbours([]float32{1.4}, 4); !slices.Equal(got, []int{1, 3, 5, 4}) {
		t.Errorf("%v", got)
	}
	if got := bank.neighbours([]float32{8}, 99); !slices.Equal(got, []int{2, 0, 4, 5, 1, 3}) {
		t.Errorf("%v", got)
	}
}
