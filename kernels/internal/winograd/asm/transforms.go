package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The points of interpolation are 0, ±a, ±b and infinity; package winograd says why these.
const (
	a = 0.75
	b = 1.5
)

// vectors are what a transform takes and makes.
type vectors = []reg.VecVirtual

// input generates Bᵀ·d·B. What the columns become is kept in dst until the rows are done; so it is with weights.
func (t target) input() {
	t.function("input", "(dst []float32, ld int, src []float32, row, pixel, n int)",
		"sets dst[f*ld+i], f = 6y+x, to element (y, x) of Bᵀ·d·B where d[y][x] is src[y*row+x*pixel+i], for i < n.\n"+
			"n is a positive multiple of 16.")
	picture := newPlane(base("src"), "row")
	out := newPlane(base("dst"), "ld")
	columns := out.column()
	pixel, n := bytes("pixel"), Load(Param("n"), GP64()).(reg.GPVirtual)
	transform := t.inputTransform()
	next := GP64()
	MOVQ(pixel, next)
	SHLQ(Imm(2), next)
	nextPicture := picture.after(next)
	t.loop(n, func() {
		for range 6 {
			for i := range 6 {
				PREFETCHT0(nextPicture.vector(i))
			}
			t.pass(picture, columns, 6, transform)
			move(pixel, picture.first, picture.fourth, nextPicture.first, nextPicture.fourth)
			move(out.step, columns.first, columns.fourth)
		}
		t.next(6, pixel, picture.first, picture.fourth, nextPicture.first, nextPicture.fourth)
		t.next(6, out.step, columns.fourth)
		t.back(6, out.step, out.first)
		for range 6 {
			t.pass(out, out, 6, transform)
			move(columns.step, out.first, out.fourth)
		}
		t.next(6, columns.step, out.first, out.fourth)
	})
}

func (t target) inputTransform() func(x vectors) vectors {
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

// weights generates G·g·Gᵀ.
func (t target) weights() {
	t.function("weights", "(dst []float32, ldd int, src []float32, lds, n int)",
		"sets dst[f*ldd+i], f = 6y+x, to element (y, x) of G·g·Gᵀ where g[y][x] is src[(3*y+x)*lds+i], for i < n.\n"+
			"n is a positive multiple of 16.")
	tap, src := bytes("lds"), base("src")
	line := GP64()
	IMUL3Q(Imm(3), tap, line)
	taps := planeOf(src, line)
	out := newPlane(base("dst"), "ldd")
	columns := out.column()
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	transform := t.weightsTransform()
	t.loop(n, func() {
		var kept [3]vectors // what the columns become, where there are registers for it
		for x := range kept {
			if t.registers >= 32 {
				kept[x] = transform(t.load(taps, 3))
				move(tap, taps.first)
				continue
			}
			t.pass(taps, columns, 3, transform)
			move(tap, taps.first)
			move(out.step, columns.first, columns.fourth)
		}
		t.next(3, tap, taps.first)
		if t.registers < 32 {
			t.next(3, out.step, columns.fourth)
			t.back(3, out.step, out.first)
		}
		for y := range 6 {
			if t.registers >= 32 {
				t.store(transform(vectors{kept[0][y], kept[1][y], kept[2][y]}), out)
			} else {
				t.pass(out, out, 3, transform)
			}
			move(columns.step, out.first, out.fourth)
		}
		t.next(6, columns.step, out.first, out.fourth)
	})
}

func (t target) weightsTransform() func(x vectors) vectors {
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

// output generates Aᵀ·m·A.
func (t target) output() {
	t.function("output", "(dst []float32, row, pixel int, src []float32, lds int, bias, add []float32, n int)",
		"sets dst[y*row+x*pixel+i] to element (y, x) of Aᵀ·m·A, where m[y][x] is src[f*lds+i], f = 6y+x, plus bias[i]\n"+
			"plus add[y*row+x*pixel+i], for i < n. n is a positive multiple of 16. An empty bias or add counts as zero; add\n"+
			"may be dst. src is overwritten.")
	in := newPlane(base("src"), "lds")
	columns := in.column()
	out := newPlane(base("dst"), "pixel")
	row, n := bytes("row"), Load(Param("n"), GP64()).(reg.GPVirtual)
	bias, add := base("bias"), planeOf(base("add"), out.step)
	transform := t.outputTransform()
	t.loop(n, func() {
		for range 6 {
			t.pass(columns, columns, 6, transform)
			move(in.step, columns.first, columns.fourth)
		}
		t.next(6, in.step, columns.fourth)
		t.back(6, in.step, in.first)
		for range 4 {
			t.pass(in, out, 6, func(x vectors) vectors { return t.plus(transform(x), bias, add) })
			move(columns.step, in.first, in.fourth)
			move(row, out.first, out.fourth, add.first, add.fourth)
		}
		t.next(4, columns.step, in.first, in.fourth)
		t.next(4, row, out.first, out.fourth, add.first, add.fourth)
		ADDQ(t.length(), bias)
	})
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

func (t target) outputTransform() func(x vectors) vectors {
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
