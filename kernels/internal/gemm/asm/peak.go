package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// peakChains is the number of independent multiply-adds of an iteration: more
// than latency times throughput on any processor.
const peakChains = 12

// peak generates a loop that does nothing but multiply and add.
func (t target) peak(m multiply) {
	name := "peak" + m.name + t.suffix
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(name+" multiplies and adds registers only,",
		fmt.Sprintf("%d·n vectors of %d numbers%s. n is positive.", peakChains, t.lanes, m.elements))
	for i := range peakChains + 2 {
		VXORPS(t.vector(i), t.vector(i), t.vector(i))
	}
	n := Load(Param("n"), GP64())
	Label("loop")
	for i := range peakChains {
		m.add(t.vector(peakChains), t.vector(peakChains+1), t.vector(i))
	}
	DECQ(n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
