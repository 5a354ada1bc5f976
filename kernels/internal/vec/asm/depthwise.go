package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The numbers that describe windows, in the order of package vec.
const (
	tapBytes = 8 * iota
	xStep
	xSkip
	xBack
	wSkip
	wBack
	outStep
	kh
	kw
	channels
)

// eight windows are addressed from one register, by multiples of their distance.
const eight = 8

// depthwise emits the windows of so many pixels, as many vectors of channels at a time as keep the multipliers busy:
// eight sums, or more.
func (t *target) depthwise() {
	for pixels := 1; pixels <= 12; pixels++ {
		t.windows(pixels, min(max(8/pixels, 1), 4))
	}
}

// windowRegisters are what the loops over taps keep.
type windowRegisters struct {
	x, w, out, bias, s, n, tap reg.Register
	later                      reg.Register         // the eighth window after x, where there are so many
	steps                      map[int]reg.Register // odd multiples of the distance of windows
}

func (t *target) windows(pixels, vectors int) {
	t.function(fmt.Sprintf("depthwise%d", pixels), "(out, x, w, bias *float32, s *[10]int, lo, hi float32)",
		fmt.Sprintf("convolves each channel of %d windows.", pixels))
	pointer := func(name string) reg.Register { return Load(Param(name), GP64()) }
	g := windowRegisters{x: pointer("x"), w: pointer("w"), out: pointer("out"), bias: pointer("bias"), s: pointer("s"),
		n: GP64(), tap: GP64(), steps: map[int]reg.Register{}}
	MOVQ(g.number(channels), g.n)
	MOVQ(g.number(tapBytes), g.tap)
	for odd := 1; odd < min(pixels, eight); odd += 2 {
		g.steps[odd] = GP64()
		if odd == 1 {
			MOVQ(g.number(xStep), g.steps[1])
		} else {
			LEAQ(Mem{Base: g.steps[odd-2], Index: g.steps[1], Scale: 2}, g.steps[odd])
		}
	}
	moving := []reg.Register{g.x}
	if pixels > eight {
		g.later = GP64()
		LEAQ(Mem{Base: g.x, Index: g.steps[1], Scale: eight}, g.later)
		moving = append(moving, g.later)
	}
	for _, v := range slices.Compact([]int{vectors, 1}) {
		begin, end := label("vectors"), label("fewer")
		Label(begin)
		CMPQ(g.n, Imm(uint64(v*t.lanes)))
		JLT(LabelRef(end))
		g.sums(pixels, v, access{t: t})
		for _, p := range append([]reg.Register{g.w, g.out, g.bias}, moving...) {
			ADDQ(U32(4*v*t.lanes), p)
		}
		SUBQ(Imm(uint64(v*t.lanes)), g.n)
		JMP(LabelRef(begin))
		Label(end)
	}
	end := label("none")
	TESTQ(g.n, g.n)
	JEQ(LabelRef(end))
	g.sums(pixels, 1, access{t: t, mask: t.mask(g.n)})
	Label(end)
	done()
}

// number is one of those that describe windows.
func (g windowRegisters) number(at int) Mem { return Mem{Base: g.s, Disp: at} }

// pixel is vector v of a window's pixel, of the given window.
func (g windowRegisters) pixel(p, v, lanes int) Mem {
	m := Mem{Base: g.x, Disp: 4 * v * lanes}
	if p >= eight {
		m.Base, p = g.later, p-eight
	}
	if p == 0 {
		return m
	}
	odd, scale := p, 1
	for odd%2 == 0 {
		odd, scale = odd/2, scale*2
	}
	m.Index, m.Scale = g.steps[odd], uint8(scale)
	return m
}

// sums emits all taps of some vectors of channels, and their limits.
func (g windowRegisters) sums(pixels, vectors int, a access) {
	lanes := a.t.lanes
	at := func(base reg.Register, v int) Mem { return Mem{Base: base, Disp: 4 * v * lanes} }
	acc := make([][]reg.VecVirtual, pixels)
	for p := range acc {
		for v := range vectors {
			if p == 0 {
				acc[p] = append(acc[p], a.loadFrom(at(g.bias, v)))
			} else {
				acc[p] = append(acc[p], a.t.vector())
				VMOVAPS(acc[0][v], acc[p][v])
			}
		}
	}
	rows, taps := GP64(), GP64()
	MOVQ(g.number(kh), rows)
	row, tap := label("row"), label("tap")
	Label(row)
	MOVQ(g.number(kw), taps)
	Label(tap)
	var w []reg.VecVirtual
	for v := range vectors {
		w = append(w, a.loadFrom(at(g.w, v)))
	}
	for p := range pixels {
		for v := range vectors {
			if m := g.pixel(p, v, lanes); a.mask == nil {
				VFMADD231PS(m, w[v], acc[p][v])
			} else {
				VFMADD231PS(a.loadFrom(m), w[v], acc[p][v])
			}
		}
	}
	g.move(ADDQ, g.tap)
	ADDQ(g.tap, g.w)
	DECQ(taps)
	JNE(LabelRef(tap))
	g.move(ADDQ, g.number(xSkip))
	ADDQ(g.number(wSkip), g.w)
	DECQ(rows)
	JNE(LabelRef(row))
	g.move(SUBQ, g.number(xBack))
	SUBQ(g.number(wBack), g.w)
	to, lo, hi := GP64(), a.t.scalar("lo"), a.t.scalar("hi") // not sooner: AVX2 has registers for sums, or for these
	MOVQ(g.out, to)
	for p := range pixels {
		for v := range vectors {
			limit(acc[p][v], lo, hi)
			a.storeTo(acc[p][v], at(to, v))
		}
		if p+1 < pixels {
			ADDQ(g.number(outStep), to)
		}
	}
}

// move adds to the addresses of windows, or takes from them.
func (g windowRegisters) move(add func(by, to Op), by Op) {
	add(by, g.x)
	if g.later != nil {
		add(by, g.later)
	}
}

// limit sets x to what of it is within lo and hi; a NaN stays one.
func limit(x, lo, hi reg.VecVirtual) {
	VMAXPS(x, lo, x)
	VMINPS(x, hi, x)
}
