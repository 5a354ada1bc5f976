package vec

import "math"

// pureGo is the implementation that every machine can run.
var pureGo = functions{
	add: addGo, mul: mulGo, scale: scaleGo, addScaled: addScaledGo,
	affine: affineGo, affineSiLU: affineSiLUGo, affineSiLUGrad: affineSiLUGradGo, normalize: normalizeGo,
	combineDev: combineDevGo, combineColumns: combineColumnsGo, mulDev: mulDevGo,
	sum: sumGo, max: maxGo, dot: dotGo, sumSquareDev: sumSquareDevGo, dotDev: dotDevGo,
	moments: momentsGo, comoments: comomentsGo,
	exp: expGo, expSub: expSubGo, swish: swishGo, swishGrad: swishGradGo, gelu: geluGo, geluGrad: geluGradGo,
	float16: float16Go, bfloat16: bfloat16Go, clamp: clampGo, larger: largerGo,
	depthwise: depthwiseGos(),
}

// addGo sets out[i] = a[i] + b[i].
func addGo(out, a, b []float32) {
	for i := range out {
		out[i] = a[i] + b[i]
	}
}

// mulGo sets out[i] = a[i]·b[i].
func mulGo(out, a, b []float32) {
	for i := range out {
		out[i] = a[i] * b[i]
	}
}

// scaleGo sets out[i] = f·x[i].
func scaleGo(out, x []float32, f float32) {
	for i := range out {
		out[i] = f * x[i]
	}
}

// addScaledGo sets out[i] += f·x[i].
func addScaledGo(out, x []float32, f float32) {
	for i := range out {
		out[i] += f * x[i]
	}
}

// affineGo sets out[i] = scale[i]·x[i] + shift[i].
func affineGo(out, x, scale, shift []float32) {
	for i := range out {
		out[i] = scale[i]*x[i] + shift[i]
	}
}

// affineSiLUGo sets out[i] = silu(scale[i]·x[i] + shift[i]).
func affineSiLUGo(out, x, scale, shift []float32) {
	for i := range out {
		y := scale[i]*x[i] + shift[i]
		out[i] = y / (1 + exp(-y))
	}
}

// affineSiLUGradGo sets dx[i] = dy[i]·silu'(scale[i]·x[i] + shift[i]).
func affineSiLUGradGo(dx, dy, x, scale, shift []float32) {
	for i := range dx {
		dx[i] = dy[i] * swishSlope(scale[i]*x[i]+shift[i])
	}
}

// normalizeGo sets out[i] = (x[i] - mean)·rstd·gamma[i] + beta[i].
func normalizeGo(out, x, gamma, beta []float32, mean, rstd float32) {
	for i := range out {
		out[i] = (x[i]-mean)*rstd*gamma[i] + beta[i]
	}
}

// combineDevGo sets out[i] = a·(d[i] - p) + b·(x[i] - q).
func combineDevGo(out, d, x []float32, a, p, b, q float32) {
	for i := range out {
		out[i] = a*(d[i]-p) + b*(x[i]-q)
	}
}

// combineColumnsGo sets out[i] = a[i]·d[i] + b[i]·x[i] + c[i].
func combineColumnsGo(out, d, x, a, b, c []float32) {
	for i := range out {
		out[i] = a[i]*d[i] + (b[i]*x[i] + c[i])
	}
}

// clampGo sets out[i] = min(max(x[i], lo), hi).
func clampGo(out, x []float32, lo, hi float32) {
	for i, v := range x {
		out[i] = min(max(v, lo), hi)
	}
}

// largerGo sets out[i] = max(a[i], b[i]).
func largerGo(out, a, b []float32) {
	for i := range out {
		out[i] = max(a[i], b[i])
	}
}

// mulDevGo sets out[i] = a[i]·(b[i] - m).
func mulDevGo(out, a, b []float32, m float32) {
	for i := range out {
		out[i] = a[i] * (b[i] - m)
	}
}

// lanes is the number of partial sums of the pure Go reductions: enough to hide the latency of an addition, and the
// rounding error of a sum of n terms grows with n/lanes only.
const lanes = 4

// sumGo returns Σ x[i].
func sumGo(x []float32) float32 {
	var s [lanes]float32
	for ; len(x) >= lanes; x = x[lanes:] {
		s[0] += x[0]
		s[1] += x[1]
		s[2] += x[2]
		s[3] += x[3]
	}
	for i, v := range x {
		s[i] += v
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// maxGo returns the largest x[i], -Inf for none.
func maxGo(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v > m {
			m = v
		}
	}
	return m
}

// dotGo returns Σ a[i]·b[i].
func dotGo(a, b []float32) float32 {
	var s [lanes]float32
	for ; len(a) >= lanes && len(b) >= lanes; a, b = a[lanes:], b[lanes:] {
		s[0] += a[0] * b[0]
		s[1] += a[1] * b[1]
		s[2] += a[2] * b[2]
		s[3] += a[3] * b[3]
	}
	for i := range a {
		s[i] += a[i] * b[i]
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// sumSquareDevGo returns Σ (x[i] - m)².
func sumSquareDevGo(x []float32, m float32) float32 { return dotDevOf(x, x, m, m) }

// dotDevGo returns Σ d[i]·(x[i] - m).
func dotDevGo(d, x []float32, m float32) float32 { return dotDevOf(d, x, 0, m) }

// dotDevOf returns Σ (d[i]-k)·(x[i]-m).
func dotDevOf(d, x []float32, k, m float32) float32 {
	var s [lanes]float32
	for ; len(d) >= lanes && len(x) >= lanes; d, x = d[lanes:], x[lanes:] {
		s[0] += (d[0] - k) * (x[0] - m)
		s[1] += (d[1] - k) * (x[1] - m)
		s[2] += (d[2] - k) * (x[2] - m)
		s[3] += (d[3] - k) * (x[3] - m)
	}
	for i := range d {
		s[i] += (d[i] - k) * (x[i] - m)
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// momentsGo adds x[r,i] - shift[i] to sum[i] and its square to square[i], for every row r of x.
func momentsGo(sum, square, shift, x []float32) {
	for n := len(sum); len(x) >= n; x = x[n:] {
		for i, v := range x[:n] {
			v -= shift[i]
			sum[i] += v
			square[i] += v * v
		}
	}
}

// comomentsGo adds d[r,i] to sum[i] and d[r,i]·(x[r,i] - shift[i]) to dot[i], for every row r of d and x.
func comomentsGo(sum, dot, shift, d, x []float32) {
	for n := len(sum); len(d) >= n; d, x = d[n:], x[n:] {
		for i, v := range d[:n] {
			sum[i] += v
			dot[i] += v * (x[i] - shift[i])
		}
	}
}

// bfloat16Go converts bfloat16 numbers.
func bfloat16Go(dst []float32, src []uint16) {
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(src[i]) << 16)
	}
}

// float16Go converts binary16 numbers.
func float16Go(dst []float32, src []uint16) {
	// Moving exponent and fraction into place and multiplying by 2^112 corrects the exponent's bias for normal and
	// subnormal numbers alike.
	const rebias = 0x1p112
	for i := range dst {
		h := uint32(src[i])
		bits := math.Float32bits(math.Float32frombits(h&0x7fff<<13) * rebias)
		if h&0x7c00 == 0x7c00 { // infinity or NaN
			bits = 0x7f800000 | h&0x3ff<<13
		}
		dst[i] = math.Float32frombits(bits | h&0x8000<<16)
	}
}
