package detect

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// vectors are k pictures' of c numbers on a grid of 3×2, correlated.
func vectors(k, c int) features {
	random := rand.New(rand.NewPCG(uint64(k), uint64(c)))
	f := newFeatures(k, 3, 2, c)
	for i := range f.patches() {
		common := random.NormFloat64()
		for j := range c {
			f.values[i*c+j] = float32(common*float64(j+1)/4 + random.NormFloat64() + float64(j))
		}
	}
	return f
}

// TestDistancesAreMahalanobis: with fewer vectors than numbers, with as many and with more, they are √(δᵀΣ⁻¹δ) of a
// covariance that is written down and inverted.
func TestDistancesAreMahalanobis(t *testing.T) {
	for _, size := range [][2]int{{2, 5}, {4, 5}, {5, 5}, {9, 4}, {40, 3}, {3, 1}} {
		k, c := size[0], size[1]
		f, query := vectors(k, c), vectors(1, c)
		g, err := fitGaussians(t.Context(), f, 0.01)
		if err != nil {
			t.Fatal(err)
		}
		if (g.basis != nil) != (k < c) || (g.factor != nil) != (k >= c) {
			t.Errorf("%d vectors of %d numbers: a basis %v, a factor %v", k, c, g.basis != nil, g.factor != nil)
		}
		for p, got := range g.distances(query.values) {
			if want := mahalanobis(f, query, p, 0.01); math.Abs(float64(got)-want) > 1e-5*want {
				t.Errorf("%d vectors of %d numbers, place %d: %g, want %g", k, c, p, got, want)
			}
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := fitGaussians(ended, vectors(3, 2), 0.01); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

// mahalanobis solves (Σ + ridge·I)·x = δ by elimination and returns √(δ·x).
func mahalanobis(f, query features, place int, ridge float64) float64 {
	n, c := f.h*f.w, f.c
	at := func(f features, i, j int) float64 { return float64(f.values[(i*n+place)*c+j]) }
	mean, rows := make([]float64, c), make([][]float64, c)
	for j := range c {
		for i := range f.n {
			mean[j] += at(f, i, j) / float64(f.n)
		}
	}
	for a := range c {
		rows[a] = make([]float64, c+1)
		for b := range c {
			for i := range f.n {
				rows[a][b] += (at(f, i, a) - mean[a]) * (at(f, i, b) - mean[b]) / float64(f.n-1)
			}
		}
		rows[a][a] += ridge
		rows[a][c] = at(query, 0, a) - mean[a]
	}
	for a := range c { // Gauss and Jordan; the matrix is positive definite
		for b := range c {
			if factor := rows[b][a] / rows[a][a]; b != a {
				for j := range rows[b] {
					rows[b][j] -= factor * rows[a][j]
				}
			}
		}
	}
	sum := 0.0
	for a := range c {
		sum += (at(query, 0, a) - mean[a]) * rows[a][c] / rows[a][a]
	}
	return math.Sqrt(sum)
}
