// Command asm generates the assembly of package winograd: avx2_amd64.s and avx512_amd64.s with their Go declarations.
// Run it with go generate in package winograd. It is a module of its own so that sdgraph does not depend on its
// assembler.
package main

import (
	"flag"
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// target is an instruction set.
type target struct {
	suffix    string // of the functions' names
	lanes     int    // float32 in a vector
	registers int    // vectors
	vector    func() reg.VecVirtual
}

var targets = map[string]target{
	"avx2":   {"AVX2", 8, 16, YMM},
	"avx512": {"AVX512", 16, 32, ZMM},
}

func main() {
	isa := flag.String("isa", "avx512", "instruction set: avx2 or avx512")
	flag.Parse() // avo's -out, -stubs and -pkg too
	ConstraintExpr("amd64,!noasm")
	t := targets[*isa]
	t.all(four)
	if t.lanes == 16 {
		t.all(two)
	}
	t.fence()
	Generate()
}

// function begins a function; doc follows its name in the doc comment.
func (t target) function(name, signature, doc string) {
	TEXT(name+t.suffix, NOSPLIT, "func"+signature)
	Doc(strings.Split(name+t.suffix+" "+doc, "\n")...)
	Pragma("noescape")
}

var constants = map[string]Mem{}

// constant is a number in every lane of a vector.
func (t target) constant(name string, x float64) reg.VecVirtual {
	if _, ok := constants[name]; !ok {
		constants[name] = ConstData(name, U32(math.Float32bits(float32(x))))
	}
	v := t.vector()
	VBROADCASTSS(constants[name], v)
	return v
}

// plane addresses up to six vectors that lie the same distance apart.
type plane struct {
	first, fourth, step reg.GPVirtual // step is the distance in bytes
}

// newPlane begins at an address; the distance, in numbers, is a parameter.
func newPlane(first reg.GPVirtual, distance string) plane {
	return planeOf(first, bytes(distance))
}

func planeOf(first, step reg.GPVirtual) plane {
	p := plane{first, GP64(), step}
	LEAQ(Mem{Base: step, Index: step, Scale: 2}, p.fourth)
	ADDQ(first, p.fourth)
	return p
}

// vector is the i-th one.
func (p plane) vector(i int) Mem {
	m := Mem{Base: p.first}
	if i >= 3 {
		m.Base, i = p.fourth, i-3
	}
	if i > 0 {
		m.Index, m.Scale = p.step, uint8(i)
	}
	return m
}

// after is the plane that begins so many bytes further.
func (p plane) after(distance Op) plane {
	q := plane{GP64(), GP64(), p.step}
	MOVQ(p.first, q.first)
	MOVQ(p.fourth, q.fourth)
	move(distance, q.first, q.fourth)
	return q
}

// column addresses vectors so many times as far apart: of a matrix whose rows the plane goes through.
func (p plane) column(width int) plane {
	step := GP64()
	IMUL3Q(Imm(uint64(width)), p.step, step)
	return planeOf(p.first, step)
}

// load reads count vectors of a plane.
func (t target) load(from plane, count int) []reg.VecVirtual {
	x := make([]reg.VecVirtual, count)
	for i := range x {
		x[i] = t.vector()
		VMOVUPS(from.vector(i), x[i])
	}
	return x
}

// store writes vectors to a plane.
func (t target) store(x []reg.VecVirtual, to plane) {
	for i, v := range x {
		VMOVUPS(v, to.vector(i))
	}
}

// storePast writes vectors to a plane past the caches.
func (t target) storePast(x []reg.VecVirtual, to plane) {
	for i, v := range x {
		VMOVNTPS(v, to.vector(i))
	}
}

// fence generates the wait for what went past the caches.
func (t target) fence() {
	t.function("fence", "()", "waits until what went past the caches is where others see it.")
	SFENCE()
	RET()
}

// round writes vectors to a plane as bfloat16 numbers. Neither Go's assembler nor avo knows the instruction,
// VCVTNEPS2BF16, and this is the one on the last register: Y31 of Z31.
func (t target) round(x []reg.VecVirtual, to plane) {
	for i, v := range x {
		VMOVAPS(v, reg.Z31)
		Instruction(&ir.Instruction{Opcode: "LONG", Operands: []Op{U32(0x487e0262)}})
		Instruction(&ir.Instruction{Opcode: "WORD", Operands: []Op{U16(0xff72)}})
		VMOVUPS(reg.Y31, to.vector(i))
	}
}

// pairing writes pairs of the numbers of two vectors, rounded to bfloat16. VCVTNE2PS2BF16 is not known either and this
// is the one of Z30, below, and Z31; it leaves the halves of the pairs one after the other.
func (t target) pairing() func(low, high reg.VecVirtual, to Mem) {
	words := GLOBL("interleaved", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(i|(i+16)<<16))
	}
	order := t.vector()
	VMOVDQU32(words, order)
	return func(low, high reg.VecVirtual, to Mem) {
		VMOVAPS(low, reg.Z30)
		VMOVAPS(high, reg.Z31)
		Instruction(&ir.Instruction{Opcode: "LONG", Operands: []Op{U32(0x40070262)}})
		Instruction(&ir.Instruction{Opcode: "WORD", Operands: []Op{U16(0xfe72)}})
		VPERMW(reg.Z31, order, reg.Z31)
		VMOVUPS(reg.Z31, to)
	}
}

// loop runs body while n is positive, so many numbers at a time.
func (t target) loop(n reg.GPVirtual, numbers int, body func()) {
	Label("vector")
	body()
	SUBQ(Imm(uint64(numbers)), n)
	JG(LabelRef("vector"))
	VZEROUPPER()
	RET()
}

// move adds to addresses.
func move(by Op, addresses ...reg.GPVirtual) {
	for _, a := range addresses {
		ADDQ(by, a)
	}
}

// back takes count·by from addresses.
func (t target) back(count int, by reg.GPVirtual, addresses ...reg.GPVirtual) {
	total := GP64()
	IMUL3Q(Imm(uint64(count)), by, total)
	for _, a := range addresses {
		SUBQ(total, a)
	}
}

// next takes count·by from addresses, and adds the length of a vector.
func (t target) next(count int, by reg.GPVirtual, addresses ...reg.GPVirtual) {
	t.back(count, by, addresses...)
	move(t.length(), addresses...)
}

// length is that of a vector in bytes.
func (t target) length() Op { return Imm(uint64(4 * t.lanes)) }

// copy is another register with the same numbers.
func (t target) copy(x reg.VecVirtual) reg.VecVirtual {
	v := t.vector()
	VMOVAPS(x, v)
	return v
}

// base is the address of a slice parameter, bytes a parameter that counts numbers.
func base(name string) reg.GPVirtual { return Load(Param(name).Base(), GP64()).(reg.GPVirtual) }

func bytes(name string) reg.GPVirtual {
	v := Load(Param(name), GP64()).(reg.GPVirtual)
	SHLQ(Imm(2), v)
	return v
}

// unlessEmpty runs body if a slice parameter has elements.
func unlessEmpty(name string, body func()) {
	c, err := Param(name).Len().Resolve()
	if err != nil {
		panic(err)
	}
	labels++
	end := fmt.Sprintf("empty%d", labels)
	CMPQ(c.Addr, Imm(0))
	JEQ(LabelRef(end))
	body()
	Label(end)
}

var labels int
