package detect

import (
	"image"
	"slices"
	"sync"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// TestUsedBySeveral: goroutines that detect, while another fits again, get what one alone gets.
func TestUsedBySeveral(t *testing.T) {
	train := append(normals(64, 64, 3), spotted(64, 64, 99, image.Rect(20, 20, 40, 40)))
	for name, d := range fitted(t, 3) {
		pictures := []*image.RGBA{part(64, 64, 5), part(90, 70, 6), spotted(64, 64, 7, image.Rect(30, 30, 40, 40)).Picture}
		var want []anomaly.Detection
		for _, p := range pictures {
			v, err := d.Detect(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, v)
		}
		var wait sync.WaitGroup
		for i := range 6 {
			wait.Go(func() {
				p := i % len(pictures)
				got, err := d.Detect(t.Context(), pictures[p])
				if err != nil || got.Score != want[p].Score || !slices.Equal(got.Map.Values, want[p].Map.Values) {
					t.Errorf("%s: score %v (%v), alone %v", name, got.Score, err, want[p].Score)
				}
			})
		}
		wait.Go(func() {
			if err := d.Fit(t.Context(), samples(train...)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		wait.Wait()
	}
}
