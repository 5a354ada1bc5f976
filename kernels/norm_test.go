package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func randoms(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// TestGroupNormLargeMaps holds the statistics of a VAE-sized map with a large mean to float64 ones.
func TestGroupNormLargeMaps(t *testing.T) {
	const hw, c, groups = 40000, 16, 4
	x := randoms(1, hw*c)
	for i := range x {
		x[i] += float32(i%c) * 4
	}
	gamma, beta := randoms(2, c), randoms(3, c)
	got := make([]float32, len(x))
	GroupNorm(got, x, gamma, beta, 1, hw, c, groups, 1e-6, NoActivation)
	for group := range groups {
		var sum, square float64
		each := func(f func(i, j int)) {
			for r := range hw {
				for j := group * c / groups; j < (group+1)*c/groups; j++ {
					f(r*c+j, j)
				}
			}
		}
		each(func(i, j int) { sum += float64(x[i]) })
		mean := sum / (hw * c / groups)
		each(func(i, j int) { square += (float64(x[i]) - mean) * (float64(x[i]) - mean) })
		rstd := 1 / math.Sqrt(square/(hw*c/groups)+1e-6)
		worst := 0.0
		each(func(i, j int) {
			want := (float64(x[i])-mean)*rstd*float64(gamma[j]) + float64(beta[j])
			worst = max(worst, math.Abs(float64(got[i])-want))
		})
		if worst > 4e-6 {
			t.Errorf("group %d: largest error %g", group, worst)
		}
	}
}

// TestSumsDoNotDependOnThreads runs everything that adds up over rows on one and on several threads.
func TestSumsDoNotDependOnThreads(t *testing.T) {
	const b, hw, c, groups = 2, 1500, 24, 3
	x, dy, gamma, beta := randoms(1, b*hw*c), randoms(2, b*hw*c), randoms(3, c), randoms(4, c)
	defer SetThreads(Threads())
	var first [][]float32
	for _, threads := range []int{1, 2, 5} {
		SetThreads(threads)
		got := [][]float32{make([]float32, len(x)), make([]float32, len(x)), make([]float32, b*c)}
		GroupNorm(got[0], x, gamma, beta, b, hw, c, groups, 1e-5, SiLU)
		GroupNormGrad(got[1], dy, x, gamma, beta, b, hw, c, groups, 1e-5, SiLU)
		SumRows(got[2], x, b, hw, c)
		if first == nil {
			first = got
		}
		for i := range got {
			if !slices.Equal(got[i], first[i]) {
				t.Errorf("result %d on %d threads differs from that on one", i, threads)
			}
		}
	}
}
