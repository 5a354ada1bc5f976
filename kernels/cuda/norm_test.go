//go:build unix

package cuda

import (
	"fmt"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/kernels/kerneltest"
)

// TestGroupNormParts takes maps that are cut into parts, with means far from 0: the suite's are smaller.
func TestGroupNormParts(t *testing.T) {
	const eps = 1e-5
	h := emulated(t, true, f32)
	for _, s := range []struct{ b, hw, c, groups int }{{2, 3000, 40, 4}, {1, 4096, 20, 2}, {1, 5000, 3, 1}} {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			n := s.b * s.hw * s.c
			x, dy := kerneltest.Normal(1, n), kerneltest.Normal(2, n)
			gamma, beta := kerneltest.Normal(3, s.c), kerneltest.Normal(4, s.c)
			for i := range x {
				x[i] += float32(10 * (i % s.c))
			}
			want, wantGrad := make([]float32, n), make([]float32, n)
			kernels.GroupNorm(want, x, gamma, beta, s.b, s.hw, s.c, s.groups, eps, kernels.SiLU)
			kernels.GroupNormGrad(wantGrad, dy, x, gamma, beta, s.b, s.hw, s.c, s.groups, eps, kernels.SiLU)
			out, dx := make([]float32, n), make([]float32, n)
			h.run(many{out, dx}, many{x, dy, gamma, beta}, func(r, o many) {
				h.GroupNorm(r[0], o[0], o[2], o[3], s.b, s.hw, s.c, s.groups, eps, kernels.SiLU)
				h.GroupNormGrad(r[1], o[1], o[0], o[2], o[3], s.b, s.hw, s.c, s.groups, eps, kernels.SiLU)
			})
			near(t, "out", out, want, tolerance(f32))
			near(t, "dx", dx, wantGrad, tolerance(f32))
		})
	}
}

// TestSumRowsLong has more rows than the suite's shapes.
func TestSumRowsLong(t *testing.T) {
	h := emulated(t, true, f32)
	const b, rows, c = 2, 4096, 70
	x, want, out := kerneltest.Normal(1, b*rows*c), make([]float32, b*c), make([]float32, b*c)
	kernels.SumRows(want, x, b, rows, c)
	h.run(many{out}, many{x}, func(r, o many) { h.SumRows(r[0], o[0], b, rows, c) })
	near(t, "sums", out, want, tolerance(f32))
}
