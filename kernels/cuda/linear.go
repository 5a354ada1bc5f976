package cuda

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// Linear sets out[m,n] = x[m,k]·wᵀ + bias[n] + residual[m,n], with w [n,k] of the host; see [kernels.Precision.Linear]. bias and
// residual may be nil; residual may be out.
func (d *Device) Linear(out, x []float32, w kernels.Elements, bias, residual []float32, m, n, k int) {
	const op = "Linear"
	wantLen(op, "out", out, m*n)
	wantLen(op, "x", x, m*k)
	wantElements(op, w, n*k)
	wantOptional(op, "bias", bias, n)
	wantOptional(op, "residual", residual, m*n)
	weights, memory := d.weights(w)
	d.gemm(op, gemm{kind: "forward", memory: memory, out: address(out), x: address(x), w: weights, bias: address(bias),
		residual: address(residual), m: m, n: n, k: k, inputs: len(x), windows: pixels(max(k, 1)), places: onePixel})
}

// LinearGrad sets dx[m,k] = dy[m,n]·w, the gradient of [Device.Linear] with respect to x.
func (d *Device) LinearGrad(dx, dy []float32, w kernels.Elements, m, n, k int) {
	const op = "LinearGrad"
	wantLen(op, "dx", dx, m*k)
	wantLen(op, "dy", dy, m*n)
	wantElements(op, w, n*k)
	weights, memory := d.weights(w)
	d.gemm(op, gemm{kind: "grad", memory: memory, out: address(dx), x: address(dy), w: weights,
		factor: d.gradFactor(dy), m: m, n: k, k: n, inputs: len(dy), windows: pixels(max(n, 1)), side: 1,
		places: onePixel})
}

func wantElements(op string, w kernels.Elements, n int) {
	if w.Len() != n {
		panic(fmt.Sprintf("cuda: %s: w has %d elements, want %d", op, w.Len(), n))
	}
}
