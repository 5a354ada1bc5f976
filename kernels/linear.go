package kernels

import "github.com/sdgraph/sdgraph/kernels/internal/gemm"

// Linear sets out[m,n] = x[m,k]·wᵀ + bias[n] + residual[m,n], with w [n,k] as
// torch.nn.Linear stores it. bias and residual may be nil; residual may be out
// itself.
func (p Precision) Linear(out, x []float32, w Elements, bias, residual []float32, m, n, k int) {
	wantLen("Linear", "out", out, m*n)
	wantLen("Linear", "x", x, m*k)
	wantElements("Linear", "w", w, n*k)
	wantOptional("Linear", "bias", bias, n)
	wantOptional("Linear", "residual", residual, m*n)
	run(gemm.Product{
		M: m, N: n, K: k,
		Left:  gemm.Rows{Data: x, Stride: k, Scale: 1},
		Right: w.right(k),
		Out:   out, Stride: n, Bias: bias, Residual: residual, Half: p.half(),
	})
}

// LinearGrad sets dx[m,k] = dy[m,n]·w, the gradient of [Precision.Linear] with
// respect to x.
func (p Precision) LinearGrad(dx, dy []float32, w Elements, m, n, k int) {
	wantLen("LinearGrad", "dx", dx, m*k)
	wantLen("LinearGrad", "dy", dy, m*n)
	wantElements("LinearGrad", "w", w, n*k)
	run(gemm.Product{
		M: m, N: k, K: n,
		Left:  gemm.Rows{Data: dy, Stride: n, Scale: 1},
		Right: gemm.Straight{Src: w.n, Stride: k},
		Out:   dx, Stride: k, Half: p.half(),
	})
}

// run computes products on the pool.
func run(products ...gemm.Product) { gemm.Run(Threads(), Parallel, products...) }
