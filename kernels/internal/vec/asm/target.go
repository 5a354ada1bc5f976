package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// target is an instruction set. The same description of a primitive is assembled for both; what differs between them
// is in this file and in exp.go.
type target struct {
	suffix string // of the functions' names
	lanes  int    // float32 in a vector
	consts Mem    // the constants, each repeated over one AVX2 vector
	masks  Mem    // eight ones, eight zeros: AVX2's masks for the last elements
}

var (
	avx2   = &target{suffix: "AVX2", lanes: 8}
	avx512 = &target{suffix: "AVX512", lanes: 16}
)

func (t *target) wide() bool { return t.lanes == 16 }

// vector is a fresh vector register.
func (t *target) vector() reg.VecVirtual {
	if t.wide() {
		return ZMM()
	}
	return YMM()
}

// function begins a function; doc follows its name in the doc comment.
func (t *target) function(name, signature, doc string) {
	TEXT(name+t.suffix, NOSPLIT, "func"+signature)
	Doc(name + t.suffix + " " + doc)
	Pragma("noescape")
}

// bases loads the addresses of slice parameters.
func bases(names ...string) []reg.Register {
	var p []reg.Register
	for _, name := range names {
		p = append(p, Load(Param(name).Base(), GP64()))
	}
	return p
}

// length loads the length of a slice parameter.
func length(name string) reg.Register { return Load(Param(name).Len(), GP64()) }

// scalar is a float32 parameter in every lane.
func (t *target) scalar(name string) reg.VecVirtual {
	v := t.vector()
	VBROADCASTSS(address(Param(name)), v)
	return v
}

// address is where a scalar parameter or result lies.
func address(c gotypes.Component) Mem {
	b, err := c.Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// zero is a vector of zeros.
func (t *target) zero() reg.VecVirtual {
	v := t.vector()
	if t.wide() {
		VPXORD(v, v, v)
	} else {
		VXORPS(v, v, v)
	}
	return v
}

// done ends a function.
func done() {
	VZEROUPPER()
	RET()
}

var labels int

func label(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

// access is one vector's worth of elements of the loop's operands: which ones, and whether all of them exist.
type access struct {
	t     *target
	index reg.Register
	disp  int
	mask  reg.Register // nil: all lanes; else a K register, or for AVX2 a vector of lane masks
}

// loop runs body over n elements: unroll vectors at a time while there are as many, then one at a time, and at last
// the elements that do not fill a vector under a mask.
func (t *target) loop(n reg.Register, unroll int, body func(at []access)) {
	i := GP64()
	XORQ(i, i)
	stages := []int{unroll, 1}
	if unroll == 1 {
		stages = stages[1:]
	}
	for _, u := range stages {
		begin, end := label("vectors"), label("fewer")
		Label(begin)
		CMPQ(n, Imm(uint64(u*t.lanes)))
		JLT(LabelRef(end))
		var at []access
		for k := range u {
			at = append(at, access{t: t, index: i, disp: 4 * t.lanes * k})
		}
		body(at)
		ADDQ(Imm(uint64(u*t.lanes)), i)
		SUBQ(Imm(uint64(u*t.lanes)), n)
		JMP(LabelRef(begin))
		Label(end)
	}
	end := label("none")
	TESTQ(n, n)
	JEQ(LabelRef(end))
	body([]access{{t: t, index: i, mask: t.mask(n)}})
	Label(end)
}

// mask selects the first n lanes.
func (t *target) mask(n reg.Register) reg.Register {
	if t.wide() {
		ones, k := GP64(), K()
		MOVQ(I64(-1), ones)
		BZHIQ(n, ones, ones)
		KMOVW(ones.As32(), k)
		return k
	}
	base, m := GP64(), YMM()
	LEAQ(t.masks.Offset(4*t.lanes), base)
	NEGQ(n)
	VMOVUPS(Mem{Base: base, Index: n, Scale: 4}, m)
	return m
}

func (a access) at(base reg.Register) Mem {
	return Mem{Base: base, Index: a.index, Scale: 4, Disp: a.disp}
}

// load reads the elements; lanes without one are 0.
func (a access) load(base reg.Register) reg.VecVirtual { return a.loadFrom(a.at(base)) }

func (a access) loadFrom(m Mem) reg.VecVirtual {
	v := a.t.vector()
	switch {
	case a.mask == nil:
		VMOVUPS(m, v)
	case a.t.wide():
		VMOVUPS_Z(m, a.mask, v)
	default:
		VMASKMOVPS(m, a.mask, v)
	}
	return v
}

// store writes the elements.
func (a access) store(v reg.Register, base reg.Register) { a.storeTo(v, a.at(base)) }

func (a access) storeTo(v reg.Register, m Mem) {
	switch {
	case a.mask == nil:
		VMOVUPS(v, m)
	case a.t.wide():
		VMOVUPS(v, a.mask, m)
	default:
		VMASKMOVPS(v, a.mask, m)
	}
}

// clear sets the lanes without an element to 0.
func (a access) clear(v reg.Register) {
	switch {
	case a.mask == nil:
	case a.t.wide():
		VMOVAPS_Z(v, a.mask, v)
	default:
		VANDPS(a.mask, v, v)
	}
}

// fill sets the lanes without an element to those of other.
func (a access) fill(v, other reg.Register) {
	switch {
	case a.mask == nil:
	case a.t.wide():
		VBLENDMPS(v, other, a.mask, v)
	default:
		VBLENDVPS(a.mask, v, other, v)
	}
}

// keepNaN sets the lanes of x to those of a that are NaNs.
func (t *target) keepNaN(a, x reg.VecVirtual) {
	const unordered = 3
	if t.wide() {
		k := K()
		VCMPPS(Imm(unordered), a, a, k)
		VMOVAPS(a, k, x)
		return
	}
	m := YMM()
	VCMPPS(Imm(unordered), a, a, m)
	VBLENDVPS(m, a, x, x)
}
