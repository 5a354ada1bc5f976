package vec

import "math"

// Constants of the exponential: e^x = 2^n·e^r with n = round(x/ln 2) and |r| ≤ ln(2)/2, where
// e^r ≈ 1 + r + r²·(exp0 + exp1·r + … + exp4·r⁴) to 4e-9 (minimax fit of the relative error).
// The assembly generator has the same numbers.
const (
	expMin = -104 // e^x rounds to 0 below
	expMax = 89   // e^x overflows above

	log2e = 1.44269504088896341
	ln2Hi = 0x1.62e4p-1 // few enough bits that n·ln2Hi is exact
	ln2Lo = 0x1.7f7d1cf79abcap-20
	// roundMagic added and taken away rounds a float32 of small magnitude to an integer.
	roundMagic = 0x1.8p23

	exp0 = 0.4999999403953552
	exp1 = 0.1666652113199234
	exp2 = 0.04166838899254799
	exp3 = 0.00836874544620514
	exp4 = 0.0013814540579915047
)

var infinity = float32(math.Inf(1))

// exp is e^x in float32 arithmetic; see [Exp].
func exp(x float32) float32 {
	if x < expMin {
		return 0
	}
	if x > expMax {
		return infinity
	}
	n := float32(x*log2e+roundMagic) - roundMagic
	r := x - n*ln2Hi - n*ln2Lo
	p := exp0 + r*(exp1+r*(exp2+r*(exp3+r*exp4)))
	p = 1 + (r + r*r*p)
	// Two steps, because 2^n itself may be out of range where the result is not. A NaN comes through in p.
	k := int32(n)
	return p * pow2(k>>1) * pow2(k-k>>1)
}

// pow2 is 2^k for k in [-126, 127].
func pow2(k int32) float32 { return math.Float32frombits(uint32(k+127) << 23) }

// expGo sets out[i] = e^x[i].
func expGo(out, x []float32) {
	for i := range out {
		out[i] = exp(x[i])
	}
}

// expSubGo sets out[i] = e^(x[i]-m) and returns the sum.
func expSubGo(out, x []float32, m float32) float32 {
	for i := range out {
		out[i] = exp(x[i] - m)
	}
	return sumGo(out)
}

// swishGo sets out[i] = x[i]·σ(beta·x[i]).
func swishGo(out, x []float32, beta float32) {
	for i := range out {
		out[i] = x[i] / (1 + exp(-beta*x[i]))
	}
}

// swishGradGo sets dx[i] = dy[i]·s·(1 + beta·x[i]·(1-s)) with s = σ(beta·x[i]).
func swishGradGo(dx, dy, x []float32, beta float32) {
	for i := range dx {
		dx[i] = dy[i] * swishSlope(beta*x[i])
	}
}

// swishSlope is the derivative of x·σ(βx) as a function of z = βx: σ(z)·(1 + z·(1-σ(z))).
func swishSlope(z float32) float32 {
	s := 1 / (1 + exp(-z))
	return s * (1 + z*(1-s))
}

// Constants of the normal distribution function: for a ≥ 0, Φ(-a) = e^(-a²/2)·t·(phi0 + phi1·t + … + phi7·t⁷) with
// t = 1/(1 + phiT·a), the form of Abramowitz and Stegun 26.2.17, fitted to a relative error of 2e-7 on [0, 14].
const (
	phiT = 0.30000001192092896
	phi0 = 0.11962928622961044
	phi1 = 0.12075421214103699
	phi2 = 0.09991191327571869
	phi3 = 0.1285669207572937
	phi4 = -0.05369376018643379
	phi5 = 0.20636464655399323
	phi6 = -0.15720966458320618
	phi7 = 0.03567638620734215

	invSqrt2Pi = 0.398942280401432678
)

// normal returns Φ(x) and e^(-x²/2).
func normal(x float32) (cdf, e float32) {
	a := max(x, -x)
	t := 1 / (1 + phiT*a)
	p := phi0 + t*(phi1+t*(phi2+t*(phi3+t*(phi4+t*(phi5+t*(phi6+t*phi7))))))
	e = exp(-0.5 * x * x)
	cdf = e * t * p
	if x > 0 {
		cdf = 1 - cdf
	}
	return cdf, e
}

// geluGo sets out[i] = x[i]·Φ(x[i]).
func geluGo(out, x []float32) {
	for i := range out {
		cdf, _ := normal(x[i])
		out[i] = x[i] * cdf
	}
}

// geluGradGo sets dx[i] = dy[i]·(Φ(x[i]) + x[i]·φ(x[i])).
func geluGradGo(dx, dy, x []float32) {
	for i := range dx {
		cdf, e := normal(x[i])
		dx[i] = dy[i] * (cdf + x[i]*invSqrt2Pi*e)
	}
}
