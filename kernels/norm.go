package kernels

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// LayerNorm normalises every row of [rows, c] to mean 0 and variance 1 and applies gamma and beta, both [c] (Ba et al.
// 2016, torch.nn.LayerNorm): the variance is the biased one and eps is added to it. out may be x.
func LayerNorm(out, x, gamma, beta []float32, rows, c int, eps float32) {
	wantLen("LayerNorm", "out", out, rows*c)
	wantLen("LayerNorm", "x", x, rows*c)
	wantLen("LayerNorm", "gamma", gamma, c)
	wantLen("LayerNorm", "beta", beta, c)
	Range(rows, rowGrain(c), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row := x[r*c:][:c]
			mean, rstd := rowMoments(row, eps)
			vec.Normalize(out[r*c:][:c], row, gamma, beta, mean, rstd)
		}
	})
}

// LayerNormGrad sets dx to the gradient of [LayerNorm] with respect to x, where dy and x are [rows, c]. dx may be dy.
func LayerNormGrad(dx, dy, x, gamma []float32, rows, c int, eps float32) {
	wantLen("LayerNormGrad", "dx", dx, rows*c)
	wantLen("LayerNormGrad", "dy", dy, rows*c)
	wantLen("LayerNormGrad", "x", x, rows*c)
	wantLen("LayerNormGrad", "gamma", gamma, c)
	Range(rows, rowGrain(c), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			d, row := dx[r*c:][:c], x[r*c:][:c]
			mean, rstd := rowMoments(row, eps)
			vec.Mul(d, dy[r*c:][:c], gamma)
			dmean, slope := normGrad(float64(rstd), float64(vec.Sum(d)), float64(vec.DotDev(d, row, mean)), c)
			vec.CombineDev(d, d, row, rstd, float32(dmean), float32(slope), mean)
		}
	})
}

// rowMoments is the mean of a row and one over its standard deviation, in two passes over a row in cache.
func rowMoments(row []float32, eps float32) (mean, rstd float32) {
	n := float64(len(row))
	mean = float32(float64(vec.Sum(row)) / n)
	variance := float64(vec.SumSquareDev(row, mean)) / n
	return mean, float32(1 / math.Sqrt(variance+float64(eps)))
}

// normGrad says how the gradient of a normalisation of n values follows from d, the gradient with respect to the
// normalised values, given one over their standard deviation, Σ d and Σ d·(x-mean):
// dx = rstd·(d - dmean) + slope·(x - mean).
func normGrad(rstd, sum, dot float64, n int) (dmean, slope float64) {
	return sum / float64(n), -rstd * rstd * rstd * dot / float64(n)
}

// GroupNorm normalises x of shape [b, hw, c] over each group of c/groups consecutive channels and all hw positions of
// a batch entry, applies gamma and beta, both [c], and then act, NoActivation or SiLU (Wu and He 2018, torch.nn.GroupNorm on channels-last
// data): the variance is the biased one and eps is added to it. groups must divide c. out may be x.
func GroupNorm(out, x []float32, gamma, beta []float32, b, hw, c, groups int, eps float32, act Activation) {
	wantSiLU("GroupNorm", act)
	g := newGroupNorm("GroupNorm", out, x, gamma, beta, b, hw, c, groups)
	g.measure(x, eps)
	apply := vec.Affine
	if act == SiLU {
		apply = vec.AffineSiLU
	}
	g.eachRow(func(i, lo, hi int) {
		scale, shift := g.affine(i)
		for ; lo < hi; lo += c {
			apply(out[lo:][:c], x[lo:][:c], scale, shift)
		}
	})
}

// GroupNormGrad sets dx to the gradient of [GroupNorm], act included, with respect to x, where dx, dy and x are
// [b, hw, c]. dx may be dy.
func GroupNormGrad(dx, dy, x []float32, gamma, beta []float32, b, hw, c, groups int, eps float32, act Activation) {
	wantSiLU("GroupNormGrad", act)
	g := newGroupNorm("GroupNormGrad", dx, x, gamma, beta, b, hw, c, groups)
	wantLen("GroupNormGrad", "dy", dy, len(dx))
	g.measure(x, eps)
	d, prepare := dy, func(i, lo, hi int) {}
	if act == SiLU {
		d, prepare = dx, func(i, lo, hi int) {
			scale, shift := g.affine(i)
			for ; lo < hi; lo += c {
				vec.AffineSiLUGrad(dx[lo:][:c], dy[lo:][:c], x[lo:][:c], scale, shift)
			}
		}
	}
	ca, cb, cc := g.gradColumns(d, x, prepare)
	g.eachRow(func(i, lo, hi int) {
		at := g.blocks.entry(i) * c
		for ; lo < hi; lo += c {
			vec.CombineColumns(dx[lo:][:c], d[lo:][:c], x[lo:][:c], ca[at:][:c], cb[at:][:c], cc[at:][:c])
		}
	})
}

// wantSiLU panics unless act is one of the two that a norm applies.
func wantSiLU(op string, act Activation) {
	if act > SiLU {
		panic(fmt.Sprintf("kernels: %s: activation %v, want %v or %v", op, act, NoActivation, SiLU))
	}
}

func checkGroups(op string, c, groups int) {
	if groups < 1 || c < 1 || c%groups != 0 {
		panic(fmt.Sprintf("kernels: %s: %d groups do not divide %d channels", op, groups, c))
	}
}
