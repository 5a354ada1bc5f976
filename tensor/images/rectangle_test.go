package images

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestRectangle finds numbers again of which the equation's right side was made.
func TestRectangle(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {5, 1}, {1, 5}, {2, 3}, {3, 2}, {7, 7}, {64, 61}, {60, 62}, {300, 509}} {
		lines, n := size[0], size[1]
		r := rand.New(rand.NewPCG(1, 2))
		want := make([]float32, 2*lines*n)
		for i := range want {
			y, x := i/n%lines, i%n
			want[i] = float32(100*math.Sin(float64(3*x+y)/float64(n))) + 30*r.Float32() // smooth with grain
		}
		got := make([]float32, len(want))
		for k := range 2 {
			laplacian(got[k*lines*n:][:lines*n], want[k*lines*n:][:lines*n], n)
		}
		newRectangle(lines, n).solve(got)
		worst := 0.0
		for i, v := range got {
			worst = max(worst, math.Abs(float64(v)-float64(want[i])))
		}
		if !(worst < 0.01) {
			t.Errorf("%v: off by up to %g", size, worst)
		}
	}
}

// laplacian is the sum of each number's four neighbours less four times itself, with 0 around.
func laplacian(f, u []float32, n int) {
	at := func(y, x int) float32 {
		if x < 0 || x >= n || y < 0 || y >= len(u)/n {
			return 0
		}
		return u[y*n+x]
	}
	for i := range f {
		y, x := i/n, i%n
		f[i] = at(y, x-1) + at(y, x+1) + at(y-1, x) + at(y+1, x) - 4*at(y, x)
	}
}
