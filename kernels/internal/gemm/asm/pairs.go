package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A pair is two bfloat16 numbers in the four bytes of a float32, the first one
// below. The instructions are those of AVX512_BF16, which neither Go's
// assembler nor avo knows.

// pairs generates what multiplies pairs, and what makes them.
func (t target) pairs() {
	products := multiply{"Pairs", " of pairs", func(a, b, sum VecPhysical) { evex(0xf3, 0x52, a, b, sum) }}
	t.tiles(products)
	t.peak(products)
	order := interleaved()
	t.expColumns(rounded, order)
	t.expMul(rounded)
	t.rowPairs()
	t.gradPairs(order)
	for _, f := range []format{float32s, float16s, bfloat16s} {
		t.transposePairs(f)
		t.interleavePairs(f, order)
	}
	t.thirds(order)
}

// evex writes an instruction of the opcode map 0F38 on whole registers, in the
// assembler's order of operands.
func evex(prefix, opcode byte, src2, src1, dst VecPhysical) {
	rm, v, reg := number(src2), number(src1), number(dst)
	inverted := func(x, bit, at int) int { return (^x >> bit & 1) << at }
	p0 := inverted(reg, 3, 7) | inverted(rm, 4, 6) | inverted(rm, 3, 5) | inverted(reg, 4, 4) | 2
	p1 := (^v&15)<<3 | 1<<2 | map[byte]int{0xf3: 2, 0xf2: 3}[prefix]
	p2 := map[uint]int{32: 1, 64: 2}[dst.Size()]<<5 | inverted(v, 4, 3)
	bytes("LONG", U32(0x62|p0<<8|p1<<16|p2<<24))
	bytes("WORD", U16(int(opcode)|(0xc0|reg&7<<3|rm&7)<<8))
}

func bytes(directive string, x Constant) {
	Instruction(&ir.Instruction{Opcode: directive, Operands: []Op{x}})
}

// roundPairs sets the lower half of dst to the bfloat16 numbers of low, the
// upper half to those of high.
func roundPairs(low, high, dst VecPhysical) { evex(0xf2, 0x72, low, high, dst) }

// partly reads the numbers of a vector that mask selects, zeros for the others.
func (f format) partly(m Mem, mask Register, v VecPhysical) {
	switch f {
	case float32s:
		VMOVUPS_Z(m, mask, v)
	case float16s:
		VCVTPH2PS_Z(m, mask, v)
	default:
		VPMOVZXWD_Z(m, mask, v)
		VPSLLD(Imm(16), v, v)
	}
}

// masks sets K1 and K2 for the numbers of the next 16 pairs, or of fewer where
// only left pairs are left, and K3 for the pairs.
func masks(left Register) {
	pairs := first(left)
	KMOVW(pairs.As32(), K3)
	spread, numbers := GP64(), GP64() // every bit twice
	MOVQ(U64(0x55555555), spread)
	PDEPQ(spread, pairs, numbers)
	LEAQ(Mem{Base: numbers, Index: numbers, Scale: 2}, numbers)
	KMOVW(numbers.As32(), K1)
	SHRQ(Imm(16), numbers)
	KMOVW(numbers.As32(), K2)
}

// first is a mask of the first count of 16, or of all.
func first(count Register) GPVirtual {
	ones, limit := GP64(), GP64()
	MOVQ(U64(1<<16-1), ones)
	MOVQ(U64(16), limit)
	CMPQ(count, limit)
	CMOVQLT(count, limit)
	BZHIQ(limit, ones, ones)
	return ones
}

// loadPairs reads 32 numbers of a row and makes them 16 pairs.
func (t target) loadPairs(f format, row Register, v, spare VecPhysical) {
	f.partly(Mem{Base: row}, K1, v)
	f.partly(Mem{Base: row, Disp: t.lanes * f.size}, K2, spare)
	roundPairs(v, spare, v)
}

// rowPairs generates the rounding of rows.
func (t target) rowPairs() {
	name := "rowPairs" + t.suffix
	TEXT(name, NOSPLIT, float32s.signature())
	Doc(name+" sets dst[i*ldd+j] to the pair of src[i*lds+2*j] and the number after it,",
		"for i < m, j < n. dst may be src. m and n are positive.")
	dst, ldd, src, lds, m, n := float32s.matrices()
	t.walk(dst, ldd, src, m, n, 2*t.bytes(), func() { ADDQ(lds, src) }, func(from, to, left Register) {
		masks(left)
		t.loadPairs(float32s, from, t.vector(0), t.vector(1))
		VMOVUPS(t.vector(0), K3, Mem{Base: to})
	})
}

// transposePairs generates the transposition of a matrix of pairs.
func (t target) transposePairs(f format) {
	name := "transposePairs" + f.name + t.suffix
	TEXT(name, NOSPLIT, f.signature())
	Doc(name+" sets dst[i*ldd+j] to the pair of src[j*lds+2*i] and the number after it,",
		fmt.Sprintf("for i < m, j < n. m is positive and n a positive multiple of %d.", t.lanes))
	t.transposition(f, 2, func(row Register, i int) { t.loadPairs(f, row, t.vector(i), t.vector(t.registers-1-i)) })
}

// interleavePairs generates the pairs of two rows each.
func (t target) interleavePairs(f format, words Mem) {
	name := "interleavePairs" + f.name + t.suffix
	TEXT(name, NOSPLIT, f.signature())
	Doc(name+" sets dst[i*ldd+j] to the pair of src[2*i*lds+j] and src[(2*i+1)*lds+j],",
		"for i < m, j < n. m and n are positive.")
	dst, ldd, src, lds, m, n := f.matrices()
	order := t.vector(t.registers - 1)
	VMOVDQU32(words, order)
	next := func() { LEAQ(Mem{Base: src, Index: lds, Scale: 2}, src) }
	ahead, aheadHigh := rowsAhead(lds, 2), GP64()
	LEAQ(Mem{Base: ahead, Index: lds, Scale: 1}, aheadHigh)
	t.walk(dst, ldd, src, m, n, t.lanes*f.size, next, func(from, to, left Register) {
		KMOVW(first(left).As32(), K1)
		low, high := t.vector(0), t.vector(1)
		PREFETCHT1(Mem{Base: from, Index: ahead, Scale: 1})
		PREFETCHT1(Mem{Base: from, Index: aheadHigh, Scale: 1})
		f.partly(Mem{Base: from}, K1, low)
		f.partly(Mem{Base: from, Index: lds, Scale: 1}, K1, high)
		roundPairs(low, high, low)
		VPERMW(low, order, low)
		VMOVUPS(low, K1, Mem{Base: to})
	})
}

// interleaved is the order 0, 16, 1, 17, …, 15, 31 of 32 words.
func interleaved() Mem {
	order := GLOBL("interleaved", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(i|(i+16)<<16))
	}
	return order
}
