package kernels

// Functions are the kernels of one implementation, with products of one
// [Precision]. They are documented at the functions, and the methods of Precision,
// of the same names.
type Functions struct {
	// Constant returns x where the other functions can read it: itself on the host, a
	// copy on a Device.
	Constant func(x []float32) []float32

	Add, Mul         func(out, a, b []float32)
	Scale, AddScaled func(out, x []float32, f float32)
	Copy             func(out, x []float32)
	Fill             func(out []float32, v float32)
	Affine           func(out, x []float32, factor, offset float32)
	AffineChannels   func(out, x, factor, offset []float32, rows, c int)
	AddRows          func(out, x, t []float32, b, rows, c int)
	SumRows          func(out, x []float32, b, rows, c int)

	SiLUForward, GELU, QuickGELU      func(out, x []float32)
	SiLUGrad, GELUGrad, QuickGELUGrad func(dx, dy, x []float32)
	Clamp                             func(out, x []float32, lo, hi float32)
	ClampGrad                         func(dx, dy, x []float32, lo, hi float32)
	GEGLU                             func(out, x []float32, rows, n int)
	GEGLUGrad                         func(dx, dy, x []float32, rows, n int)
	Softmax                           func(out, x []float32, rows, n int)
	SoftmaxGrad                       func(dx, dy, y []float32, rows, n int)

	GroupNorm     func(out, x, gamma, beta []float32, b, hw, c, groups int, eps float32, act Activation)
	GroupNormGrad func(dx, dy, x, gamma, beta []float32, b, hw, c, groups int, eps float32, act Activation)
	LayerNorm     func(out, x, gamma, beta []float32, rows, c int, eps float32)
	LayerNormGrad func(dx, dy, x, gamma []float32, rows, c int, eps float32)

	Dot, ScaleBy         func(out, a, b []float32)
	Mean, OneMinusMax    func(out, x []float32)
	MeanGrad             func(dx, dy []float32)
	OneMinusMaxGrad      func(dx, dy, x []float32)
	Largest              func(out []float32, x [][]float32)
	LargestGrad          func(dx, dy []float32, x [][]float32, i int)
	CosineSimilarity     func(out, a, b []float32, rows, c int)
	CosineSimilarityGrad func(da, dy, a, b []float32, rows, c int)
	Waves                func(out, t, f []float32, sin, cos int)

	UpsampleNearest, UpsampleNearestGrad func(out, x []float32, b, h, w, c, factor int)
	ConcatChannels                       func(out []float32, rows int, parts [][]float32, widths []int)
	SplitChannels                        func(part, x []float32, rows, total, offset, width int)
	SplitChannelsGrad                    func(dx, dy []float32, rows, total, offset, width int)
	ChannelsLast, ChannelsFirst          func(out, x []float32, b, c, hw int)
	Resample                             func(out, x []float32, b, h, w, c int, rows, cols Taps)

	// A Device may leave these to the host: they are nil then.
	Depthwise            func(out, x, w, bias []float32, s ConvShape)
	MaxPool, AveragePool func(out, x []float32, s PoolShape)

	Linear      func(out, x []float32, w Elements, bias, residual []float32, m, n, k int)
	LinearGrad  func(dx, dy []float32, w Elements, m, n, k int)
	Conv        func(out, x []float32, w Elements, bias, residual []float32, s ConvShape)
	ConvGrad    func(dx, dy []float32, w Elements, s ConvShape)
	BatchMatMul func(batch int, at func(i int) (out, a, b Matrix), m, n, k int, scale float32)

	Attention           func(out, lse, q, k, v []float32, s AttentionShape)
	AttentionGrad       func(dq, dk, dv, q, k, v, out, dout, lse []float32, s AttentionShape)
	AttentionTokens     func(p, q, k []float32, tokens []int, s AttentionShape)
	AttentionTokensGrad func(dq, dk, q, k, dp []float32, tokens []int, s AttentionShape)
}

// CPU returns the kernels of this package, on the instruction set in use, whose
// products are of p. It is an error where the processor, or that set, cannot
// multiply such numbers.
func CPU(p Precision) (Functions, error) {
	if err := p.check(); err != nil {
		return Functions{}, err
	}
	f := cpu
	f.Linear, f.LinearGrad = p.Linear, p.LinearGrad
	f.Conv, f.ConvGrad = p.Conv, p.ConvGrad
	f.Attention, f.AttentionGrad = p.Attention, p.AttentionGrad
	f.AttentionTokensGrad = p.AttentionTokensGrad
	return f, nil
}

// cpu is the kernels that no precision changes.
var cpu = Functions{
	Constant: func(x []float32) []float32 { return x },

	Add: Add, Mul: Mul, Scale: Scale, AddScaled: AddScaled,
	Copy: Copy, Fill: Fill, Affine: Affine, AffineChannels: AffineChannels,
	AddRows: AddRows, SumRows: SumRows,
	SiLUForward: SiLUForward, GELU: GELU, QuickGELU: QuickGELU,
	SiLUGrad: SiLUGrad, GELUGrad: GELUGrad, QuickGELUGrad: QuickGELUGrad,
	Clamp: Clamp, ClampGrad: ClampGrad,
	GEGLU: GEGLU, GEGLUGrad: GEGLUGrad,
	Softmax: Softmax, SoftmaxGrad: SoftmaxGrad,
	GroupNorm: GroupNorm, GroupNormGrad: GroupNormGrad,
	LayerNorm: LayerNorm, LayerNormGrad: LayerNormGrad,
	Dot: Dot, ScaleBy: ScaleBy,
	Mean: Mean, MeanGrad: MeanGrad, OneMinusMax: OneMinusMax, OneMinusMaxGrad: OneMinusMaxGrad,
	Largest: Largest, LargestGrad: LargestGrad,
	CosineSimilarity: CosineSimilarity, CosineSimilarityGrad: CosineSimilarityGrad,
	Waves:           Waves,
	UpsampleNearest: UpsampleNearest, UpsampleNearestGrad: UpsampleNearestGrad,
	ConcatChannels: ConcatChannels, SplitChannels: SplitChannels, SplitChannelsGrad: SplitChannelsGrad,
	ChannelsLast: ChannelsLast, ChannelsFirst: ChannelsFirst,
	Resample:  Resample,
	Depthwise: Depthwise, MaxPool: MaxPool, AveragePool: AveragePool,
	BatchMatMul: BatchMatMul, AttentionTokens: AttentionTokens,
}
