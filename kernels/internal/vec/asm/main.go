// Command asm generates the assembly of package vec: avx2_amd64.s and avx512_amd64.s with their Go declarations. Run
// it with go generate in package vec. It is a module of its own so that sdgraph does not depend on its assembler.
package main

import (
	"flag"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	isa := flag.String("isa", "avx512", "instruction set: avx2 or avx512")
	flag.Parse() // avo's -out and -stubs too
	ConstraintExpr("amd64,!noasm")
	t := avx512
	if *isa == "avx2" {
		t = avx2
	}
	t.constants()
	t.arithmetic()
	t.reductions()
	t.columns()
	t.activations()
	t.conversions()
	t.depthwise()
	Generate()
}
