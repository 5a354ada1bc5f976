package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The points of interpolation of F(4×4, 3×3) are 0, ±a, ±b and infinity, package winograd says why; those of
// F(2×2, 3×3) are 0, ±1 and infinity.
const (
	a = 0.75
	b = 1.5
)

// vectors are what a transform takes and makes.
type vectors = []reg.VecVirtual

// algorithm is F(side×side, 3×3): its transforms.
type algorithm struct {
	side                   int
	window                 int // side+2
	pairs                  bool
	input, weights, output func(t target) func(x vectors) vectors
}

var (
	four = algorithm{4, 6, false, target.input4, target.weights4, target.output4}
	two  = algorithm{2, 4, true, target.input2, target.weights2, target.output2}
)

// all generates an algorithm's transforms.
func (t target) all(f algorithm) {
	t.input(f)
	if f.pairs {
		t.weightPairs(f)
	} else {
		t.weights(f)
	}
	t.output(f)
	t.stream(f)
}

// transform begins one of an algorithm's transforms; %d in text becomes the side of its window.
func (t target) transform(f algorithm, name, signature, text string) {
	t.function(fmt.Sprintf("%s%d", name, f.side), signature, "sets "+fmt.Sprintf(text, f.window)+"\nn is a positive multiple of 16.")
}

// input generates Bᵀ·d·B, and fetches what the next tile needs of the picture.
func (t target) input(f algorithm) {
	text, write, length := "dst[f*ld+i], f = %dy+x, to element (y, x) of Bᵀ·d·B where d[y][x] is src[y*row+x*pixel+i], for i < n.", t.store, 4
	if f.pairs {
		text, write, length = "dst[f*ld+i], f = %dy+x, to the pair of numbers 2i and 2i+1 of element (y, x) of Bᵀ·d·B, where d[y][x] is\n"+
			"src[y*row+x*pixel:][:n], for 2i < n.", t.round, 2
	}
	t.transform(f, "input", "(dst []float32, ld int, src []float32, row, pixel, n int)", text)
	picture := newPlane(base("src"), "row")
	out := t.matrix(newPlane(base("dst"), "ld"), f.window, f.window, f.window, length)
	pixel, n := bytes("pixel"), Load(Param("n"), GP64()).(reg.GPVirtual)
	apply := f.input(t)
	next := GP64()
	IMUL3Q(Imm(uint64(f.side)), pixel, next)
	ahead := picture.after(next)
	t.loop(n, t.lanes, func() {
		t.twice(out, apply, func() vectors {
			for i := range f.window {
				PREFETCHT0(ahead.vector(i))
			}
			x := t.load(picture, f.window)
			move(pixel, picture.first, picture.fourth, ahead.first, ahead.fourth)
			return x
		}, func(x vectors) { write(x, out.rows) })
		t.next(f.window, pixel, picture.first, picture.fourth, ahead.first, ahead.fourth)
	})
}

// weights generates G·g·Gᵀ.
func (t target) weights(f algorithm) {
	t.transform(f, "weights", "(dst []float32, ldd int, src []float32, lds, n int)",
		"dst[f*ldd+i], f = %dy+x, to element (y, x) of G·g·Gᵀ where g[y][x] is src[(3*y+x)*lds+i], for i < n.")
	tap, src := bytes("lds"), base("src")
	line := GP64()
	IMUL3Q(Imm(3), tap, line)
	taps := planeOf(src, line)
	out := t.matrix(newPlane(base("dst"), "ldd"), f.window, 3, f.window, 4)
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	apply := f.weights(t)
	t.loop(n, t.lanes, func() {
		t.twice(out, apply, func() vectors {
			x := t.load(taps, 3)
			move(tap, taps.first)
			return x
		}, func(x vectors) { t.store(x, out.rows) })
		t.next(3, tap, taps.first)
	})
}

// weightPairs generates G·g·Gᵀ of two rows of a panel at a time, in pairs.
func (t target) weightPairs(f algorithm) {
	const cols = 32
	t.function(fmt.Sprintf("weights%d", f.side), "(dst []float32, ldd int, src []float32, lds, n int)", fmt.Sprintf(
		"sets dst[f*ldd+%[2]d*i+j], f = %[1]dy+x, to the pair of element (y, x) of G·g·Gᵀ where g[y][x] is\n"+
			"src[(3*y+x)*lds+%[2]d*2*i+j] and of the same %[2]d numbers later, for j < %[2]d and %[2]d*2*i < n.\n"+
			"n is a positive multiple of %[3]d.", f.window, cols, 2*cols))
	tap, src := bytes("lds"), base("src")
	line := GP64()
	IMUL3Q(Imm(3), tap, line)
	taps := planeOf(src, line)
	out := newPlane(base("dst"), "ldd")
	row := out.column(f.window).step
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	apply, pair := f.weights(t), t.pairing()
	t.loop(n, 2*cols, func() {
		for range cols / t.lanes {
			var waiting [2][]vectors // columns of both rows of the panel
			for r := range waiting {
				for range 3 {
					waiting[r] = append(waiting[r], apply(t.load(taps, 3)))
					move(tap, taps.first)
				}
				t.back(3, tap, taps.first)
				move(Imm(4*cols), taps.first)
			}
			for y := range f.window {
				var rows [2]vectors
				for r, columns := range waiting {
					rows[r] = apply(vectors{columns[0][y], columns[1][y], columns[2][y]})
				}
				for x := range f.window {
					pair(rows[0][x], rows[1][x], out.vector(x))
				}
				move(row, out.first, out.fourth)
			}
			t.back(f.window, row, out.first, out.fourth)
			move(t.length(), out.first, out.fourth, taps.first)
			SUBQ(U32(2*4*cols), taps.first)
		}
		ADDQ(U32(4*cols), taps.first) // the second row has been read, too
	})
}

// output generates Aᵀ·m·A, and stream the same past the caches.
func (t target) output(f algorithm) { t.toPixels(f, "output", "", t.store) }
func (t target) stream(f algorithm) {
	t.toPixels(f, "stream", "\nPixels go past the caches, until fence; they begin at multiples of a vector's length.", t.storePast)
}

func (t target) toPixels(f algorithm, name, more string, store func(x []reg.VecVirtual, to plane)) {
	t.transform(f, name, "(dst []float32, row, pixel int, src []float32, lds int, bias, add, limits []float32, n int)",
		"dst[y*row+x*pixel+i] to element (y, x) of Aᵀ·m·A, where m[y][x] is src[f*lds+i], f = %dy+x, plus bias[i]\n"+
			"plus add[y*row+x*pixel+i], for i < n, within limits, of which there are 16 of each. An empty bias or add counts as\n"+
			"zero, empty limits as none; add may be dst. src may be overwritten."+more)
	in := t.matrix(newPlane(base("src"), "lds"), f.window, f.window, f.side, 4)
	out := newPlane(base("dst"), "pixel")
	row, n := bytes("row"), Load(Param("n"), GP64()).(reg.GPVirtual)
	bias, add := base("bias"), planeOf(base("add"), out.step)
	apply := f.output(t)
	t.loop(n, t.lanes, func() {
		t.twice(in, apply, func() vectors { return t.load(in.column, f.window) }, func(x vectors) {
			store(t.within(t.plus(x, bias, add)), out)
			move(row, out.first, out.fourth, add.first, add.fourth)
		})
		t.next(f.side, row, out.first, out.fourth, add.first, add.fourth)
		ADDQ(t.length(), bias)
	})
}

// matrix is where results of a transform of columns wait for the one of rows: in memory, or in registers if there are
// enough.
type matrix struct {
	rows, column   plane
	columns, lines int // what waits: columns of so many vectors
	length         Op  // of a vector in memory
	inRegisters    bool
}

// matrix is one of vectors of count·lanes bytes, width of them to a row of memory.
func (t target) matrix(rows plane, width, columns, lines, count int) matrix {
	const others = 13 // registers, for constants and within a transform
	return matrix{rows, rows.column(width), columns, lines, Imm(uint64(count * t.lanes)), columns*lines+others <= t.registers}
}

// twice generates a transform of columns, which load reads, and then of the rows of what they become, which store
// writes, and goes on to the next vector. The matrix is at the column to be loaded and at the row to be stored.
func (t target) twice(m matrix, apply func(x vectors) vectors, load func() vectors, store func(x vectors)) {
	var waiting []vectors
	for range m.columns {
		column := apply(load())
		waiting = append(waiting, column)
		if !m.inRegisters {
			t.store(column, m.column)
		}
		move(m.rows.step, m.column.first, m.column.fourth)
	}
	t.back(m.columns, m.rows.step, m.column.first, m.column.fourth)
	move(m.length, m.column.fourth)
	for y := range m.lines {
		var row vectors
		if m.inRegisters {
			for _, column := range waiting {
				row = append(row, column[y])
			}
		} else {
			row = t.load(m.rows, m.columns)
		}
		store(apply(row))
		move(m.column.step, m.rows.first, m.rows.fourth)
	}
	t.back(m.lines, m.column.step, m.rows.first, m.rows.fourth)
	move(m.length, m.rows.first, m.rows.fourth)
}

// plus adds bias and add, where they are.
func (t target) plus(x vectors, bias reg.GPVirtual, add plane) vectors {
	unlessEmpty("bias", func() {
		for _, v := range x {
			VADDPS(Mem{Base: bias}, v, v)
		}
	})
	unlessEmpty("add", func() {
		for i, v := range x {
			VADDPS(add.vector(i), v, v)
		}
	})
	return x
}

// within keeps x in the limits, where there are some. A NaN stays one.
func (t target) within(x vectors) vectors {
	unlessEmpty("limits", func() {
		limits, lo, hi := base("limits"), t.vector(), t.vector()
		VMOVUPS(Mem{Base: limits}, lo)
		VMOVUPS(Mem{Base: limits, Disp: 4 * 16}, hi)
		for _, v := range x {
			VMAXPS(v, lo, v)
			VMINPS(v, hi, v)
		}
	})
	return x
}

func (t target) input4() func(x vectors) vectors {
	ab, sum := t.constant("ab", a*a*b*b), t.constant("sum", a*a+b*b)
	aa, bb := t.constant("aa", a*a), t.constant("bb", b*b)
	pa, pb := t.constant("a", a), t.constant("b", b)
	return func(x vectors) vectors {
		evenA, evenB, oddA, oddB := t.copy(x[4]), t.copy(x[4]), t.copy(x[3]), t.copy(x[3])
		VFNMADD231PS(bb, x[2], evenA) // d4 - b²·d2
		VFNMADD231PS(aa, x[2], evenB)
		VFNMADD231PS(bb, x[1], oddA) // d3 - b²·d1
		VFNMADD231PS(aa, x[1], oddB)
		VFNMADD231PS(sum, x[2], x[4]) // d4 - (a²+b²)·d2 + a²b²·d0
		VFMADD231PS(ab, x[0], x[4])
		VFNMADD231PS(sum, x[3], x[5]) // d5 - (a²+b²)·d3 + a²b²·d1
		VFMADD231PS(ab, x[1], x[5])
		plusA, plusB := t.copy(evenA), t.copy(evenB)
		VFMADD231PS(pa, oddA, plusA)
		VFNMADD231PS(pa, oddA, evenA)
		VFMADD231PS(pb, oddB, plusB)
		VFNMADD231PS(pb, oddB, evenB)
		return vectors{x[4], plusA, evenA, plusB, evenB, x[5]}
	}
}

func (t target) weights4() func(x vectors) vectors {
	na, nb := 1/(2*a*a*(a*a-b*b)), 1/(2*b*b*(b*b-a*a))
	zero := t.constant("g0", 1/(a*a*b*b))
	a0, a1, a2 := t.constant("ga0", na), t.constant("ga1", na*a), t.constant("ga2", na*a*a)
	b0, b1, b2 := t.constant("gb0", nb), t.constant("gb1", nb*b), t.constant("gb2", nb*b*b)
	return func(x vectors) vectors {
		pair := func(c0, c1, c2 reg.VecVirtual) (plus, minus reg.VecVirtual) {
			minus = t.vector()
			VMULPS(c0, x[0], minus)
			VFMADD231PS(c2, x[2], minus)
			plus = t.copy(minus)
			VFMADD231PS(c1, x[1], plus)
			VFNMADD231PS(c1, x[1], minus)
			return plus, minus
		}
		plusA, minusA := pair(a0, a1, a2)
		plusB, minusB := pair(b0, b1, b2)
		VMULPS(zero, x[0], x[0])
		return vectors{x[0], plusA, minusA, plusB, minusB, x[2]}
	}
}

func (t target) output4() func(x vectors) vectors {
	pa, pb := t.constant("a", a), t.constant("b", b)
	aa, bb := t.constant("aa", a*a), t.constant("bb", b*b)
	aaa, bbb := t.constant("aaa", a*a*a), t.constant("bbb", b*b*b)
	return func(x vectors) vectors {
		difA, difB := t.vector(), t.vector()
		VSUBPS(x[2], x[1], difA)
		VADDPS(x[2], x[1], x[1])
		VSUBPS(x[4], x[3], difB)
		VADDPS(x[4], x[3], x[3])
		VADDPS(x[1], x[0], x[0])
		VADDPS(x[3], x[0], x[0]) // m0 + (m1+m2) + (m3+m4)
		VMULPS(aa, x[1], x[1])
		VFMADD231PS(bb, x[3], x[1]) // a²·(m1+m2) + b²·(m3+m4)
		VFMADD231PS(aaa, difA, x[5])
		VFMADD231PS(bbb, difB, x[5]) // a³·(m1-m2) + b³·(m3-m4) + m5
		VMULPS(pa, difA, difA)
		VFMADD231PS(pb, difB, difA) // a·(m1-m2) + b·(m3-m4)
		return vectors{x[0], difA, x[1], x[5]}
	}
}

func (t target) input2() func(x vectors) vectors {
	return func(x vectors) vectors {
		plus, minus := t.vector(), t.vector()
		VADDPS(x[1], x[2], plus)
		VSUBPS(x[1], x[2], minus)
		VSUBPS(x[0], x[2], x[0])
		VSUBPS(x[1], x[3], x[3])
		return vectors{x[0], plus, minus, x[3]} // d2-d0, d2+d1, d2-d1, d3-d1
	}
}

func (t target) weights2() func(x vectors) vectors {
	half, minusOne := t.constant("half", 0.5), t.constant("minusOne", -1)
	return func(x vectors) vectors {
		even, plus := t.vector(), t.vector()
		VADDPS(x[0], x[2], even)
		VMULPS(half, even, even)
		VMOVAPS(even, plus)
		VFMADD231PS(half, x[1], plus)
		VFNMADD231PS(half, x[1], even)
		VMULPS(minusOne, x[0], x[0])
		return vectors{x[0], plus, even, x[2]} // -g0, (g0+g1+g2)/2, (g0-g1+g2)/2, g2
	}
}

func (t target) output2() func(x vectors) vectors {
	return func(x vectors) vectors {
		VADDPS(x[1], x[0], x[0])
		VADDPS(x[2], x[0], x[0])
		VSUBPS(x[2], x[1], x[1])
		VADDPS(x[3], x[1], x[1])
		return vectors{x[0], x[1]} // m0+m1+m2, m1-m2+m3
	}
}
