//go:build unix

package cuda

import (
	"fmt"
	"slices"
	"testing"

	"github.com/x448/float16"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/kernels/kerneltest"
)

// halves are normally distributed weights in float16.
func halves(seed uint64, n int) kernels.Elements {
	bits := make([]uint16, n)
	for i, x := range kerneltest.Normal(seed, n) {
		bits[i] = float16.Fromfloat32(x).Bits()
	}
	return kernels.Float16s(bits)
}

// allowed is the error of products by normally distributed numbers, relative to the largest result: each is rounded,
// and so are sums of thousands of them, in both implementations.
func allowed(precision format) float64 { return 4*precision.roundoff() + 64*f32.roundoff() }

// TestLinearLayers holds linear layers of Stable Diffusion 1.5 to package kernels.
func TestLinearLayers(t *testing.T) {
	t.Parallel()
	h := emulated(t, true, f16)
	for _, s := range []struct{ m, n, k int }{
		{512, 320, 320},  // an eighth of the first level's pixels
		{64, 1280, 1280}, // the last level, in parts
		{77, 320, 768},   // keys from the text
		{130, 513, 1283}, // where nothing is aligned
	} {
		x, w := kerneltest.Normal(1, s.m*s.k), halves(2, s.n*s.k)
		bias, residual := kerneltest.Normal(3, s.n), kerneltest.Normal(4, s.m*s.n)
		got, want := make([]float32, s.m*s.n), make([]float32, s.m*s.n)
		kernels.Float32.Linear(want, x, w, bias, residual, s.m, s.n, s.k)
		h.linear(got, x, w, bias, residual, s.m, s.n, s.k)
		near(t, fmt.Sprintf("Linear of %+v", s), got, want, allowed(h.math))
		dx, wantGrad := make([]float32, len(x)), make([]float32, len(x))
		kernels.Float32.LinearGrad(wantGrad, residual, w, s.m, s.n, s.k)
		h.linearGrad(dx, residual, w, s.m, s.n, s.k)
		near(t, fmt.Sprintf("LinearGrad of %+v", s), dx, wantGrad, allowed(h.math))
	}
}

// TestConvLayers holds convolutions of Stable Diffusion 1.5, of pieces of its pictures, to package kernels.
func TestConvLayers(t *testing.T) {
	t.Parallel()
	same := func(b, h, w, cin, cout int) kernels.ConvShape {
		return kernels.ConvShape{B: b, H: h, W: w, Cin: cin, Cout: cout, KH: 3, KW: 3, Stride: 1, Pad: kernels.Pad(1)}
	}
	for _, c := range []struct {
		math format
		kernels.ConvShape
	}{
		{f16, same(2, 12, 16, 320, 320)},
		{f16, kernels.ConvShape{B: 1, H: 16, W: 16, Cin: 128, Cout: 128, KH: 3, KW: 3, Stride: 2, Pad: kernels.Padding{Bottom: 1, Right: 1}}},
		{f16, same(1, 16, 24, 4, 320)},
		{bf16, kernels.ConvShape{B: 2, H: 4, W: 4, Cin: 640, Cout: 320, KH: 1, KW: 1, Stride: 1}},
		{f32, same(1, 12, 12, 64, 136)},
	} {
		h, s := emulated(t, true, c.math), c.ConvShape
		height, width := s.Out()
		pixels, count := s.B*height*width, s.Cout*s.KH*s.KW*s.Cin
		x, w := kerneltest.Normal(1, s.B*s.H*s.W*s.Cin), halves(2, count)
		bias, residual := kerneltest.Normal(3, s.Cout), kerneltest.Normal(4, pixels*s.Cout)
		got, want := make([]float32, len(residual)), make([]float32, len(residual))
		kernels.Float32.Conv(want, x, w, bias, residual, s)
		h.conv(got, x, w, bias, residual, s)
		near(t, fmt.Sprintf("Conv %v of %+v", c.math, s), got, want, allowed(c.math))
		dx, wantGrad := make([]float32, len(x)), make([]float32, len(x))
		kernels.Float32.ConvGrad(wantGrad, residual, w, s)
		h.convGrad(dx, residual, w, s)
		near(t, fmt.Sprintf("ConvGrad %v of %+v", c.math, s), dx, wantGrad, allowed(c.math))
	}
}

// TestSmallGradientsOfLayers holds gradients far below what float16 can hold to keep their relative precision.
func TestSmallGradientsOfLayers(t *testing.T) {
	t.Parallel()
	const m, n, k, scale = 65, 70, 100, 1e-12
	h := emulated(t, true, f16)
	dy, w := kerneltest.Normal(1, m*n), halves(2, n*k)
	for i := range dy {
		dy[i] *= scale
	}
	got, want := make([]float32, m*k), make([]float32, m*k)
	kernels.Float32.LinearGrad(want, dy, w, m, n, k)
	h.linearGrad(got, dy, w, m, n, k)
	near(t, "LinearGrad", got, want, allowed(f16))
	clear(dy)
	h.linearGrad(got, dy, w, m, n, k)
	for i, x := range got {
		if x != 0 {
			t.Fatalf("element %d of the gradient of nothing is %g", i, x)
		}
	}
}

// TestPartsAgree holds products whose sums are cut to being the same every time, whichever memory they find.
func TestPartsAgree(t *testing.T) {
	t.Parallel()
	const m, n, k = 20, 33, 2000
	h := emulated(t, true, bf16)
	if p := (&gemm{m: m, n: n, k: k, math: bf16}).plan(0); p.parts < 2 {
		t.Fatalf("the sum is not cut: %+v", p)
	}
	x, w := kerneltest.Normal(1, m*k), halves(2, n*k)
	first, second := make([]float32, m*n), make([]float32, m*n)
	h.linear(first, x, w, nil, nil, m, n, k)
	h.linear(second, x, w, nil, nil, m, n, k)
	if !slices.Equal(first, second) {
		t.Error("results differ")
	}
}
