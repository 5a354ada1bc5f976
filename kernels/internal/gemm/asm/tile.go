package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const tileSignature = "func(c []float32, ldc int, a []float32, lda int, panel []float32, k int, add []float32, ldadd int, bias []float32, rows, panels int, limits []float32)"

// tiles generates the products of some rows with all, half and a quarter of the
// columns of a panel.
func (t target) tiles(m multiply) {
	t.tile("tile"+m.name, "Cols", 2, t.vector, m)
	t.tile("halfTile"+m.name, "Cols/2", 1, t.vector, m)
	t.tile("quarterTile"+m.name, "Cols/4", 1, t.half, m)
}

// multiply is an instruction that adds to each number of sum the product of
// those of a and b, and what they are.
type multiply struct {
	name, elements string
	add            func(a, b, sum VecPhysical)
}

var singles = multiply{"", "", func(a, b, sum VecPhysical) { VFMADD231PS(a, b, sum) }}

// tile generates the product of some rows with the first columns of a panel,
// vecs of the given registers wide. Every number of rows has a loop of its own,
// with all sums in registers.
func (t target) tile(name, columns string, vecs int, register func(i int) VecPhysical, m multiply) {
	TEXT(name+t.suffix, NOSPLIT, tileSignature)
	tileDoc(name+t.suffix, m.elements, columns)
	g := tileRegisters{
		target: t, multiply: m, vecs: vecs, register: register,
		panel: Load(Param("panel").Base(), GP64()),
		k:     Load(Param("k"), GP64()),
		lda:   Load(Param("lda"), GP64()),
		next:  GP64(),
	}
	SHLQ(Imm(2), g.lda)
	// Row r is at rowPtr[r/3] + r%3·lda.
	g.rowPtr = append(g.rowPtr, Load(Param("a").Base(), GP64()))
	for i := 3; i < t.rows; i += 3 {
		p := GP64()
		LEAQ(Mem{Base: g.rowPtr[len(g.rowPtr)-1], Index: g.lda, Scale: 2}, p)
		ADDQ(g.lda, p)
		g.rowPtr = append(g.rowPtr, p)
	}
	rows := Load(Param("rows"), GP64())
	for r := t.rows; r >= 1; r-- {
		CMPQ(rows, Imm(uint64(r)))
		JEQ(LabelRef(label("rows", r)))
	}
	RET() // no rows
	for r := t.rows; r >= 1; r-- {
		g.rowsBody(r)
	}
}

func tileDoc(name, elements, columns string) {
	Doc(
		fmt.Sprintf("%s multiplies rows ≤ Rows rows by panels%s that follow one another:", name, elements),
		"",
		"\tc[r*ldc+j] = Σ_i a[r*lda+i]·panel[i*Cols+j] + bias[j] + add[r*ldadd+j]",
		"",
		fmt.Sprintf("for r < rows, j < %s and i < k, and as many columns further on for the next", columns),
		"panel. An empty bias or add counts as zero; add may be c. k is positive if there",
		"are several panels. Unless empty, limits are the least and the largest number.",
	)
}

// tileRegisters are what the main loop keeps in general registers.
type tileRegisters struct {
	target
	multiply
	vecs          int
	register      func(i int) VecPhysical
	panel, k, lda Register
	next          Register // what lies after the rows
	rowPtr        []Register
}

// label names a place in the code for a number of rows.
func label(what string, rows int) string { return fmt.Sprintf("%s%d", what, rows) }

// width is the length in bytes of the registers in use.
func (g tileRegisters) width() int { return int(g.register(0).Size()) }

// sum is the accumulator of a row and a vector of columns.
func (g tileRegisters) sum(r, v int) VecPhysical { return g.register(r*g.vecs + v) }

// row addresses a[r*lda + i].
func (g tileRegisters) row(r, i int) Mem {
	m := Mem{Base: g.rowPtr[r/3], Disp: 4 * i}
	if r%3 > 0 {
		m.Index, m.Scale = g.lda, uint8(r%3)
	}
	return m
}

func (g tileRegisters) rowsBody(rows int) {
	const unroll = 4
	Label(label("rows", rows))
	IMUL3Q(Imm(uint64(rows)), g.lda, g.next)
	ADDQ(g.rowPtr[0], g.next)
	for r := range rows {
		for v := range g.vecs {
			VXORPS(g.sum(r, v), g.sum(r, v), g.sum(r, v))
		}
	}
	// By the end of the loop the tile's memory is in the cache.
	g.eachRow(rows, Load(Param("c").Base(), GP64()), "ldc", func(m Mem, _ VecPhysical) { PREFETCHT0(m) })
	SUBQ(Imm(unroll), g.k)
	JLT(LabelRef(label("tail", rows)))
	Label(label("loop", rows))
	g.readAhead(rows, unroll)
	for i := range unroll {
		g.step(rows, i)
	}
	g.advance(rows, unroll)
	SUBQ(Imm(unroll), g.k)
	JGE(LabelRef(label("loop", rows)))
	Label(label("tail", rows))
	ADDQ(Imm(unroll), g.k)
	JEQ(LabelRef(label("done", rows)))
	Label(label("last", rows))
	g.step(rows, 0)
	g.advance(rows, 1)
	DECQ(g.k)
	JNE(LabelRef(label("last", rows)))
	Label(label("done", rows))
	g.finish(rows)
	DECQ(argument(Param("panels")))
	JNE(LabelRef(label("another", rows)))
	VZEROUPPER()
	RET()
	Label(label("another", rows))
	g.again(rows)
	JMP(LabelRef(label("rows", rows)))
}

// again goes on to the next panel, which the pointer to panels has reached, with the same rows.
func (g tileRegisters) again(rows int) {
	Load(Param("k"), g.k)
	length := GP64()
	MOVQ(g.k, length)
	SHLQ(Imm(2), length)
	for i := 0; 3*i < rows; i++ {
		SUBQ(length, g.rowPtr[i])
	}
	for _, p := range []string{"c", "add", "bias"} {
		ADDQ(U32(g.vecs*g.width()), argument(Param(p).Base()))
	}
}

// argument is where an argument lies.
func argument(c Component) Mem {
	b, err := c.Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// readAhead fetches as much of what follows the rows as n columns of them are long.
// Where rows lie one after the other, as tiles of package winograd do, these are
// the rows of the next call.
func (g tileRegisters) readAhead(rows, n int) {
	const line = 64
	lines := (4*n*rows + line - 1) / line
	for i := range lines {
		PREFETCHT0(Mem{Base: g.next, Disp: line * i})
	}
	ADDQ(U32(line*lines), g.next)
}

// step adds the products of column i of the rows with row i of the panel.
func (g tileRegisters) step(rows, i int) {
	last := g.registers - 1
	var b []VecPhysical
	for v := range g.vecs {
		b = append(b, g.register(last-v))
		VMOVUPS(Mem{Base: g.panel, Disp: 2*i*g.bytes() + v*g.width()}, b[v])
	}
	for r := range rows {
		if g.broadcasts() {
			VFMADD231PS_BCST(g.row(r, i), b[0], g.sum(r, 0))
			continue
		}
		x := g.register(last - g.vecs - r%2)
		VBROADCASTSS(g.row(r, i), x)
		for v := range g.vecs {
			g.multiply.add(b[v], x, g.sum(r, v))
		}
	}
}

// broadcasts reports whether the instruction that multiplies takes a number from memory for
// all lanes itself. With one vector of columns, each number is used once, and half and
// quarter tiles are a quarter faster so.
func (g tileRegisters) broadcasts() bool {
	return g.vecs == 1 && g.lanes == 16 && g.multiply.name == ""
}

// advance moves on by n columns of the rows.
func (g tileRegisters) advance(rows, n int) {
	ADDQ(U32(2*n*g.bytes()), g.panel)
	for i := 0; 3*i < rows; i++ {
		ADDQ(U32(4*n), g.rowPtr[i])
	}
}

// finish adds bias and the matrix to be added, and writes the tile.
func (g tileRegisters) finish(rows int) {
	bias := Load(Param("bias").Base(), GP64())
	hasBias := Load(Param("bias").Len(), GP64())
	TESTQ(hasBias, hasBias)
	JZ(LabelRef(label("unbiased", rows)))
	for v := range g.vecs {
		b := g.register(g.registers - 1)
		VMOVUPS(Mem{Base: bias, Disp: v * g.width()}, b)
		for r := range rows {
			VADDPS(b, g.sum(r, v), g.sum(r, v))
		}
	}
	Label(label("unbiased", rows))
	add := Load(Param("add").Base(), GP64())
	hasAdd := Load(Param("add").Len(), GP64())
	TESTQ(hasAdd, hasAdd)
	JZ(LabelRef(label("alone", rows)))
	g.eachRow(rows, add, "ldadd", func(m Mem, sum VecPhysical) { VADDPS(m, sum, sum) })
	Label(label("alone", rows))
	g.limit(rows)
	c := Load(Param("c").Base(), GP64())
	g.eachRow(rows, c, "ldc", func(m Mem, sum VecPhysical) { VMOVUPS(sum, m) })
}

// limit keeps the sums within limits, where there are some. A NaN stays one.
func (g tileRegisters) limit(rows int) {
	limits := Load(Param("limits").Base(), GP64())
	hasLimits := Load(Param("limits").Len(), GP64())
	TESTQ(hasLimits, hasLimits)
	JZ(LabelRef(label("limited", rows)))
	lo, hi := g.register(g.registers-1), g.register(g.registers-2)
	VBROADCASTSS(Mem{Base: limits}, lo)
	VBROADCASTSS(Mem{Base: limits, Disp: 4}, hi)
	for r := range rows {
		for v := range g.vecs {
			VMAXPS(g.sum(r, v), lo, g.sum(r, v))
			VMINPS(g.sum(r, v), hi, g.sum(r, v))
		}
	}
	Label(label("limited", rows))
}

// eachRow calls f with the address of each vector of a tile in memory.
func (g tileRegisters) eachRow(rows int, p Register, stride string, f func(m Mem, sum VecPhysical)) {
	ld := Load(Param(stride), GP64())
	SHLQ(Imm(2), ld)
	for r := range rows {
		for v := range g.vecs {
			f(Mem{Base: p, Disp: v * g.width()}, g.sum(r, v))
		}
		if r < rows-1 {
			ADDQ(ld, p)
		}
	}
}
