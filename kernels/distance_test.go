package kernels

import (
	"math"
	"testing"
)

// TestSquaredDistance compares it with sums in float64, on one thread and on several.
func TestSquaredDistance(t *testing.T) {
	defer SetThreads(Threads())
	for _, n := range []int{0, 1, 7, distanceBlock, 5*distanceBlock + 3, 400_000} {
		a, b := randoms(1, n), randoms(2, n)
		want := 0.0
		for i, v := range a {
			want += (float64(v) - float64(b[i])) * (float64(v) - float64(b[i]))
		}
		SetThreads(1)
		got := SquaredDistance(a, b)
		if math.Abs(got-want) > 1e-6*want {
			t.Errorf("%d numbers: %g, want %g", n, got, want)
		}
		SetThreads(3)
		if other := SquaredDistance(a, b); other != got {
			t.Errorf("%d numbers: %g on three threads, %g on one", n, other, got)
		}
		if zero := SquaredDistance(a, a); zero != 0 {
			t.Errorf("%d numbers: %g from themselves", n, zero)
		}
	}
}
