// Package vec holds the loops over float32 vectors that everything else in kernels is built from: arithmetic,
// reductions, the exponential and the activations made of it, and the conversion of half-precision numbers.
//
// Each primitive exists as a pure Go loop (go_*.go) and, on amd64, as generated assembly for AVX2 and AVX-512
// (asm/ holds the generator). Package isa picks the set. The exported functions run on the calling goroutine and panic
// when an operand is shorter than the vector it goes with.
//
// A result element never depends on where in a vector it stands, so elementwise work may be cut anywhere. Reductions
// depend only on their own operands. Between instruction sets results differ by rounding.
package vec

import "github.com/sdgraph/sdgraph/kernels/internal/isa"

// functions is one instruction set's implementation of every primitive. Operands have been cut to one length.
type functions struct {
	add, mul       func(out, a, b []float32)
	scale          func(out, x []float32, f float32)
	addScaled      func(out, x []float32, f float32)
	affine         func(out, x, scale, shift []float32)
	affineSiLU     func(out, x, scale, shift []float32)
	affineSiLUGrad func(dx, dy, x, scale, shift []float32)
	normalize      func(out, x, gamma, beta []float32, mean, rstd float32)
	combineDev     func(out, d, x []float32, a, p, b, q float32)
	combineColumns func(out, d, x, a, b, c []float32)
	mulDev         func(out, a, b []float32, m float32)
	sum, max       func(x []float32) float32
	dot            func(a, b []float32) float32
	sumSquareDev   func(x []float32, m float32) float32
	dotDev         func(d, x []float32, m float32) float32
	moments        func(sum, square, shift, x []float32)
	comoments      func(sum, dot, shift, d, x []float32)
	exp            func(out, x []float32)
	expSub         func(out, x []float32, m float32) float32
	swish          func(out, x []float32, beta float32)
	swishGrad      func(dx, dy, x []float32, beta float32)
	gelu           func(out, x []float32)
	geluGrad       func(dx, dy, x []float32)
	float16        func(dst []float32, src []uint16)
	bfloat16       func(dst []float32, src []uint16)
	clamp          func(out, x []float32, lo, hi float32)
	larger         func(out, a, b []float32)
	depthwise      [12]depthwise // of 1 to 12 windows
}

// sets has the implementation of every level; on a level without assembly it is the pure Go one.
var sets = [isa.Levels]*functions{isa.PureGo: &pureGo, isa.AVX2: &pureGo, isa.AVX512: &pureGo, isa.AMX: &pureGo}

// use is the implementation that package isa has chosen.
func use() *functions { return sets[isa.Current()] }

// Add sets out[i] = a[i] + b[i]. out may be a or b.
func Add(out, a, b []float32) { use().add(out, a[:len(out)], b[:len(out)]) }

// Mul sets out[i] = a[i]·b[i]. out may be a or b.
func Mul(out, a, b []float32) { use().mul(out, a[:len(out)], b[:len(out)]) }

// Scale sets out[i] = f·x[i]. out may be x.
func Scale(out, x []float32, f float32) { use().scale(out, x[:len(out)], f) }

// AddScaled sets out[i] += f·x[i].
func AddScaled(out, x []float32, f float32) { use().addScaled(out, x[:len(out)], f) }

// Affine sets out[i] = scale[i]·x[i] + shift[i]. out may be x.
func Affine(out, x, scale, shift []float32) {
	n := len(out)
	use().affine(out, x[:n], scale[:n], shift[:n])
}

// AffineSiLU sets out[i] = silu(scale[i]·x[i] + shift[i]). out may be x.
func AffineSiLU(out, x, scale, shift []float32) {
	n := len(out)
	use().affineSiLU(out, x[:n], scale[:n], shift[:n])
}

// AffineSiLUGrad sets dx[i] = dy[i]·silu'(scale[i]·x[i] + shift[i]), the gradient with respect to silu's argument.
// dx may be dy or x.
func AffineSiLUGrad(dx, dy, x, scale, shift []float32) {
	n := len(dx)
	use().affineSiLUGrad(dx, dy[:n], x[:n], scale[:n], shift[:n])
}

// Normalize sets out[i] = (x[i] - mean)·rstd·gamma[i] + beta[i]. out may be x.
func Normalize(out, x, gamma, beta []float32, mean, rstd float32) {
	n := len(out)
	use().normalize(out, x[:n], gamma[:n], beta[:n], mean, rstd)
}

// CombineDev sets out[i] = a·(d[i] - p) + b·(x[i] - q). out may be d or x.
func CombineDev(out, d, x []float32, a, p, b, q float32) {
	n := len(out)
	use().combineDev(out, d[:n], x[:n], a, p, b, q)
}

// CombineColumns sets out[i] = a[i]·d[i] + b[i]·x[i] + c[i]. out may be d or x.
func CombineColumns(out, d, x, a, b, c []float32) {
	n := len(out)
	use().combineColumns(out, d[:n], x[:n], a[:n], b[:n], c[:n])
}

// MulDev sets out[i] = a[i]·(b[i] - m). out may be a or b.
func MulDev(out, a, b []float32, m float32) { use().mulDev(out, a[:len(out)], b[:len(out)], m) }

// Clamp sets out[i] = min(max(x[i], lo), hi); a NaN stays one. out may be x.
func Clamp(out, x []float32, lo, hi float32) { use().clamp(out, x[:len(out)], lo, hi) }

// Larger sets out[i] = max(a[i], b[i]), NaN if either is one. out may be a or b.
func Larger(out, a, b []float32) { use().larger(out, a[:len(out)], b[:len(out)]) }

// Sum returns Σ x[i].
func Sum(x []float32) float32 { return use().sum(x) }

// Max returns the largest x[i], -Inf for no elements. With a NaN among them the result is any of them.
func Max(x []float32) float32 { return use().max(x) }

// Dot returns Σ a[i]·b[i].
func Dot(a, b []float32) float32 { return use().dot(a, b[:len(a)]) }

// SumSquareDev returns Σ (x[i] - m)².
func SumSquareDev(x []float32, m float32) float32 { return use().sumSquareDev(x, m) }

// DotDev returns Σ d[i]·(x[i] - m).
func DotDev(d, x []float32, m float32) float32 { return use().dotDev(d, x[:len(d)], m) }

// Moments adds the rows of x, each as long as sum, to running column sums of the deviations from shift and of their
// squares: sum[i] += Σ_r (x[r,i] - shift[i]), square[i] += Σ_r (x[r,i] - shift[i])².
func Moments(sum, square, shift, x []float32) {
	n := len(sum)
	if n == 0 {
		return
	}
	use().moments(sum, square[:n], shift[:n], x[:len(x)/n*n])
}

// Comoments adds the rows of d and x, each as long as sum, to running column sums of d and of its products with the
// deviations of x from shift: sum[i] += Σ_r d[r,i], dot[i] += Σ_r d[r,i]·(x[r,i] - shift[i]).
func Comoments(sum, dot, shift, d, x []float32) {
	n := len(sum)
	if n == 0 {
		return
	}
	d = d[:len(d)/n*n]
	use().comoments(sum, dot[:n], shift[:n], d, x[:len(d)])
}

// Exp sets out[i] = e^x[i] within 2 ulp; -Inf gives 0, a NaN stays one. out may be x.
func Exp(out, x []float32) { use().exp(out, x[:len(out)]) }

// ExpSub sets out[i] = e^(x[i]-m) and returns the sum of what it wrote. out may be x.
func ExpSub(out, x []float32, m float32) float32 { return use().expSub(out, x[:len(out)], m) }

// Swish sets out[i] = x[i]·σ(beta·x[i]), σ the logistic function: SiLU for beta 1, the quick GELU of CLIP for 1.702.
// out may be x.
func Swish(out, x []float32, beta float32) { use().swish(out, x[:len(out)], beta) }

// SwishGrad sets dx[i] = dy[i]·s·(1 + beta·x[i]·(1-s)) with s = σ(beta·x[i]). dx may be dy or x.
func SwishGrad(dx, dy, x []float32, beta float32) {
	use().swishGrad(dx, dy[:len(dx)], x[:len(dx)], beta)
}

// GELU sets out[i] = x[i]·Φ(x[i]), Φ the standard normal distribution function (not the tanh approximation): within
// 1e-6·max(1, |x[i]|). out may be x.
func GELU(out, x []float32) { use().gelu(out, x[:len(out)]) }

// GELUGrad sets dx[i] = dy[i]·(Φ(x[i]) + x[i]·φ(x[i])), φ the standard normal density. dx may be dy or x.
func GELUGrad(dx, dy, x []float32) { use().geluGrad(dx, dy[:len(dx)], x[:len(dx)]) }

// Float16 converts IEEE 754 binary16 numbers, subnormal ones, infinities and NaNs included, exactly.
func Float16(dst []float32, src []uint16) { use().float16(dst, src[:len(dst)]) }

// BFloat16 converts bfloat16 numbers (the upper half of a float32), exactly.
func BFloat16(dst []float32, src []uint16) { use().bfloat16(dst, src[:len(dst)]) }
