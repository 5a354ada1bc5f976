// Command asm generates the assembly of package gemm: avx2_amd64.s, avx512_amd64.s
// and amx_amd64.s with their Go declarations. Run it with go generate in package
// gemm. It is a module of its own so that sdgraph does not depend on its
// assembler.
package main

import (
	"flag"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// target is an instruction set: how wide its vectors are and how many rows a
// tile can have.
type target struct {
	suffix    string // of function names
	lanes     int    // float32 in a vector
	registers int    // vectors there are
	rows      int    // rows of a tile
	vector    func(i int) VecPhysical
	half      func(i int) VecPhysical // the lower half of a vector
}

var targets = map[string]target{
	// 12 accumulators, two vectors of the panel and two broadcast numbers.
	"avx2": {suffix: "AVX2", lanes: 8, registers: 16, rows: 6, vector: ymm, half: xmm},
	// 28 accumulators, two vectors of the panel and two broadcast numbers.
	"avx512": {suffix: "AVX512", lanes: 16, registers: 32, rows: 14, vector: zmm, half: ymm},
	// Four tiles of sums, two of rows and two of columns.
	"amx": {suffix: "AMX", lanes: 16, registers: 32, rows: 32, vector: zmm, half: ymm},
}

var (
	zmm = registersOf(S512)
	ymm = registersOf(S256)
	xmm = registersOf(S128)
)

// registersOf gives the vector registers of one size by number.
func registersOf(size Spec) func(i int) VecPhysical {
	return func(i int) VecPhysical { return LookupPhysical(KindVector, Index(i), size).(VecPhysical) }
}

// bytes is the length of a vector.
func (t target) bytes() int { return 4 * t.lanes }

func main() {
	isa := flag.String("isa", "avx512", "instruction set: avx2, avx512 or amx")
	flag.Parse() // avo's -out, -stubs and -pkg too
	ConstraintExpr("amd64,!noasm")
	t := targets[*isa]
	if *isa == "amx" {
		t.amx()
		Generate()
		return
	}
	t.tiles(singles)
	for _, f := range []format{float32s, float16s, bfloat16s} {
		t.transpose(f)
		t.copy(f)
	}
	t.expColumns(exact, Mem{})
	t.expMul(exact)
	t.peak(singles)
	if *isa == "avx512" {
		t.pairs()
	}
	Generate()
}
