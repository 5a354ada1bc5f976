package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// format is how the numbers of a source are stored.
type format struct {
	name, element string
	size          int // bytes
}

var (
	float32s  = format{"Float32", "float32", 4}
	float16s  = format{"Float16", "uint16", 2}
	bfloat16s = format{"BFloat16", "uint16", 2}
)

// load reads a vector of numbers from any address and makes them float32.
func (f format) load(m Mem, v VecPhysical) {
	switch f {
	case float32s:
		VMOVUPS(m, v)
	case float16s:
		VCVTPH2PS(m, v)
	default:
		VPMOVZXWD(m, v)
		VPSLLD(Imm(16), v, v)
	}
}

func (f format) signature() string {
	return fmt.Sprintf("func(dst []float32, ldd int, src []%s, lds, m, n int)", f.element)
}

// matrices loads what both functions take: source and destination, their row
// distances in bytes, and the numbers of rows and columns.
func (f format) matrices() (dst, ldd, src, lds, m, n Register) {
	dst, ldd = Load(Param("dst").Base(), GP64()), Load(Param("ldd"), GP64())
	src, lds = Load(Param("src").Base(), GP64()), Load(Param("lds"), GP64())
	m, n = Load(Param("m"), GP64()), Load(Param("n"), GP64())
	SHLQ(Imm(2), ldd)
	SHLQ(Imm(map[int]uint64{4: 2, 2: 1}[f.size]), lds)
	return
}

// copy generates a copy of a matrix whose width is a multiple of a vector.
func (t target) copy(f format) {
	name := "copy" + f.name + t.suffix
	TEXT(name, NOSPLIT, f.signature())
	Doc(name+" sets dst[i*ldd+j] = src[i*lds+j] for i < m, j < n.",
		fmt.Sprintf("n is a positive multiple of %d and m is positive.", t.lanes))
	dst, ldd, src, lds, m, n := f.matrices()
	ahead := rowsAhead(lds, 1)
	t.walk(dst, ldd, src, m, n, t.lanes*f.size, func() { ADDQ(lds, src) }, func(from, to, _ Register) {
		PREFETCHT1(Mem{Base: from, Index: ahead, Scale: 1})
		f.load(Mem{Base: from}, t.vector(0))
		VMOVUPS(t.vector(0), Mem{Base: to})
	})
}

// rowsAhead is the distance of the rows of src that a copy asks for while it reads some
// for the result's next one: a panel takes so little of each that the processor does not
// foresee them.
func rowsAhead(lds Register, rows int) Register {
	ahead := GP64()
	IMUL3Q(U32(16*rows), lds, ahead)
	return ahead
}

// walk generates the loops over m rows of n numbers: body makes a vector
// of dst, of which left numbers are left in the row, and step is how many bytes
// of src that takes; next goes on to the next row of src.
func (t target) walk(dst, ldd, src, m, n Register, step int, next func(), body func(from, to, left Register)) {
	Label("row")
	from, to, left := GP64(), GP64(), GP64()
	MOVQ(src, from)
	MOVQ(dst, to)
	MOVQ(n, left)
	Label("vector")
	body(from, to, left)
	ADDQ(U32(step), from)
	ADDQ(U32(t.bytes()), to)
	SUBQ(U32(t.lanes), left)
	JG(LabelRef("vector"))
	next()
	ADDQ(ldd, dst)
	DECQ(m)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// transpose generates the transposition of a matrix whose height and width are
// multiples of a vector, in square blocks.
func (t target) transpose(f format) {
	name := "transpose" + f.name + t.suffix
	TEXT(name, NOSPLIT, f.signature())
	Doc(name+" sets dst[i*ldd+j] = src[j*lds+i] for i < m, j < n.",
		fmt.Sprintf("m and n are positive multiples of %d.", t.lanes))
	t.transposition(f, 1, func(row Register, i int) { f.load(Mem{Base: row}, t.vector(i)) })
}

// transposition generates the loops of a transposition of elements that are
// as many numbers of the source each. load reads a vector of elements of a row
// into register i. Of pairs there may be fewer than a vector at the end, which
// load reads by the masks, and no more of them are written.
func (t target) transposition(f format, numbers int, load func(row Register, i int)) {
	dst, ldd, src, lds, m, n := f.matrices()
	ahead := GP64() // the rows to be read next are too far apart for the processor to foresee
	MOVQ(lds, ahead)
	SHLQ(Imm(map[int]uint64{16: 4, 8: 3}[t.lanes]), ahead)
	Label("columns") // of dst: t.lanes rows of src
	from, to, left := GP64(), GP64(), GP64()
	MOVQ(src, from)
	MOVQ(dst, to)
	MOVQ(m, left)
	Label("block")
	if numbers > 1 {
		masks(left)
	}
	row := GP64()
	MOVQ(from, row)
	var in []VecPhysical
	for i := range t.lanes {
		in = append(in, t.vector(i))
		load(row, i)
		PREFETCHT0(Mem{Base: row, Index: ahead, Scale: 1})
		ADDQ(lds, row)
	}
	for i, v := range t.transposed(in) {
		VMOVUPS(v, Mem{Base: to})
		ADDQ(ldd, to)
		if numbers > 1 && i+1 < t.lanes {
			CMPQ(left, Imm(uint64(i+1)))
			JEQ(LabelRef("ended"))
		}
	}
	ADDQ(U32(numbers*t.lanes*f.size), from)
	SUBQ(U32(t.lanes), left)
	JNE(LabelRef("block"))
	if numbers > 1 {
		Label("ended")
	}
	for range t.lanes {
		ADDQ(lds, src)
	}
	ADDQ(U32(t.bytes()), dst)
	SUBQ(U32(t.lanes), n)
	JNE(LabelRef("columns"))
	VZEROUPPER()
	RET()
}

// registers hands out vector registers that hold nothing needed.
type registers struct{ free []VecPhysical }

func (r *registers) take() VecPhysical {
	v := r.free[0]
	r.free = r.free[1:]
	return v
}

// pair replaces registers a and b by the results of two instructions on them.
func (r *registers) pair(a, b VecPhysical, low, high func(a, b, to VecPhysical)) (x, y VecPhysical) {
	x, y = r.take(), r.take()
	low(a, b, x)
	high(a, b, y)
	r.free = append(r.free, a, b)
	return x, y
}

// transposed transposes the square matrix whose rows are in registers.
func (t target) transposed(in []VecPhysical) []VecPhysical {
	var r registers
	for i := t.lanes; i < t.registers; i++ {
		r.free = append(r.free, t.vector(i))
	}
	// Quarter q of row group g becomes one vector for each column c of its
	// 128-bit parts: part p holds column 4p+c of rows 4g to 4g+3.
	var quads [4][]VecPhysical
	for g := 0; g < t.lanes; g += 4 {
		a0, a1 := r.pair(in[g], in[g+1], unpackLowSingle, unpackHighSingle)
		b0, b1 := r.pair(in[g+2], in[g+3], unpackLowSingle, unpackHighSingle)
		c0, c1 := r.pair(a0, b0, unpackLowDouble, unpackHighDouble)
		c2, c3 := r.pair(a1, b1, unpackLowDouble, unpackHighDouble)
		for c, v := range []VecPhysical{c0, c1, c2, c3} {
			quads[c] = append(quads[c], v)
		}
	}
	out := make([]VecPhysical, t.lanes)
	for c, v := range quads {
		if t.lanes == 8 {
			out[c], out[c+4] = r.pair(v[0], v[1], lowHalves, highHalves)
			continue
		}
		even01, odd01 := r.pair(v[0], v[1], evenParts, oddParts)
		even23, odd23 := r.pair(v[2], v[3], evenParts, oddParts)
		out[c], out[c+8] = r.pair(even01, even23, evenParts, oddParts)
		out[c+4], out[c+12] = r.pair(odd01, odd23, evenParts, oddParts)
	}
	return out
}

func unpackLowSingle(a, b, to VecPhysical)  { VUNPCKLPS(b, a, to) }
func unpackHighSingle(a, b, to VecPhysical) { VUNPCKHPS(b, a, to) }
func unpackLowDouble(a, b, to VecPhysical)  { VUNPCKLPD(b, a, to) }
func unpackHighDouble(a, b, to VecPhysical) { VUNPCKHPD(b, a, to) }

// evenParts takes 128-bit parts 0 and 2 of a and of b; oddParts 1 and 3.
func evenParts(a, b, to VecPhysical) { VSHUFF32X4(Imm(0x88), b, a, to) }
func oddParts(a, b, to VecPhysical)  { VSHUFF32X4(Imm(0xdd), b, a, to) }

// lowHalves takes the lower halves of a and b; highHalves the upper ones.
func lowHalves(a, b, to VecPhysical)  { VPERM2F128(Imm(0x20), b, a, to) }
func highHalves(a, b, to VecPhysical) { VPERM2F128(Imm(0x31), b, a, to) }
