package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// numbers are the constants of the exponential and of the normal distribution function, in bits; package vec explains
// them where its Go loops use the same ones.
var numbers = []struct {
	name string
	bits uint32
}{
	{"one", math.Float32bits(1)},
	{"-inf", math.Float32bits(float32(math.Inf(-1)))},
	{"abs", 0x7fffffff},
	{"expMin", math.Float32bits(-104)},
	{"expMax", math.Float32bits(89)},
	{"log2e", math.Float32bits(1.44269504088896341)},
	{"roundMagic", math.Float32bits(0x1.8p23)},
	{"ln2Hi", math.Float32bits(0x1.62e4p-1)},
	{"ln2Lo", math.Float32bits(0x1.7f7d1cf79abcap-20)},
	{"exp0", math.Float32bits(0.4999999403953552)},
	{"exp1", math.Float32bits(0.1666652113199234)},
	{"exp2", math.Float32bits(0.04166838899254799)},
	{"exp3", math.Float32bits(0.00836874544620514)},
	{"exp4", math.Float32bits(0.0013814540579915047)},
	{"bias", 127},
	{"-half", math.Float32bits(-0.5)},
	{"invSqrt2Pi", math.Float32bits(0.398942280401432678)},
	{"phiT", math.Float32bits(0.30000001192092896)},
	{"phi0", math.Float32bits(0.11962928622961044)},
	{"phi1", math.Float32bits(0.12075421214103699)},
	{"phi2", math.Float32bits(0.09991191327571869)},
	{"phi3", math.Float32bits(0.1285669207572937)},
	{"phi4", math.Float32bits(-0.05369376018643379)},
	{"phi5", math.Float32bits(0.20636464655399323)},
	{"phi6", math.Float32bits(-0.15720966458320618)},
	{"phi7", math.Float32bits(0.03567638620734215)},
}

// constants writes the table. AVX-512 broadcasts an entry's first word in the instruction that uses it.
func (t *target) constants() {
	t.consts = GLOBL("constants"+t.suffix, RODATA|NOPTR)
	for i, c := range numbers {
		for lane := range 8 {
			DATA(32*i+4*lane, U32(c.bits))
		}
	}
	if t.wide() {
		return
	}
	t.masks = GLOBL("masks"+t.suffix, RODATA|NOPTR)
	for lane := range 16 {
		DATA(4*lane, U32(uint32(int32(lane-8)>>31)))
	}
}

func (t *target) address(name string) Mem {
	for i, c := range numbers {
		if c.name == name {
			return t.consts.Offset(32 * i)
		}
	}
	panic("no constant " + name)
}

// constant is a constant in every lane of a register.
func (t *target) constant(name string) reg.VecVirtual {
	v := t.vector()
	VBROADCASTSS(t.address(name), v)
	return v
}

// with applies an instruction whose first operand is a constant; broadcast is its AVX-512 form.
func (t *target) with(plain, broadcast func(ops ...Op), name string, ops ...Op) {
	f := plain
	if t.wide() {
		f = broadcast
	}
	f(append([]Op{t.address(name)}, ops...)...)
}

// mulConst sets dst = x·constant.
func (t *target) mulConst(name string, x, dst Op) { t.with(VMULPS, VMULPS_BCST, name, x, dst) }

// addConst sets dst = x + constant.
func (t *target) addConst(name string, x, dst Op) { t.with(VADDPS, VADDPS_BCST, name, x, dst) }

// horner sets acc = acc·x + constant.
func (t *target) horner(name string, x, acc Op) { t.with(VFMADD213PS, VFMADD213PS_BCST, name, x, acc) }

// polynomial is c[0] + c[1]·x + … by Horner's rule.
func (t *target) polynomial(x reg.VecVirtual, c ...string) reg.VecVirtual {
	p := t.constant(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		t.horner(c[i], x, p)
	}
	return p
}
