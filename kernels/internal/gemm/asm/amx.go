package main

import (
	"encoding/binary"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// AMX multiplies tiles of up to 16 rows of 64 bytes (Intel, "Intel Architecture
// Instruction Set Extensions Programming Reference", chapter 3). A packed row of
// pairs is a row of its left operand, and a panel is its right one as it lies in
// memory, so only the innermost loops differ from those of AVX-512. Neither Go's
// assembler nor avo knows the instructions.

// The eight tiles: four sums for two tiles of the left operand, one below the
// other, and two of the right one, side by side.
const (
	sums  = 0 // sum of upper or lower rows and left or right columns: 2·lower + right
	lefts = 4 // upper and lower rows
	right = 6 // left and right columns
)

const (
	configBytes = 64 // of a configuration of tiles,
	widths      = 16 // where the bytes of a row begin, two for each,
	heights     = 48 // and the rows, one for each

	tileRows  = 16     // rows of a tile
	tilePairs = 16     // pairs in a row of a tile
	panelRow  = 32 * 4 // bytes in a row of a panel
	rowBytes  = 4 * tilePairs
)

// General registers hold the same throughout, since avo cannot see what the
// bytes of these instructions use.
var (
	upper, lower = RAX, R8 // where the rows go on
	panel        = RDX     // where the panel goes on
	result       = RDI     // c
	start        = RSI     // what the sums begin with, 0 for nothing

	lda, ldc, ldstart, panelStride = RBX, R11, R9, R13 // the distances of rows, in bytes

	steps          = RCX // tiles of pairs to go
	rest           = R14 // pairs after the last whole tile, 0 when they are done
	config         = R10 // of tiles with as many pairs as there is room for
	other, counter = R15, R12
)

// amx generates the tiles of AMX: products of pairs with all, half and a quarter
// of the columns of a panel, and those of numbers in parts.
func (t target) amx() {
	whole := amxTile{target: t, cols: 32, rowParts: 1, multiplied: [][]int{{0}}}
	half, quarter := whole, whole
	half.cols, quarter.cols = 16, 8
	whole.shapes("shapes")
	half.shapes("halfShapes")
	quarter.shapes("quarterShapes")
	whole.function("tile", "Cols")
	half.function("halfTile", "Cols/2")
	quarter.function("quarterTile", "Cols/4")
	whole.peak()
	whole.batch()

	// Part i is less than 2^-8i of a number, so the product left out is less than a
	// product's own rounding.
	whole.rowParts, whole.multiplied = float32Parts, [][]int{{2, 0, 1}, {1, 0}}
	whole.function("tileThirds"+float16s.name, "")
	whole.multiplied = [][]int{{2, 0, 1}}
	whole.function("tileThirds"+bfloat16s.name, "")
}

// amxTile is one of the functions.
type amxTile struct {
	target
	cols       int     // columns of the panels that it computes
	rowParts   int     // of the numbers in rows
	multiplied [][]int // for each part of those in panels the parts of rows, in an order that loads few anew
	apart      bool    // products lie apart, rather than side by side
	table      Mem     // of configurations by number of rows, and
	config     Mem     // one for fewer pairs
}

// inParts reports whether it is one of thirds.go.
func (g amxTile) inParts() bool { return g.rowParts > 1 }

func (g amxTile) function(name, columns string) {
	TEXT(name+g.suffix, NOSPLIT, tileSignature)
	if g.inParts() {
		Doc(fmt.Sprintf("%s does what tileAMX does with rows of %d parts and panels of %d,", name+g.suffix, g.rowParts, len(g.multiplied)),
			"k being the number of pairs, a multiple of 16.")
	} else {
		tileDoc(name+g.suffix, " of pairs", columns)
	}
	g.body()
}

const batchSignature = "func(c []float32, ldc, nextC int, a []float32, lda, nextA int, panel []float32, nextPanel, k int, add bool, rows, count int)"

// batch generates products of one shape that lie apart, for which tiles are configured once.
func (g amxTile) batch() {
	name := "batch" + g.suffix
	TEXT(name, NOSPLIT, batchSignature)
	Doc(name + " computes a [Batch] of pairs and of whole panels. count is positive.")
	g.apart = true
	g.body()
}

// body generates what follows a signature.
func (g amxTile) body() {
	g.config = AllocLocal(configBytes)
	rows := Load(Param("rows"), counter)
	TESTQ(rows, rows)
	JZ(LabelRef("nothing"))
	Load(Param("lda"), lda)
	SHLQ(Imm(2), lda)
	Load(Param("ldc"), ldc)
	SHLQ(Imm(2), ldc)
	MOVQ(U32(panelRow), panelStride)
	LEAQ(g.table, config)
	MOVQ(rows, other)
	SHLQ(Imm(6), other)
	ADDQ(other, config)
	CMPQ(rows, Imm(tileRows))
	JG(LabelRef("tall"))
	g.panels("short", false)
	g.panels("tall", true)
	Label("nothing")
	RET()
}

// across is the number of tiles that lie side by side.
func (g amxTile) across() int { return (g.cols + tileRows - 1) / tileRows }

// width is the length in bytes of a row of sums in a tile.
func (g amxTile) width() int { return 4 * min(g.cols, tileRows) }

// shapes makes the table of configurations (bytes of a row, and rows, of each tile) for
// every number of rows, with as many pairs as there is room for. They leave out tiles
// that are not used; the processor refuses one that is empty in part.
func (g *amxTile) shapes(name string) {
	g.table = GLOBL(name, RODATA|NOPTR)
	for rows := range 2*tileRows + 1 {
		var config [configBytes]byte
		config[0] = 1 // the only palette
		shape := func(tile, rows, width int) {
			if rows > 0 {
				config[widths+2*tile], config[heights+tile] = byte(width), byte(rows)
			}
		}
		for i, high := range []int{min(rows, tileRows), rows - min(rows, tileRows)} {
			shape(lefts+i, high, rowBytes)
			for column := range g.across() {
				shape(sums+2*i+column, high, g.width())
			}
		}
		for column := range g.across() {
			shape(right+column, tilePairs, g.width())
		}
		for at := 0; at < configBytes; at += 8 {
			DATA(rows*configBytes+at, U64(binary.LittleEndian.Uint64(config[at:])))
		}
	}
}

// narrow takes a configuration of tiles of fewer pairs.
func (g amxTile) narrow(pairs GPPhysical, tall bool) {
	VMOVUPS(Mem{Base: config}, Z0)
	VMOVUPS(Z0, g.config)
	field := func(at int) Mem { return g.config.Offset(at) }
	for column := range g.across() {
		MOVB(pairs.As8().(GPPhysical), field(heights+right+column))
	}
	SHLQ(Imm(2), pairs)
	MOVW(pairs.As16().(GPPhysical), field(widths+2*lefts))
	if tall {
		MOVW(pairs.As16().(GPPhysical), field(widths+2*(lefts+1)))
	}
	LEAQ(g.config, other)
	loadConfig(other)
}

// panels generates the loop over panels, for rows that fill one tile at most
// or, tall, one and part of another one.
func (g amxTile) panels(name string, tall bool) {
	at := func(what string) string { return name + what }
	Label(at(""))
	loadConfig(config)
	Label(at("panel"))
	g.begin(at)
	Load(Param("a").Base(), upper)
	if g.inParts() {
		ADDQ(Imm(rowBytes), upper) // to the second of three, whose neighbours displacements reach
	}
	Load(Param("panel").Base(), panel)
	Load(Param("c").Base(), result)
	MOVQ(lda, lower)
	SHLQ(Imm(4), lower) // 16 rows
	ADDQ(upper, lower)
	Load(Param("k"), steps)
	MOVQ(steps, rest)
	ANDQ(Imm(tilePairs-1), rest)
	SHRQ(Imm(4), steps)
	JNZ(LabelRef(at("pass")))
	g.ifRest(at)
	g.pass(at, tall)
	g.ifRest(at)
	Label(at("next"))
	g.next()
	JNE(LabelRef(at("panel")))
	release()
	VZEROUPPER()
	RET()
	if g.inParts() {
		return
	}
	Label(at("rest")) // one more pass, of narrower tiles, which begins with the sums so far
	g.narrow(rest, tall)
	MOVQ(U32(1), steps)
	g.pass(func(what string) string { return at("rest" + what) }, tall)
	loadConfig(config) // panels after the first one keep it: it takes a hundred cycles
	JMP(LabelRef(at("next")))
}

// ifRest goes on with the pairs after the last whole tile.
func (g amxTile) ifRest(at func(string) string) {
	if !g.inParts() {
		TESTQ(rest, rest)
		JNZ(LabelRef(at("rest")))
	}
}

// begin sets what the sums begin with. A bias is written to c, added to what is
// to be added: tiles do not add rows.
func (g amxTile) begin(at func(string) string) {
	if g.apart {
		g.goOn()
		CMPB(argument(Param("add")), Imm(0))
		JNE(LabelRef(at("begun")))
		XORQ(start, start)
		Label(at("begun"))
		return
	}
	Load(Param("add").Base(), start)
	Load(Param("ldadd"), ldstart)
	SHLQ(Imm(2), ldstart)
	XORQ(other, other)
	Load(Param("add").Len(), rest)
	TESTQ(rest, rest)
	CMOVQEQ(other, start)
	Load(Param("bias").Len(), rest)
	TESTQ(rest, rest)
	JZ(LabelRef(at("begun")))
	bias := Load(Param("bias").Base(), other)
	register := g.vector
	if g.width() < g.bytes() {
		register = g.half
	}
	for v := range g.across() {
		VMOVUPS(Mem{Base: bias, Disp: v * g.width()}, register(v))
	}
	Load(Param("c").Base(), result)
	Load(Param("rows"), counter)
	Label(at("bias"))
	sum := func(v int) VecPhysical { return register(v + g.across()) }
	for v := range g.across() {
		VMOVAPS(register(v), sum(v))
	}
	TESTQ(start, start)
	JZ(LabelRef(at("alone")))
	for v := range g.across() {
		VADDPS(Mem{Base: start, Disp: v * g.width()}, sum(v), sum(v))
	}
	ADDQ(ldstart, start)
	Label(at("alone"))
	for v := range g.across() {
		VMOVUPS(sum(v), Mem{Base: result, Disp: v * g.width()})
	}
	ADDQ(ldc, result)
	DECQ(counter)
	JNE(LabelRef(at("bias")))
	g.goOn()
	Label(at("begun"))
}

// goOn lets the sums begin with what is in c.
func (g amxTile) goOn() {
	Load(Param("c").Base(), start)
	MOVQ(ldc, ldstart)
}

// pass adds the products of steps tiles to what the sums begin with.
func (g amxTile) pass(at func(string) string, tall bool) {
	Label(at("pass"))
	TESTQ(start, start)
	JZ(LabelRef(at("zero")))
	g.eachSum(tall, start, ldstart, loadTile)
	JMP(LabelRef(at("begins")))
	Label(at("zero"))
	g.eachSum(tall, start, ldstart, func(tile int, _, _ GPPhysical, _ int) { zeroTile(tile) })
	Label(at("begins"))
	TESTQ(steps, steps)
	JZ(LabelRef(at("multiplied")))
	Label(at("step"))
	g.step(tall)
	DECQ(steps)
	JNE(LabelRef(at("step")))
	Label(at("multiplied"))
	g.eachSum(tall, result, ldc, storeTile)
	g.goOn()
}

// eachSum calls f with the address of each tile of sums in a matrix.
func (g amxTile) eachSum(tall bool, p, ld GPPhysical, f func(tile int, p, ld GPPhysical, disp int)) {
	for column := range g.across() {
		f(sums+column, p, ld, column*g.width())
	}
	if !tall {
		return
	}
	MOVQ(ld, other)
	SHLQ(Imm(4), other)
	ADDQ(p, other)
	for column := range g.across() {
		f(sums+2+column, other, ld, column*g.width())
	}
}

// step multiplies one tile of each part of the rows by one of each part of the columns.
func (g amxTile) step(tall bool) {
	held := -1 // the part of rows that is loaded
	for _, parts := range g.multiplied {
		for i, part := range parts {
			load := func(tile int, rows GPPhysical) {
				if part != held {
					loadTile(tile, rows, lda, (part-g.rowParts/2)*rowBytes)
				}
			}
			load(lefts, upper)
			for column := range g.across() {
				if i == 0 {
					loadTile(right+column, panel, panelStride, column*g.width())
				}
				multiplyTiles(sums+column, lefts, right+column)
			}
			if tall {
				load(lefts+1, lower)
				for column := range g.across() {
					multiplyTiles(sums+2+column, lefts+1, right+column)
				}
			}
			held = part
		}
		ADDQ(U32(tilePairs*panelRow), panel)
	}
	ADDQ(U32(rowBytes*g.rowParts), upper)
	ADDQ(U32(rowBytes*g.rowParts), lower)
}

// peak generates a loop that does nothing but multiply tiles.
func (g amxTile) peak() {
	name := "peak" + g.suffix
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(name + " multiplies tiles only, 4·n of them. n is positive.")
	LEAQ(g.table.Offset(2*tileRows*configBytes), config)
	loadConfig(config)
	Load(Param("n"), steps)
	Label("loop")
	for sum := range 4 {
		multiplyTiles(sums+sum, lefts+sum/2, right+sum%2)
	}
	DECQ(steps)
	JNE(LabelRef("loop"))
	release()
	RET()
}

// next goes on to the next panel or product; the flags say whether there is none.
func (g amxTile) next() {
	if g.apart {
		for _, p := range [][2]string{{"c", "nextC"}, {"a", "nextA"}, {"panel", "nextPanel"}} {
			Load(Param(p[1]), other)
			SHLQ(Imm(2), other)
			ADDQ(other, argument(Param(p[0]).Base()))
		}
		DECQ(argument(Param("count")))
		return
	}
	Load(Param("k"), other)
	IMUL3Q(U32(panelRow*len(g.multiplied)), other, other)
	ADDQ(other, argument(Param("panel").Base()))
	for _, p := range []string{"c", "add", "bias"} {
		ADDQ(U32(4*g.cols), argument(Param(p).Base()))
	}
	DECQ(argument(Param("panels")))
}

// The instructions. Tiles' memory operands are a base, an index and a displacement
// of one byte.

func loadConfig(p GPPhysical) { vex(0, 0x49, 0, 0, number(p), 0x40|number(p)&7, 0) }

func release() { vex(0, 0x49, 0, 0, 0, 0xc0) }

func zeroTile(tile int) { vex(3, 0x49, 0, 0, 0, 0xc0|tile<<3) }

func loadTile(tile int, p, ld GPPhysical, disp int) { tileMemory(3, tile, p, ld, disp) }

func storeTile(tile int, p, ld GPPhysical, disp int) { tileMemory(2, tile, p, ld, disp) }

func tileMemory(prefix, tile int, p, ld GPPhysical, disp int) {
	base, index := number(p), number(ld)
	vex(prefix, 0x4b, 0, index, base, 0x44|tile<<3, index&7<<3|base&7, disp&0xff)
}

// multiplyTiles adds to each number of sum the products of a row of left with a
// column of right, in pairs.
func multiplyTiles(sum, left, right int) { vex(2, 0x5c, right, 0, 0, 0xc0|sum<<3|left) }

// vex writes an instruction of the opcode map 0F38 with its last bytes. v, index
// and base are numbers of registers; the prefixes are none, 66, F3 and F2.
func vex(prefix, opcode, v, index, base int, rest ...int) {
	p1 := 1<<7 | (^index>>3&1)<<6 | (^base>>3&1)<<5 | 2
	p2 := (^v&15)<<3 | prefix
	bytes("LONG", U32(0xc4|p1<<8|p2<<16|opcode<<24))
	for _, b := range rest {
		bytes("BYTE", U8(b))
	}
}
