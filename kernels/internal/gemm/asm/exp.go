package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// exponential holds the constants of 2^x in registers: n = round(x), r = x - n,
// 2^x = 2^n·(1 + c1·r + c2·r² + …). The polynomial is the minimax one of the
// relative error on [-½, ½].
type exponential struct {
	target
	c      []VecPhysical // c[0] is 1
	lowest VecPhysical   // 2^x is zero below
}

// accuracy is what the coefficients of the polynomial are good for.
type accuracy struct {
	name         string // of functions and constants
	pairs        bool   // for pairs
	coefficients []float32
}

var (
	// error 2e-9; purego.go has the same numbers
	exact = accuracy{"", false, []float32{1, 0.6931471824645996, 0.24022647738456726, 0.055503323674201965,
		0.00961843691766262, 0.0013398875016719103, 0.00015353361959569156}}
	// error 1e-4, a twentieth of what rounding to bfloat16 adds
	rounded = accuracy{"Pairs", true, []float32{1, 0.69328293, 0.24221096, 0.05500893}}
)

const exp2Lowest = -125 // 2^x and the polynomial's factor are normal numbers from here on

// constants are those already in the file, by name.
var constants = map[string]Mem{}

// constant is a number in memory.
func constant(name string, bits uint32) Mem {
	if _, ok := constants[name]; !ok {
		constants[name] = ConstData(name, U32(bits))
	}
	return constants[name]
}

func constantFloat(name string, x float32) Mem { return constant(name, math.Float32bits(x)) }

// exponential loads the constants into the highest registers.
func (t target) exponential(a accuracy) exponential {
	e := exponential{target: t, c: make([]VecPhysical, len(a.coefficients))}
	for i, c := range a.coefficients {
		e.c[i] = t.vector(t.registers - 1 - i)
		VBROADCASTSS(constantFloat(fmt.Sprintf("exp2%s_%d", a.name, i), c), e.c[i])
	}
	e.lowest = t.vector(t.registers - 1 - len(e.c))
	VBROADCASTSS(constantFloat("exp2_lowest", exp2Lowest), e.lowest)
	return e
}

// apply sets x to 2^x, zero below exp2Lowest, and clobbers n, r and p. A NaN
// stays one.
func (e exponential) apply(x, n, r, p VecPhysical) {
	if e.lanes == 16 {
		VCMPPS(Imm(5), e.lowest, x, K1) // not less than, so true for a NaN
		VRNDSCALEPS(Imm(8), x, n)
	} else {
		VROUNDPS(Imm(8), x, n)
	}
	VSUBPS(n, x, r)
	last := len(e.c) - 1
	VMOVAPS(e.c[last-1], p)
	VFMADD231PS(e.c[last], r, p)
	for i := last - 2; i >= 0; i-- {
		VFMADD213PS(e.c[i], r, p)
	}
	if e.lanes == 16 {
		VSCALEFPS_Z(n, p, K1, x)
		return
	}
	VCMPPS(Imm(5), e.lowest, x, x)
	VCVTPS2DQ(n, n)
	VPSLLD(Imm(23), n, n)
	VPADDD(n, p, p)
	VANDPS(p, x, x)
}

// expColumns generates one step of the online softmax. Every column has its place
// in a vector, so that nothing is combined across one.
func (t target) expColumns(acc accuracy, words Mem) {
	name := "expColumns" + acc.name + t.suffix
	TEXT(name, NOSPLIT, "func(s []float32, rows int, peak, weight, sums []float32)")
	become, number := "s[i*Cols+j] to 2^(s[i*Cols+j]-top)", "positive"
	if acc.pairs {
		become, number = "the panel s to pairs of 2^(s[i*Cols+j]-top), rows/2 of them in each column", "positive and even"
	}
	Doc(name+" carries a softmax to base 2 over rows more scores of each column j of a",
		"panel: with top the larger of peak[j] and the largest s[i*Cols+j] it sets",
		become+",",
		"weight[j] to weight[j]·f plus their sum and sums[i*Cols+j] to sums[i*Cols+j]·f, where",
		"f is 2^(peak[j]-top), and peak[j] to top. rows is "+number+".")
	const vecs = 2
	e := t.exponential(acc)
	s, rows := Load(Param("s").Base(), GP64()), Load(Param("rows"), GP64())
	row := vecs * t.bytes()
	of := func(p Register, v int) Mem { return Mem{Base: p, Disp: v * t.bytes()} }
	var top, sum [vecs]VecPhysical
	for v := range vecs {
		top[v], sum[v] = t.vector(v), t.vector(vecs+v)
	}
	x, t1, t2, t3 := t.vector(4), t.vector(5), t.vector(6), t.vector(7)

	peak, at, left := Load(Param("peak").Base(), GP64()), GP64(), GP64()
	for v := range vecs {
		VMOVUPS(of(peak, v), top[v])
		VMOVAPS(top[v], sum[v])
	}
	MOVQ(s, at)
	MOVQ(rows, left)
	next := func(n int) {
		ADDQ(U32(n*row), at)
		SUBQ(Imm(uint64(n)), left)
	}
	// Even and odd rows have maxima of their own, which take half as long.
	Label("largest")
	for v := range vecs {
		VMAXPS(of(at, v), top[v], top[v])
	}
	CMPQ(left, Imm(1))
	JEQ(LabelRef("topped"))
	for v := range vecs {
		VMAXPS(of(at, vecs+v), sum[v], sum[v])
	}
	next(2)
	JNE(LabelRef("largest"))
	Label("topped")
	for v := range vecs {
		VMAXPS(sum[v], top[v], top[v])
		VXORPS(sum[v], sum[v], sum[v])
	}

	MOVQ(s, at)
	MOVQ(rows, left)
	var to Register
	var order VecPhysical
	if acc.pairs {
		to, order = GP64(), t.vector(8)
		MOVQ(s, to)
		VMOVDQU32(words, order)
	}
	power := func(from Mem, v int, x VecPhysical) {
		VMOVUPS(from, x)
		VSUBPS(top[v], x, x)
		e.apply(x, t1, t2, t3)
		VADDPS(x, sum[v], sum[v])
	}
	Label("powers")
	for v := range vecs {
		power(of(at, v), v, x)
		if !acc.pairs {
			VMOVUPS(x, of(at, v))
			continue
		}
		second := t.vector(9)
		power(of(at, vecs+v), v, second)
		roundPairs(x, second, x)
		VPERMW(x, order, x)
		VMOVUPS(x, of(to, v))
	}
	if acc.pairs {
		ADDQ(U32(row), to)
		next(2)
	} else {
		next(1)
	}
	JNE(LabelRef("powers"))

	weight := Load(Param("weight").Base(), GP64())
	factor := top // of the sums
	for v := range vecs {
		VMOVUPS(of(peak, v), x)
		VMOVUPS(top[v], of(peak, v))
		VSUBPS(top[v], x, x)
		e.apply(x, t1, t2, t3)
		VMOVAPS(x, factor[v])
		VFMADD231PS(of(weight, v), factor[v], sum[v])
		VMOVUPS(sum[v], of(weight, v))
	}
	sums, count := Load(Param("sums").Base(), GP64()), Load(Param("sums").Len(), GP64())
	TESTQ(count, count)
	JZ(LabelRef("done"))
	Label("scale")
	for v := range vecs {
		VMULPS(of(sums, v), factor[v], x)
		VMOVUPS(x, of(sums, v))
	}
	ADDQ(U32(row), sums)
	SUBQ(U32(vecs*t.lanes), count)
	JNE(LabelRef("scale"))
	Label("done")
	VZEROUPPER()
	RET()
}

// expMul generates the exponentials of one vector and their products with
// another.
func (t target) expMul(a accuracy) {
	name := "expMul" + a.name + t.suffix
	TEXT(name, NOSPLIT, "func(p, d []float32)")
	Doc(name+" sets p[i] = 2^p[i] and d[i] = d[i]·p[i]. The length of p is a positive",
		"multiple of 16.")
	e := t.exponential(a)
	p, n := Load(Param("p").Base(), GP64()), Load(Param("p").Len(), GP64())
	d := Load(Param("d").Base(), GP64())
	x := t.vector(0)
	Label("vector")
	VMOVUPS(Mem{Base: p}, x)
	e.apply(x, t.vector(1), t.vector(2), t.vector(3))
	VMOVUPS(x, Mem{Base: p})
	VMULPS(Mem{Base: d}, x, x)
	VMOVUPS(x, Mem{Base: d})
	ADDQ(Imm(uint64(t.bytes())), p)
	ADDQ(Imm(uint64(t.bytes())), d)
	SUBQ(Imm(uint64(t.lanes)), n)
	JNE(LabelRef("vector"))
	VZEROUPPER()
	RET()
}

// gradPairs generates what the gradient of attention makes of a panel of scores and
// one of gradients: operands of pairs for the products that follow.
func (t target) gradPairs(words Mem) {
	name := "gradPairs" + t.suffix
	TEXT(name, NOSPLIT, "func(p, d []float32, rows int, left []float32, ldl int)")
	Doc(name+" makes P = 2^p and D = d·P of panels of rows numbers in each column: p becomes",
		"pairs of numbers of rows 2i and 2i+1 of P, and d of D, as interleavePairs makes them,",
		"and left[r*ldl+j] the pair of numbers 2j and 2j+1 of row r of D. rows is positive and",
		"even.")
	e := t.exponential(rounded)
	p, d := Load(Param("p").Base(), GP64()), Load(Param("d").Base(), GP64())
	rows := Load(Param("rows"), GP64())
	left, ldl := Load(Param("left").Base(), GP64()), Load(Param("ldl"), GP64())
	SHLQ(Imm(2), ldl)
	toP, toD := GP64(), GP64()
	MOVQ(p, toP)
	MOVQ(d, toD)
	order := t.vector(8)
	VMOVDQU32(words, order)
	x := [2]VecPhysical{t.vector(0), t.vector(1)}
	y := [2][2]VecPhysical{{t.vector(2), t.vector(3)}, {t.vector(4), t.vector(5)}} // of each row both halves
	t1, t2, t3 := t.vector(6), t.vector(7), t.vector(9)

	Label("rows")
	row := 2 * t.bytes()
	for half := range 2 {
		for r := range 2 {
			at := r*row + half*t.bytes()
			VMOVUPS(Mem{Base: p, Disp: at}, x[r])
			e.apply(x[r], t1, t2, t3)
			VMULPS(Mem{Base: d, Disp: at}, x[r], y[r][half])
		}
		roundPairs(x[0], x[1], t1)
		VPERMW(t1, order, t1)
		roundPairs(y[0][half], y[1][half], t2)
		VPERMW(t2, order, t2)
		// Rows 2i and 2i+1 have been read, but for their other half, when the first half of row i is written.
		VMOVUPS(t1, Mem{Base: toP, Disp: half * t.bytes()})
		VMOVUPS(t2, Mem{Base: toD, Disp: half * t.bytes()})
	}
	for r := range 2 {
		roundPairs(y[r][0], y[r][1], t1)
		VMOVUPS(t1, Mem{Base: left})
		ADDQ(ldl, left)
	}
	for _, from := range []Register{p, d} {
		ADDQ(U32(2*row), from)
	}
	for _, to := range []Register{toP, toD} {
		ADDQ(U32(row), to)
	}
	SUBQ(Imm(2), rows)
	JNE(LabelRef("rows"))
	VZEROUPPER()
	RET()
}

func number(r Physical) int { return int(r.PhysicalIndex()) }
