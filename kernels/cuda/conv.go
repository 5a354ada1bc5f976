package cuda

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// Conv sets out to the convolution of x [B, H, W, Cin] with w, which is of the host and comes from
// [kernels.ConvWeights], plus bias [Cout] and residual, which lies like out, and then its activation; see
// [kernels.Precision.Conv]. bias and residual may be nil; residual may be out.
func (d *Device) Conv(out, x []float32, w kernels.Elements, bias, residual []float32, s kernels.ConvShape) {
	const op = "Conv"
	h, wd := checkConv(op, s)
	m, k := s.B*h*wd, s.KH*s.KW*s.Cin
	wantLen(op, "out", out, m*s.Cout)
	wantLen(op, "x", x, s.B*s.H*s.W*s.Cin)
	wantElements(op, w, s.Cout*k)
	wantOptional(op, "bias", bias, s.Cout)
	wantOptional(op, "residual", residual, m*s.Cout)
	weights, memory := d.weights(w)
	d.gemm(op, gemm{kind: "forward", memory: memory, out: address(out), x: address(x), w: weights, bias: address(bias),
		residual: address(residual), m: m, n: s.Cout, k: k, inputs: len(x),
		windows: windows{height: s.H, width: s.W, channels: max(s.Cin, 1), outHeight: h, outWidth: wd, tapsX: s.KW,
			stride: s.Stride, top: -s.Pad.Top, left: -s.Pad.Left},
		places: places{height: h, width: wd, step: 1}})
	d.activate(out, s.Act)
}

// ConvGrad sets dx [B, H, W, Cin] to the gradient of [Device.Conv] of a square kernel with respect to x, given dy, that with respect to
// its result. Pixels whose coordinates leave the same remainders on division by the stride are reached by the same
// taps: each such class is a convolution of stride 1 over dy with its taps in reverse order, as in [kernels.Precision.ConvGrad].
func (d *Device) ConvGrad(dx, dy []float32, w kernels.Elements, s kernels.ConvShape) {
	const op = "ConvGrad"
	h, wd := checkConv(op, s)
	if s.KH != s.KW {
		panic(fmt.Sprintf("cuda: %s: a kernel of %d×%d, want a square one: there is no gradient of others on a GPU", op, s.KH, s.KW))
	}
	wantLen(op, "dx", dx, s.B*s.H*s.W*s.Cin)
	wantLen(op, "dy", dy, s.B*h*wd*s.Cout)
	wantElements(op, w, s.Cout*s.KH*s.KW*s.Cin)
	weights, memory := d.weights(w)
	g := gemm{kind: "grad", memory: memory, out: address(dx), x: address(dy), w: weights,
		factor: d.gradFactor(dy), n: s.Cin, inputs: len(dy)}
	for y := range min(s.Stride, s.H) {
		for x := range min(s.Stride, s.W) {
			d.gemm(op, gradClass(g, s, y, x))
		}
	}
}

// gradClass is g for the pixels (y+i·Stride, x+j·Stride).
func gradClass(g gemm, s kernels.ConvShape, y, x int) gemm {
	h, w := s.Out()
	rows, columns := tapsOf(y, s.KH, s.Stride, s.Pad.Top), tapsOf(x, s.KW, s.Stride, s.Pad.Left)
	g.windows = windows{height: h, width: w, channels: max(s.Cout, 1), tapsX: max(columns.count, 1), stride: 1,
		outHeight: (s.H - y + s.Stride - 1) / s.Stride, outWidth: (s.W - x + s.Stride - 1) / s.Stride,
		top: rows.pixel, left: columns.pixel}
	g.side, g.firstY, g.firstX, g.toNext = s.KW, rows.first, columns.first, -s.Stride
	g.places = places{height: s.H, width: s.W, firstY: y, firstX: x, step: s.Stride}
	g.m, g.k = s.B*g.windows.outHeight*g.windows.outWidth, rows.count*columns.count*s.Cout
	return g
}

// classTaps are the taps that reach the input pixels p, p+Stride, … along one axis, from the last, first, on down by
// the stride; pixel is that of the result, perhaps outside, from which the first one reaches p.
type classTaps struct{ first, count, pixel int }

func tapsOf(p, kernel, stride, before int) (c classTaps) {
	for k := kernel - 1; k >= 0; k-- {
		if at := p + before - k; at%stride == 0 {
			if c.count == 0 {
				c.first, c.pixel = k, at/stride
			}
			c.count++
		}
	}
	return c
}

// checkConv returns the size of the result and panics unless there is one.
func checkConv(op string, s kernels.ConvShape) (h, w int) {
	if err := s.Valid(); err != nil {
		panic(fmt.Sprintf("cuda: %s: %v", op, err))
	}
	return s.Out()
}
