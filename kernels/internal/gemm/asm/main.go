// Command asm generates the assembly of package gemm: avx2_amd64.s and
// avx512_amd64.s with their Go declarations. Run it with go generate in package
// gemm. It is a module of its own so that sdgraph does not depend on its
// assembler.
package main

import (
	"flag"

	. "github.com/mmcloughlin/avo/build"
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
}

var targets = map[string]target{
	// 12 accumulators, two vectors of the panel and two broadcast numbers.
	"avx2": {suffix: "AVX2", lanes: 8, registers: 16, rows: 6, vector: func(i int) VecPhysical {
		return []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}[i]
	}},
	// 28 accumulators, two vectors of the panel and two broadcast numbers.
	"avx512": {suffix: "AVX512", lanes: 16, registers: 32, rows: 14, vector: func(i int) VecPhysical {
		return []VecPhysical{
			Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
			Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31,
		}[i]
	}},
}

// bytes is the length of a vector.
func (t target) bytes() int { return 4 * t.lanes }

func main() {
	isa := flag.String("isa", "avx512", "instruction set: avx2 or avx512")
	flag.Parse() // avo's -out, -stubs and -pkg too
	ConstraintExpr("amd64,!noasm")
	t := targets[*isa]
	t.tile("tile", 2)
	t.tile("halfTile", 1)
	for _, f := range []format{float32s, float16s, bfloat16s} {
		t.transpose(f)
		t.copy(f)
	}
	t.peak()
	Generate()
}
