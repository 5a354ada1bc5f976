package kernels

import (
	"fmt"
	"sync/atomic"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/winograd"
)

// ConvShape describes a two-dimensional convolution with a kernel of KH×KW pixels
// over an input [B, H, W, Cin], that many rows and columns of zeros around it, and
// what follows it. The same Stride is taken down and across.
type ConvShape struct {
	B, H, W   int
	Cin, Cout int
	KH, KW    int
	Stride    int
	Pad       Padding
	Act       Activation // of the sum of products, bias and residual; no gradient knows it
}

// Out returns the height and width of the result.
func (s ConvShape) Out() (h, w int) {
	return (s.H+s.Pad.Top+s.Pad.Bottom-s.KH)/s.Stride + 1, (s.W+s.Pad.Left+s.Pad.Right-s.KW)/s.Stride + 1
}

// ConvWeights brings the weights of a convolution from the order of a
// checkpoint, [Cout, Cin, KH, KW], into the one that [Precision.Conv] and
// [Precision.ConvGrad] take, [Cout, KH·KW, Cin], in the same precision. The
// weights of a 1×1 kernel, or of one channel, are returned as they are, without a copy.
//
// With one for cout, and the number of channels for cin, it brings those of a depthwise
// convolution, [C, 1, KH, KW], into the order of [Depthwise], [KH·KW, C].
func ConvWeights(w Elements, cout, cin, kh, kw int) Elements {
	taps := kh * kw
	wantElements("ConvWeights", "w", w, cout*cin*taps)
	if taps == 1 || cin == 1 {
		return w
	}
	w.kept = nil
	if w.n.Format == gemm.Float32 {
		w.n.F32 = channelsLastWeights(w.n.F32, cout, cin, taps)
	} else {
		w.n.U16 = channelsLastWeights(w.n.U16, cout, cin, taps)
	}
	return w
}

func channelsLastWeights[T any](w []T, cout, cin, taps int) []T {
	out := make([]T, len(w))
	Parallel(cout, func(co int) {
		from, to := w[co*cin*taps:][:cin*taps], out[co*cin*taps:][:cin*taps]
		for c := range cin {
			for t, v := range from[c*taps:][:taps] {
				to[t*cin+c] = v
			}
		}
	})
	return out
}

// Conv sets out[b,y,x,co] = act(Σ w[co,ky,kx,c]·x[b,y·Stride-Pad.Top+ky,
// x·Stride-Pad.Left+kx,c] + bias[co] + residual[b,y,x,co]), pixels outside the
// input counting as zero. w comes from [ConvWeights]; bias and residual may
// be nil; residual may be out itself.
func (p Precision) Conv(out, x []float32, w Elements, bias, residual []float32, s ConvShape) {
	h, wd := s.check("Conv")
	pixels := s.B * h * wd
	wantLen("Conv", "out", out, pixels*s.Cout)
	wantLen("Conv", "x", x, s.B*s.H*s.W*s.Cin)
	wantElements("Conv", "w", w, s.Cout*s.KH*s.KW*s.Cin)
	wantOptional("Conv", "bias", bias, s.Cout)
	wantOptional("Conv", "residual", residual, pixels*s.Cout)
	if s.Act == SiLU {
		s.Act = NoActivation
		p.Conv(out, x, w, bias, residual, s)
		SiLUForward(out, out)
		return
	}
	k := s.KH * s.KW * s.Cin
	s.run(winograd.Conv{
		B: s.B, H: s.H, W: s.W, OutH: h, OutW: wd, Top: s.Pad.Top, Left: s.Pad.Left, X: x, Weights: winograd.Weights{Src: w.n, Cout: s.Cout, Cin: s.Cin},
		Out: out, Bias: bias, Residual: residual, Limits: s.Act.vectorLimits(), Half: p.halfConv(s),
	}, gemm.Product{
		M: pixels, N: s.Cout, K: k,
		Left: gemm.Windows{
			X: x, H: s.H, W: s.W, C: s.Cin, OutH: h, OutW: wd,
			KH: s.KH, KW: s.KW, Stride: s.Stride, OffY: -s.Pad.Top, OffX: -s.Pad.Left,
		}.Left(),
		Right: w.right(k),
		Out:   out, Stride: s.Cout, Bias: bias, Residual: residual, Half: p.halfConv(s), Limits: s.Act.productLimits(),
	})
}

// run computes a convolution by Winograd's algorithm or as products. The algorithm is
// the slower one where AMX takes pixels as they lie and it would have to transform
// weights for every hundred tiles.
func (s ConvShape) run(c winograd.Conv, products ...gemm.Product) {
	if s.winograd(c.Weights) && !(products[0].ByPixels() && c.ByWeights()) {
		c.Run(Parallel)
		return
	}
	run(products...)
}

// ConvGrad sets dx [B, H, W, Cin] to the gradient of [Precision.Conv] with respect to x,
// given dy, the gradient with respect to its result before an activation.
//
// Input pixels whose coordinates leave the same remainders on division by
// Stride are reached by the same taps of the kernel, so that each such class
// is a convolution of stride 1 over dy with its taps in reverse order.
func (p Precision) ConvGrad(dx, dy []float32, w Elements, s ConvShape) {
	h, wd := s.check("ConvGrad")
	wantLen("ConvGrad", "dx", dx, s.B*s.H*s.W*s.Cin)
	wantLen("ConvGrad", "dy", dy, s.B*h*wd*s.Cout)
	wantElements("ConvGrad", "w", w, s.Cout*s.KH*s.KW*s.Cin)
	var products []gemm.Product
	for y := range min(s.Stride, s.H) {
		for x := range min(s.Stride, s.W) {
			products = append(products, s.gradClass(p, dx, dy, w, y, x))
		}
	}
	s.run(winograd.Conv{
		B: s.B, H: h, W: wd, OutH: s.H, OutW: s.W, Top: s.KH - 1 - s.Pad.Top, Left: s.KW - 1 - s.Pad.Left, X: dy, Weights: winograd.Weights{Src: w.n, Cout: s.Cout, Cin: s.Cin, Adjoint: true},
		Out: dx, Half: p.halfConv(s),
	}, products...)
}

// direct is whether Winograd's algorithm is switched off.
var direct atomic.Bool

// SetWinograd sets whether 3×3 convolutions of stride 1 may be computed by
// Winograd's algorithm F(4×4, 3×3) where that is faster (default: true). It takes a
// quarter of the multiplications, with about five times the rounding error of a
// direct convolution: 2e-6 of the results' RMS in place of 3e-7. For bfloat16 see
// [BFloat16].
func SetWinograd(on bool) { direct.Store(!on) }

// winograd reports whether a convolution is computed by that algorithm. On
// inputs of fewer pixels it would spend most of the time on the weights.
func (s ConvShape) winograd(w winograd.Weights) bool {
	const fewest, kernel = 12, 3
	return !direct.Load() && s.KH == kernel && s.KW == kernel && s.Stride == 1 && max(s.Pad.Top, s.Pad.Bottom, s.Pad.Left, s.Pad.Right) < kernel &&
		min(s.H, s.W) >= fewest && w.Suits()
}

// gradClass is the product that computes the input pixels (y+i·Stride,
// x+j·Stride).
func (s ConvShape) gradClass(precision Precision, dx, dy []float32, w Elements, y, x int) gemm.Product {
	h, wd := s.Out()
	rows, cols := classOf(y, s.KH, s.Stride, s.Pad.Top), classOf(x, s.KW, s.Stride, s.Pad.Left)
	var taps []int
	for _, ky := range rows.taps {
		for _, kx := range cols.taps {
			taps = append(taps, ky*s.KW+kx)
		}
	}
	outH, outW := (s.H-y+s.Stride-1)/s.Stride, (s.W-x+s.Stride-1)/s.Stride
	p := gemm.Product{
		M: s.B * outH * outW, N: s.Cin, K: len(taps) * s.Cout,
		Left: gemm.Windows{
			X: dy, H: h, W: wd, C: s.Cout, OutH: outH, OutW: outW,
			KH: len(rows.taps), KW: len(cols.taps), Stride: 1, OffY: rows.first, OffX: cols.first,
		}.Left(),
		Right: gemm.Taps{Src: w.n, Cout: s.Cout, All: s.KH * s.KW, Cin: s.Cin, List: taps},
		Out:   dx, Stride: s.Cin, Half: precision.halfConv(s),
	}
	if s.Stride > 1 {
		p.Place = func(r int) int {
			b, i, j := r/(outH*outW), r/outW%outH, r%outW
			return ((b*s.H+y+i*s.Stride)*s.W + x + j*s.Stride) * s.Cin
		}
	}
	return p
}

// classTaps are the taps that reach the input pixels p, p+Stride, … along one
// axis, last tap first, and the output pixel (perhaps outside) from which the
// first of them reaches pixel p.
type classTaps struct {
	taps  []int
	first int
}

func classOf(p, kernel, stride, before int) (c classTaps) {
	for k := kernel - 1; k >= 0; k-- {
		if d := p + before - k; d%stride == 0 {
			if len(c.taps) == 0 {
				c.first = d / stride
			}
			c.taps = append(c.taps, k)
		}
	}
	return c
}

// check returns the size of the result and panics unless there is one.
func (s ConvShape) check(op string) (h, w int) {
	if err := s.Valid(); err != nil {
		panic(fmt.Sprintf("kernels: %s: %v", op, err))
	}
	return s.Out()
}

// Valid returns an error if there is no such convolution: one without a kernel or a
// stride, of negative padding, or whose kernel is larger than the padded input.
func (s ConvShape) Valid() error {
	if s.Act > ReLU6 {
		return fmt.Errorf("%v is no activation that can be fused", s.Act)
	}
	return checkWindows(s.H, s.W, s.KH, s.KW, s.Stride, s.Pad)
}
