package kerneltest

import (
	"fmt"
	"math"
)

// neighbours checks distances to the nearest vectors of a bank, and after them the numbers of these.
func neighbours(f Functions) []check {
	var checks []check
	for _, s := range []struct{ m, n, k int }{{1, 1, 1}, {1, 40, 3}, {3, 5, 8}, {30, 33, 17}, {5, 900, 20}, {181, 391, 50}, {9, 400, 512}} {
		checks = append(checks, check{
			name: fmt.Sprintf("Nearest/%+v", s), kernel: f.Nearest, in: normals(s.m*s.k, s.n*s.k), out: 2 * s.m,
			forward: func(out []float32, in [][]float32) {
				index := make([]int, s.m)
				f.Nearest(out[:s.m:s.m], index, in[0], in[1], s.m, s.n, s.k)
				for i, at := range index {
					out[s.m+i] = float32(at)
				}
			},
			reference: func(in [][]float64) []float64 {
				out := make([]float64, 2*s.m)
				for i := range s.m {
					best := math.Inf(1)
					for j := range s.n {
						sum := 0.0
						for d, x := range in[0][i*s.k:][:s.k] {
							sum += (x - in[1][j*s.k+d]) * (x - in[1][j*s.k+d])
						}
						if sum < best {
							best, out[s.m+i] = sum, float64(j)
						}
					}
					out[i] = best
				}
				return out
			},
		})
	}
	return checks
}
