package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// exponential emits e^x for vectors. Its bounds stay in registers: in this order of operands a comparison keeps a NaN
// of x, and only the other operand could come from memory.
type exponential struct {
	t        *target
	min, max reg.VecVirtual
}

func (t *target) exponential() exponential {
	return exponential{t, t.constant("expMin"), t.constant("expMax")}
}

// of replaces x by e^x.
func (e exponential) of(x reg.VecVirtual) {
	t := e.t
	VMAXPS(x, e.min, x)
	VMINPS(x, e.max, x)
	n := e.round(x)
	t.with(VFNMADD231PS, VFNMADD231PS_BCST, "ln2Hi", n, x)
	t.with(VFNMADD231PS, VFNMADD231PS_BCST, "ln2Lo", n, x)
	p, square := t.polynomial(x, "exp0", "exp1", "exp2", "exp3", "exp4"), t.vector()
	VMULPS(x, x, square)
	VFMADD213PS(x, square, p)
	t.addConst("one", p, p)
	e.scale(p, n, x)
}

// round is x/ln 2 rounded to the nearest integer.
func (e exponential) round(x reg.VecVirtual) reg.VecVirtual {
	n := e.t.vector()
	if e.t.wide() {
		e.t.mulConst("log2e", x, n)
		VRNDSCALEPS(Imm(8), n, n)
		return n
	}
	magic := e.t.constant("roundMagic")
	VMOVAPS(magic, n)
	e.t.with(VFMADD231PS, nil, "log2e", x, n)
	VSUBPS(magic, n, n)
	return n
}

// scale sets x = p·2^n. Without an instruction for it that takes two steps, because 2^n may be out of range where the
// result is not.
func (e exponential) scale(p, n, x reg.VecVirtual) {
	if e.t.wide() {
		VSCALEFPS(n, p, x)
		return
	}
	half, rest := e.t.vector(), e.t.vector()
	VCVTPS2DQ(n, rest)
	VPSRAD(Imm(1), rest, half)
	VPSUBD(half, rest, rest)
	for _, k := range []reg.VecVirtual{half, rest} {
		e.t.with(VPADDD, nil, "bias", k, k)
		VPSLLD(Imm(23), k, k)
		VMULPS(k, p, p)
	}
	VMOVAPS(p, x)
}

// negate flips the sign of x by taking it from zero.
func (t *target) negate(x, zero reg.VecVirtual) { VSUBPS(x, zero, x) }

// logistic replaces z by σ(z).
func (e exponential) logistic(z, zero reg.VecVirtual) {
	e.t.negate(z, zero)
	e.of(z)
	one := e.t.constant("one")
	VADDPS(one, z, z)
	VDIVPS(z, one, z)
}

// slope replaces z = βx by the derivative of x·σ(βx), σ(z)·(1 + z·(1-σ(z))).
func (e exponential) slope(z, zero reg.VecVirtual) {
	s, one := e.t.vector(), e.t.constant("one")
	VMOVAPS(z, s)
	e.logistic(s, zero)
	rest := e.t.vector()
	VSUBPS(s, one, rest)
	VFMADD213PS(one, rest, z) // z·(1-s) + 1
	VMULPS(s, z, z)
}

// normal gives Φ(x) and e^(-x²/2).
func (e exponential) normal(x reg.VecVirtual) (cdf, density reg.VecVirtual) {
	t, v := e.t.vector(), e.t
	v.with(VANDPS, VANDPS_BCST, "abs", x, t)
	one := v.constant("one")
	v.with(VFMADD213PS, VFMADD213PS_BCST, "one", v.constant("phiT"), t)
	VDIVPS(t, one, t)
	cdf = v.polynomial(t, "phi0", "phi1", "phi2", "phi3", "phi4", "phi5", "phi6", "phi7")
	VMULPS(t, cdf, cdf)
	density = v.vector()
	v.mulConst("-half", x, density)
	VMULPS(x, density, density)
	e.of(density)
	VMULPS(density, cdf, cdf)
	other := v.vector()
	VSUBPS(cdf, one, other)
	if v.wide() {
		negative := K()
		VPMOVD2M(x, negative)
		VBLENDMPS(cdf, other, negative, cdf)
	} else {
		VBLENDVPS(x, cdf, other, cdf)
	}
	return cdf, density
}
