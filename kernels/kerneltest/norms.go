package kerneltest

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

const eps = 1e-5

func norms(f Functions) []check {
	var checks []check
	for _, s := range []struct{ rows, c int }{{1, 1}, {3, 4}, {2, 17}, {4, 64}, {1, 100}} {
		rows, c := s.rows, s.c
		checks = append(checks, check{name: fmt.Sprintf("LayerNorm/%v", s), kernel: f.LayerNorm,
			in: offset(normals(rows*c, c, c)), out: rows * c, inPlace: []int{0}, tolerance: 4e-6,
			forward: func(out []float32, in [][]float32) { f.LayerNorm(out, in[0], in[1], in[2], rows, c, eps) },
			reference: func(in [][]float64) []float64 {
				return groupNorm(in, rows, 1, c, 1, func(y float64) float64 { return y })
			},
			gradients: []gradient{{of: 0, kernel: f.LayerNormGrad, inPlace: true,
				run: func(dx, dy []float32, in [][]float32) { f.LayerNormGrad(dx, dy, in[0], in[1], rows, c, eps) }}}})
	}
	for _, act := range []struct {
		name string
		act  kernels.Activation
		f    func(y float64) float64
	}{
		{"none", kernels.NoActivation, func(y float64) float64 { return y }},
		{"SiLU", kernels.SiLU, func(y float64) float64 { return y * sigmoid(y) }},
	} {
		for _, s := range []struct{ b, hw, c, groups int }{
			{1, 1, 12, 2}, {2, 9, 6, 3}, {1, 33, 8, 1}, {2, 10, 32, 32}, {1, 7, 40, 4}, {1, 300, 4, 2},
		} {
			b, hw, c, groups := s.b, s.hw, s.c, s.groups
			checks = append(checks, check{name: fmt.Sprintf("GroupNorm/%s/%v", act.name, s), kernel: f.GroupNorm,
				in: offset(normals(b*hw*c, c, c)), out: b * hw * c, inPlace: []int{0}, tolerance: 4e-6,
				forward: func(out []float32, in [][]float32) {
					f.GroupNorm(out, in[0], in[1], in[2], b, hw, c, groups, eps, act.act)
				},
				reference: func(in [][]float64) []float64 { return groupNorm(in, b, hw, c, groups, act.f) },
				gradients: []gradient{{of: 0, kernel: f.GroupNormGrad, inPlace: true,
					run: func(dx, dy []float32, in [][]float32) {
						f.GroupNormGrad(dx, dy, in[0], in[1], in[2], b, hw, c, groups, eps, act.act)
					}}}})
		}
	}
	return checks
}

// offset gives the first operand a mean that is not zero.
func offset(in [][]float32) [][]float32 {
	for i := range in[0] {
		in[0][i] += 2
	}
	return in
}

// groupNorm is the definition, on x, gamma and beta; a layer norm is the case of one position and one group.
func groupNorm(in [][]float64, b, hw, c, groups int, act func(float64) float64) []float64 {
	x, gamma, beta := in[0], in[1], in[2]
	out := make([]float64, len(x))
	width := c / groups
	for k := range b * groups {
		each := func(f func(i, channel int)) {
			for p := range hw {
				for j := range width {
					channel := k%groups*width + j
					f((k/groups*hw+p)*c+channel, channel)
				}
			}
		}
		var mean, variance float64
		each(func(i, _ int) { mean += x[i] / float64(hw*width) })
		each(func(i, _ int) { variance += (x[i] - mean) * (x[i] - mean) / float64(hw*width) })
		each(func(i, channel int) {
			out[i] = act((x[i]-mean)/math.Sqrt(variance+eps)*gamma[channel] + beta[channel])
		})
	}
	return out
}
