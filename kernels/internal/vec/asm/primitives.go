package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// arithmetic emits the primitives that are a few operations on each element.
func (t *target) arithmetic() {
	t.binary("add", "sets out[i] = a[i] + b[i].", func(a, b reg.VecVirtual) { VADDPS(b, a, a) })
	t.binary("mul", "sets out[i] = a[i]·b[i].", func(a, b reg.VecVirtual) { VMULPS(b, a, a) })

	t.function("scale", "(out, x []float32, f float32)", "sets out[i] = f·x[i].")
	p, f := bases("out", "x"), t.scalar("f")
	t.each("out", func(at access) {
		x := at.load(p[1])
		VMULPS(f, x, x)
		at.store(x, p[0])
	})

	t.function("addScaled", "(out, x []float32, f float32)", "sets out[i] += f·x[i].")
	p, f = bases("out", "x"), t.scalar("f")
	t.each("out", func(at access) {
		x, y := at.load(p[1]), at.load(p[0])
		VFMADD231PS(f, x, y)
		at.store(y, p[0])
	})

	t.function("affine", "(out, x, scale, shift []float32)", "sets out[i] = scale[i]·x[i] + shift[i].")
	p = bases("out", "x", "scale", "shift")
	t.each("out", func(at access) {
		at.store(at.affine(p[1:]), p[0])
	})

	t.function("normalize", "(out, x, gamma, beta []float32, mean, rstd float32)",
		"sets out[i] = (x[i] - mean)·rstd·gamma[i] + beta[i].")
	p = bases("out", "x", "gamma", "beta")
	mean, rstd := t.scalar("mean"), t.scalar("rstd")
	t.each("out", func(at access) {
		x, gamma, beta := at.load(p[1]), at.load(p[2]), at.load(p[3])
		VSUBPS(mean, x, x)
		VMULPS(rstd, x, x)
		VFMADD213PS(beta, gamma, x)
		at.store(x, p[0])
	})

	t.function("clamp", "(out, x []float32, lo, hi float32)", "sets out[i] = min(max(x[i], lo), hi).")
	p, lo, hi := bases("out", "x"), t.scalar("lo"), t.scalar("hi")
	t.each("out", func(at access) {
		x := at.load(p[1])
		limit(x, lo, hi)
		at.store(x, p[0])
	})

	t.binary("larger", "sets out[i] = max(a[i], b[i]).", func(a, b reg.VecVirtual) {
		m := t.vector()
		VMAXPS(b, a, m) // b if either is a NaN
		t.keepNaN(a, m)
		VMOVAPS(m, a)
	})

	t.function("mulDev", "(out, a, b []float32, m float32)", "sets out[i] = a[i]·(b[i] - m).")
	p, f = bases("out", "a", "b"), t.scalar("m")
	t.each("out", func(at access) {
		a, b := at.load(p[1]), at.load(p[2])
		VSUBPS(f, b, b)
		VMULPS(a, b, b)
		at.store(b, p[0])
	})
	t.combinations()
}

func (t *target) combinations() {
	t.function("combineDev", "(out, d, x []float32, a, p, b, q float32)", "sets out[i] = a·(d[i] - p) + b·(x[i] - q).")
	p := bases("out", "d", "x")
	a, b, dMean, xMean := t.scalar("a"), t.scalar("b"), t.scalar("p"), t.scalar("q")
	t.each("out", func(at access) {
		d, x := at.load(p[1]), at.load(p[2])
		VSUBPS(dMean, d, d)
		VSUBPS(xMean, x, x)
		VMULPS(b, x, x)
		VFMADD231PS(a, d, x)
		at.store(x, p[0])
	})

	t.function("combineColumns", "(out, d, x, a, b, c []float32)", "sets out[i] = a[i]·d[i] + b[i]·x[i] + c[i].")
	p = bases("out", "d", "x", "a", "b", "c")
	t.each("out", func(at access) {
		d, x := at.load(p[1]), at.load(p[2])
		a, b, c := at.load(p[3]), at.load(p[4]), at.load(p[5])
		VFMADD213PS(c, b, x)
		VFMADD231PS(a, d, x)
		at.store(x, p[0])
	})
}

// affine is scale[i]·x[i] + shift[i] of the operands x, scale and shift.
func (a access) affine(p []reg.Register) reg.VecVirtual {
	x, scale, shift := a.load(p[0]), a.load(p[1]), a.load(p[2])
	VFMADD213PS(shift, scale, x)
	return x
}

// binary emits a function of two vectors; f replaces a by the result.
func (t *target) binary(name, doc string, f func(a, b reg.VecVirtual)) {
	t.function(name, "(out, a, b []float32)", doc)
	p := bases("out", "a", "b")
	t.each("out", func(at access) {
		a, b := at.load(p[1]), at.load(p[2])
		f(a, b)
		at.store(a, p[0])
	})
}

// each ends a function with a loop over the elements of a parameter.
func (t *target) each(param string, body func(at access)) {
	t.loop(length(param), 1, func(at []access) { body(at[0]) })
	done()
}

// activations emits the exponential and what is made of it.
func (t *target) activations() {
	t.function("exp", "(out, x []float32)", "sets out[i] = e^x[i].")
	p, e := bases("out", "x"), t.exponential()
	t.each("out", func(at access) {
		x := at.load(p[1])
		e.of(x)
		at.store(x, p[0])
	})

	t.function("expSub", "(out, x []float32, m float32) float32", "sets out[i] = e^(x[i]-m) and returns the sum.")
	p, e = bases("out", "x"), t.exponential()
	m, sum := t.scalar("m"), t.zero()
	t.loop(length("out"), 1, func(at []access) {
		x := at[0].load(p[1])
		VSUBPS(m, x, x)
		e.of(x)
		at[0].clear(x)
		at[0].store(x, p[0])
		VADDPS(x, sum, sum)
	})
	t.fold(sum, VADDPS)

	t.swishes()
	t.function("gelu", "(out, x []float32)", "sets out[i] = x[i]·Φ(x[i]).")
	p, e = bases("out", "x"), t.exponential()
	t.each("out", func(at access) {
		x := at.load(p[1])
		cdf, _ := e.normal(x)
		VMULPS(x, cdf, cdf)
		at.store(cdf, p[0])
	})

	t.function("geluGrad", "(dx, dy, x []float32)", "sets dx[i] = dy[i]·(Φ(x[i]) + x[i]·φ(x[i])).")
	p, e = bases("dx", "dy", "x"), t.exponential()
	t.each("dx", func(at access) {
		x := at.load(p[2])
		cdf, density := e.normal(x)
		t.mulConst("invSqrt2Pi", density, density)
		VFMADD231PS(x, density, cdf)
		dy := at.load(p[1])
		VMULPS(dy, cdf, cdf)
		at.store(cdf, p[0])
	})
}

func (t *target) swishes() {
	t.function("swish", "(out, x []float32, beta float32)", "sets out[i] = x[i]·σ(beta·x[i]).")
	p, e := bases("out", "x"), t.exponential()
	beta, zero := t.scalar("beta"), t.zero()
	t.each("out", func(at access) {
		x, z := at.load(p[1]), t.vector()
		VMULPS(beta, x, z)
		t.negate(z, zero)
		e.of(z)
		t.addConst("one", z, z)
		VDIVPS(z, x, x)
		at.store(x, p[0])
	})

	t.function("swishGrad", "(dx, dy, x []float32, beta float32)",
		"sets dx[i] = dy[i]·s·(1 + beta·x[i]·(1-s)) with s = σ(beta·x[i]).")
	p, e = bases("dx", "dy", "x"), t.exponential()
	beta, zero = t.scalar("beta"), t.zero()
	t.each("dx", func(at access) {
		z := at.load(p[2])
		VMULPS(beta, z, z)
		e.slope(z, zero)
		dy := at.load(p[1])
		VMULPS(dy, z, z)
		at.store(z, p[0])
	})

	t.function("affineSiLU", "(out, x, scale, shift []float32)", "sets out[i] = silu(scale[i]·x[i] + shift[i]).")
	p, e, zero = bases("out", "x", "scale", "shift"), t.exponential(), t.zero()
	t.each("out", func(at access) {
		y, z := at.affine(p[1:]), t.vector()
		VSUBPS(y, zero, z)
		e.of(z)
		t.addConst("one", z, z)
		VDIVPS(z, y, y)
		at.store(y, p[0])
	})

	t.function("affineSiLUGrad", "(dx, dy, x, scale, shift []float32)",
		"sets dx[i] = dy[i]·silu'(scale[i]·x[i] + shift[i]).")
	p, e, zero = bases("dx", "dy", "x", "scale", "shift"), t.exponential(), t.zero()
	t.each("dx", func(at access) {
		z := at.affine(p[2:])
		e.slope(z, zero)
		dy := at.load(p[1])
		VMULPS(dy, z, z)
		at.store(z, p[0])
	})
}

// conversions emits the widening of half-precision numbers; the last few go one by one.
func (t *target) conversions() {
	t.function("float16", "(dst []float32, src []uint16)", "converts binary16 numbers.")
	t.widen(func(m Mem, v reg.VecVirtual) { VCVTPH2PS(m, v) },
		func(h reg.GPVirtual, m Mem) {
			x := XMM()
			VMOVD(h, x)
			VCVTPH2PS(x, x)
			VMOVSS(x, m)
		})

	t.function("bfloat16", "(dst []float32, src []uint16)", "converts bfloat16 numbers.")
	t.widen(func(m Mem, v reg.VecVirtual) {
		VPMOVZXWD(m, v)
		VPSLLD(Imm(16), v, v)
	}, func(h reg.GPVirtual, m Mem) {
		SHLL(Imm(16), h)
		MOVL(h, m)
	})
}

func (t *target) widen(vector func(m Mem, v reg.VecVirtual), one func(h reg.GPVirtual, m Mem)) {
	p, n, i := bases("dst", "src"), length("dst"), GP64()
	XORQ(i, i)
	loop := func(step int, body func()) {
		begin, end := label("vectors"), label("fewer")
		Label(begin)
		CMPQ(n, Imm(uint64(step)))
		JLT(LabelRef(end))
		body()
		ADDQ(Imm(uint64(step)), i)
		SUBQ(Imm(uint64(step)), n)
		JMP(LabelRef(begin))
		Label(end)
	}
	to, from := Mem{Base: p[0], Index: i, Scale: 4}, Mem{Base: p[1], Index: i, Scale: 2}
	loop(t.lanes, func() {
		v := t.vector()
		vector(from, v)
		VMOVUPS(v, to)
	})
	loop(1, func() {
		h := GP32()
		MOVWLZX(from, h)
		one(h, to)
	})
	done()
}
