package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A float32 is the sum of three bfloat16 numbers: part 0 is what it rounds to, and
// each next part what the rest rounds to. A float16 is the sum of two. They lie as
// 16 pairs of part 0, the same ones of part 1 and so on.

// float32Parts is how many parts a float32 has.
const float32Parts = 3

// thirds generates what makes pairs of the parts of rows, and of the rests of weights
// in float16; what these round to are the pairs of pairs.go.
func (t target) thirds(order Mem) {
	rounding := newRounding()
	t.rowThirds(rounding)
	t.transposeRests(float16s, rounding)
	t.interleaveRests(float16s, rounding, order)
}

// rounding is what takes a number's rounded part away.
type rounding struct{ odd, half, upper Mem }

func newRounding() rounding {
	constants := GLOBL("rounding", RODATA|NOPTR)
	for i, x := range []uint32{1, 0x7fff, 0xffff0000} {
		DATA(4*i, U32(x))
	}
	return rounding{constants, constants.Offset(4), constants.Offset(8)}
}

// rest subtracts from numbers what they round to, to the even one of two equally near.
func (r rounding) rest(v, spare VecPhysical) {
	VPSRLD(Imm(16), v, spare)
	VPANDD_BCST(r.odd, spare, spare)
	VPADDD_BCST(r.half, spare, spare)
	VPADDD(v, spare, spare)
	VPANDD_BCST(r.upper, spare, spare)
	VSUBPS(spare, v, v)
}

// rowThirds generates the parts of rows.
func (t target) rowThirds(r rounding) {
	name := "rowThirds" + t.suffix
	TEXT(name, NOSPLIT, float32s.signature())
	Doc(name+" sets the three times n elements from dst[i*ldd] on to the pairs of the parts of",
		"src[i*lds+2*j] and the number after it, for i < m, j < n. m is positive and n a",
		fmt.Sprintf("positive multiple of %d.", t.lanes))
	dst, ldd, src, lds, m, n := float32s.matrices()
	low, high, spare, pairs := t.vector(0), t.vector(1), t.vector(2), t.vector(3)
	t.walk(dst, ldd, src, m, n, 2*t.bytes(), func() { ADDQ(lds, src) }, func(from, to, _ Register) {
		VMOVUPS(Mem{Base: from}, low)
		VMOVUPS(Mem{Base: from, Disp: t.bytes()}, high)
		for part := range float32Parts {
			if part > 0 {
				r.rest(low, spare)
				r.rest(high, spare)
				ADDQ(U32(t.bytes()), to)
			}
			roundPairs(low, high, pairs)
			VMOVUPS(pairs, Mem{Base: to})
		}
	})
}

// loadRests reads a vector of numbers, and leaves what rounding takes from them.
func (r rounding) loadRests(f format, m Mem, v, spare VecPhysical) {
	f.load(m, v)
	r.rest(v, spare)
}

// transposeRests generates the transposition of a matrix of pairs of rests.
func (t target) transposeRests(f format, r rounding) {
	name := "transposeRests" + f.name + t.suffix
	TEXT(name, NOSPLIT, f.signature())
	Doc(name+" sets dst[i*ldd+j] to the pair of what src[j*lds+2*i] and the number after it",
		fmt.Sprintf("lose when rounded, for i < m, j < n. m and n are positive multiples of %d.", t.lanes))
	t.transposition(f, 2, func(row Register, i int) {
		low, high, spare := t.vector(i), t.vector(t.registers-1), t.vector(t.registers-2)
		r.loadRests(f, Mem{Base: row}, low, spare)
		r.loadRests(f, Mem{Base: row, Disp: t.lanes * f.size}, high, spare)
		roundPairs(low, high, low)
	})
}

// interleaveRests generates the pairs of rests of two rows each.
func (t target) interleaveRests(f format, r rounding, words Mem) {
	name := "interleaveRests" + f.name + t.suffix
	TEXT(name, NOSPLIT, f.signature())
	Doc(name+" sets dst[i*ldd+j] to the pair of what src[2*i*lds+j] and src[(2*i+1)*lds+j]",
		fmt.Sprintf("lose when rounded, for i < m, j < n. m is positive and n a positive multiple of %d.", t.lanes))
	dst, ldd, src, lds, m, n := f.matrices()
	order := t.vector(t.registers - 1)
	VMOVDQU32(words, order)
	next := func() { LEAQ(Mem{Base: src, Index: lds, Scale: 2}, src) }
	t.walk(dst, ldd, src, m, n, t.lanes*f.size, next, func(from, to, _ Register) {
		low, high, spare := t.vector(0), t.vector(1), t.vector(2)
		r.loadRests(f, Mem{Base: from}, low, spare)
		r.loadRests(f, Mem{Base: from, Index: lds, Scale: 1}, high, spare)
		roundPairs(low, high, low)
		VPERMW(low, order, low)
		VMOVUPS(low, Mem{Base: to})
	})
}
