//go:build unix

package cuda

import (
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/kernels/kerneltest"
)

func (h onHost) linear(out, x []float32, w kernels.Elements, bias, residual []float32, m, n, k int) {
	h.withWeights(many{out}, many{x, bias, residual}, func(r, o many) {
		residual := h.under(r[0], o[2], out, residual)
		h.Linear(r[0], o[0], w, o[1], residual, m, n, k)
	})
}

func (h onHost) linearGrad(dx, dy []float32, w kernels.Elements, m, n, k int) {
	h.withWeights(many{dx}, many{dy}, func(r, o many) { h.LinearGrad(r[0], o[0], w, m, n, k) })
}

func (h onHost) conv(out, x []float32, w kernels.Elements, bias, residual []float32, s kernels.ConvShape) {
	h.withWeights(many{out}, many{x, bias, residual}, func(r, o many) {
		residual := h.under(r[0], o[2], out, residual)
		h.Conv(r[0], o[0], w, o[1], residual, s)
	})
}

func (h onHost) convGrad(dx, dy []float32, w kernels.Elements, s kernels.ConvShape) {
	h.withWeights(many{dx}, many{dy}, func(r, o many) { h.ConvGrad(r[0], o[0], w, s) })
}

// withWeights is run for functions that take weights, which the tests may change after every call.
func (h onHost) withWeights(results, operands many, f func(results, operands many)) {
	h.run(results, operands, f)
	must(h.Forget())
}

// under is the device's operand for x of the host, which is the result itself where it is so on the host.
func (h onHost) under(result, operand, out, x []float32) []float32 {
	if address(out) != address(x) || len(out) == 0 {
		return operand
	}
	must(h.Upload(result, x))
	return result
}

// gemms are the functions of gemm alone, for runs of the suite with tiles or parts that it would not have by itself.
func (h onHost) gemms() kerneltest.Functions {
	f := h.functions()
	f.Functions = kernels.Functions{Linear: f.Linear, LinearGrad: f.LinearGrad,
		Conv: f.Conv, ConvGrad: f.ConvGrad}
	return f
}

// TestTiles runs the suite with the tiles that are too large for its sizes.
func TestTiles(t *testing.T) {
	for _, precision := range []format{f32, f16, bf16} {
		t.Run(precision.String(), func(t *testing.T) {
			t.Parallel()
			h := emulated(t, true, precision)
			h.tile = wideTile
			kerneltest.Run(t, h.gemms())
		})
	}
}
