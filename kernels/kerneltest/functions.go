// Package kerneltest is the conformance suite of package kernels: every kernel against a naive float64 loop, its
// gradient against finite differences of that loop, at sizes chosen for their remainders, between guard words, and in
// place where the kernel's documentation allows it.
//
// An implementation (another instruction set, another device) fills in [Functions] and calls [Run].
package kerneltest

import "github.com/sdgraph/sdgraph/kernels"

// Functions are the kernels of one implementation, documented at the functions of the same names in package kernels.
// Those that are nil are skipped.
type Functions struct {
	// Tolerance multiplies the error that is allowed of float32 arithmetic; 0 means 1.
	Tolerance float64

	Add, Mul         func(out, a, b []float32)
	Scale, AddScaled func(out, x []float32, f float32)
	AddRows          func(out, x, t []float32, b, rows, c int)
	SumRows          func(out, x []float32, b, rows, c int)

	SiLUForward, GELU, QuickGELU      func(out, x []float32)
	SiLUGrad, GELUGrad, QuickGELUGrad func(dx, dy, x []float32)
	GEGLU                             func(out, x []float32, rows, n int)
	GEGLUGrad                         func(dx, dy, x []float32, rows, n int)
	Softmax                           func(out, x []float32, rows, n int)
	SoftmaxGrad                       func(dx, dy, y []float32, rows, n int)

	GroupNorm     func(out, x, gamma, beta []float32, b, hw, c, groups int, eps float32, act kernels.Activation)
	GroupNormGrad func(dx, dy, x, gamma, beta []float32, b, hw, c, groups int, eps float32, act kernels.Activation)
	LayerNorm     func(out, x, gamma, beta []float32, rows, c int, eps float32)
	LayerNormGrad func(dx, dy, x, gamma []float32, rows, c int, eps float32)

	UpsampleNearest, UpsampleNearestGrad func(out, x []float32, b, h, w, c, factor int)
	ConcatChannels                       func(out []float32, rows int, parts [][]float32, widths []int)
	SplitChannels                        func(part, x []float32, rows, total, offset, width int)
	ChannelsLast, ChannelsFirst          func(out, x []float32, b, c, hw int)
	Resample                             func(out, x []float32, b, h, w, c int, rows, cols kernels.Taps)

	Linear      func(out, x []float32, w kernels.Elements, bias, residual []float32, m, n, k int)
	LinearGrad  func(dx, dy []float32, w kernels.Elements, m, n, k int)
	ConvWeights func(w kernels.Elements, cout, cin, kernel int) kernels.Elements
	Conv        func(out, x []float32, w kernels.Elements, bias, residual []float32, s kernels.ConvShape)
	ConvGrad    func(dx, dy []float32, w kernels.Elements, s kernels.ConvShape)
	MatMul      func(out, a, b kernels.Matrix, m, n, k int, scale float32)
	BatchMatMul func(batch int, at func(i int) (out, a, b kernels.Matrix), m, n, k int, scale float32)

	Attention      func(out, lse, q, k, v []float32, s kernels.AttentionShape)
	AttentionGrad  func(dq, dk, dv, q, k, v, out, dout, lse []float32, s kernels.AttentionShape)
	AttentionProbs func(p, q, k []float32, s kernels.AttentionShape)

	AttentionTokens     func(p, q, k []float32, tokens []int, s kernels.AttentionShape)
	AttentionTokensGrad func(dq, dk, q, k, dp []float32, tokens []int, s kernels.AttentionShape)
}

// CPU is package kernels itself, on the instruction set in use.
func CPU() Functions {
	return Functions{
		Add: kernels.Add, Mul: kernels.Mul, Scale: kernels.Scale, AddScaled: kernels.AddScaled,
		AddRows: kernels.AddRows, SumRows: kernels.SumRows,
		SiLUForward: kernels.SiLUForward, GELU: kernels.GELU, QuickGELU: kernels.QuickGELU,
		SiLUGrad: kernels.SiLUGrad, GELUGrad: kernels.GELUGrad, QuickGELUGrad: kernels.QuickGELUGrad,
		GEGLU: kernels.GEGLU, GEGLUGrad: kernels.GEGLUGrad,
		Softmax: kernels.Softmax, SoftmaxGrad: kernels.SoftmaxGrad,
		GroupNorm: kernels.GroupNorm, GroupNormGrad: kernels.GroupNormGrad,
		LayerNorm: kernels.LayerNorm, LayerNormGrad: kernels.LayerNormGrad,
		UpsampleNearest: kernels.UpsampleNearest, UpsampleNearestGrad: kernels.UpsampleNearestGrad,
		ConcatChannels: kernels.ConcatChannels, SplitChannels: kernels.SplitChannels,
		ChannelsLast: kernels.ChannelsLast, ChannelsFirst: kernels.ChannelsFirst,
		Resample: kernels.Resample,
		Linear:   kernels.Linear, LinearGrad: kernels.LinearGrad,
		ConvWeights: kernels.ConvWeights, Conv: kernels.Conv, ConvGrad: kernels.ConvGrad,
		MatMul: kernels.MatMul, BatchMatMul: kernels.BatchMatMul,
		Attention: kernels.Attention, AttentionGrad: kernels.AttentionGrad, AttentionProbs: kernels.AttentionProbs,
		AttentionTokens: kernels.AttentionTokens, AttentionTokensGrad: kernels.AttentionTokensGrad,
	}
}
