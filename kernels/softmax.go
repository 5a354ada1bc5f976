package kernels

import "github.com/sdgraph/sdgraph/kernels/internal/vec"

// Softmax sets out[r,:] = exp(x[r,:]-max)/Σ for every row of [rows, n]. A row of -Inf gives NaN, as in torch. out may
// be x.
func Softmax(out, x []float32, rows, n int) {
	wantLen("Softmax", "out", out, rows*n)
	wantLen("Softmax", "x", x, rows*n)
	Range(rows, rowGrain(n), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			y, row := out[r*n:][:n], x[r*n:][:n]
			sum := vec.ExpSub(y, row, vec.Max(row))
			vec.Scale(y, y, 1/sum)
		}
	})
}

// SoftmaxGrad sets dx[r,:] = y·(dy - Σ dy·y), the gradient of [Softmax] from its result y. dx may be dy or y.
func SoftmaxGrad(dx, dy, y []float32, rows, n int) {
	wantLen("SoftmaxGrad", "dx", dx, rows*n)
	wantLen("SoftmaxGrad", "dy", dy, rows*n)
	wantLen("SoftmaxGrad", "y", y, rows*n)
	Range(rows, rowGrain(n), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			d, p := dy[r*n:][:n], y[r*n:][:n]
			vec.MulDev(dx[r*n:][:n], p, d, vec.Dot(d, p))
		}
	})
}
