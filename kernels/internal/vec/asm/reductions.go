package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// accumulators is the number of partial results of a reduction: enough to hide the latency of the operation.
const accumulators = 4

// reductions emits the primitives that return one number.
func (t *target) reductions() {
	t.function("sum", "(x []float32) float32", "returns Σ x[i].")
	p := bases("x")
	t.reduce("x", t.zero, VADDPS, func(at access, acc reg.VecVirtual) {
		x := at.load(p[0])
		VADDPS(x, acc, acc)
	})

	t.function("max", "(x []float32) float32", "returns the largest x[i], -Inf for none.")
	p = bases("x")
	lowest := t.constant("-inf")
	t.reduce("x", func() reg.VecVirtual { return t.constant("-inf") }, VMAXPS,
		func(at access, acc reg.VecVirtual) {
			x := at.load(p[0])
			at.fill(x, lowest)
			VMAXPS(x, acc, acc)
		})

	t.function("dot", "(a, b []float32) float32", "returns Σ a[i]·b[i].")
	p = bases("a", "b")
	t.reduce("a", t.zero, VADDPS, func(at access, acc reg.VecVirtual) {
		a, b := at.load(p[0]), at.load(p[1])
		VFMADD231PS(a, b, acc)
	})

	t.function("sumSquareDev", "(x []float32, m float32) float32", "returns Σ (x[i] - m)².")
	p = bases("x")
	m := t.scalar("m")
	t.reduce("x", t.zero, VADDPS, func(at access, acc reg.VecVirtual) {
		x := at.load(p[0])
		VSUBPS(m, x, x)
		at.clear(x)
		VFMADD231PS(x, x, acc)
	})

	t.function("dotDev", "(d, x []float32, m float32) float32", "returns Σ d[i]·(x[i] - m).")
	p = bases("d", "x")
	m = t.scalar("m")
	t.reduce("d", t.zero, VADDPS, func(at access, acc reg.VecVirtual) {
		d, x := at.load(p[0]), at.load(p[1])
		VSUBPS(m, x, x)
		VFMADD231PS(d, x, acc)
	})
}

// reduce ends a function with a loop that gathers a parameter's elements in accumulators and returns their reduction.
func (t *target) reduce(param string, initial func() reg.VecVirtual, join func(ops ...Op), body func(at access, acc reg.VecVirtual)) {
	var acc []reg.VecVirtual
	for range accumulators {
		acc = append(acc, initial())
	}
	t.loop(length(param), accumulators, func(at []access) {
		for k := range at {
			body(at[k], acc[k])
		}
	})
	join(acc[1], acc[0], acc[0])
	join(acc[3], acc[2], acc[2])
	join(acc[2], acc[0], acc[0])
	t.fold(acc[0], join)
}

// fold ends a function by returning the reduction of v's lanes.
func (t *target) fold(v reg.VecVirtual, join func(ops ...Op)) {
	y, upper := v.AsY(), YMM()
	if t.wide() {
		VEXTRACTF64X4(Imm(1), v, upper)
		join(upper, y, y)
	}
	x, other := v.AsX(), upper.AsX()
	VEXTRACTF128(Imm(1), y, other)
	join(other, x, x)
	VPERMILPS(Imm(0b1110), x, other) // lanes 2 and 3
	join(other, x, x)
	VPERMILPS(Imm(0b01), x, other) // lane 1
	join(other, x, x)
	VMOVSS(x, address(ReturnIndex(0)))
	done()
}

// columns emits the running sums over the rows of a matrix.
func (t *target) columns() {
	t.function("moments", "(sum, square, shift, x []float32)",
		"adds x[r,i] - shift[i] to sum[i] and its square to square[i], for every row r of x.")
	p := bases("sum", "square", "shift")
	t.rows(p, []string{"x"}, func(at access, sum, square, shift reg.VecVirtual, row []Mem) {
		x := at.loadFrom(row[0])
		VSUBPS(shift, x, x)
		VADDPS(x, sum, sum)
		VFMADD231PS(x, x, square)
	})

	t.function("comoments", "(sum, dot, shift, d, x []float32)",
		"adds d[r,i] to sum[i] and d[r,i]·(x[r,i] - shift[i]) to dot[i], for every row r of d and x.")
	p = bases("sum", "dot", "shift")
	t.rows(p, []string{"d", "x"}, func(at access, sum, dot, shift reg.VecVirtual, row []Mem) {
		d, x := at.loadFrom(row[0]), at.loadFrom(row[1])
		VSUBPS(shift, x, x)
		VADDPS(d, sum, sum)
		VFMADD231PS(d, x, dot)
	})
}

// rows ends a function with a loop over columns, two vectors at a time, and within it over the rows of the matrices:
// the column sums in p[0] and p[1] and the shift in p[2] stay in registers.
func (t *target) rows(p []reg.Register, matrices []string, body func(at access, a, b, shift reg.VecVirtual, row []Mem)) {
	width, stride := length("sum"), GP64()
	MOVQ(width, stride)
	SHLQ(Imm(2), stride)
	end := length(matrices[0]) // bytes of a matrix
	SHLQ(Imm(2), end)
	starts := bases(matrices...)
	t.loop(width, 2, func(at []access) {
		var a, b, shift []reg.VecVirtual
		for k := range at {
			a, b, shift = append(a, at[k].load(p[0])), append(b, at[k].load(p[1])), append(shift, at[k].load(p[2]))
		}
		offset, ptr := GP64(), make([]reg.Register, len(starts))
		XORQ(offset, offset)
		for m := range starts {
			ptr[m] = GP64()
			LEAQ(Mem{Base: starts[m], Index: at[0].index, Scale: 4}, ptr[m])
		}
		begin, over := label("row"), label("column")
		Label(begin)
		CMPQ(offset, end)
		JGE(LabelRef(over))
		for k := range at {
			var row []Mem
			for m := range ptr {
				row = append(row, Mem{Base: ptr[m], Index: offset, Scale: 1, Disp: at[k].disp})
			}
			body(at[k], a[k], b[k], shift[k], row)
		}
		ADDQ(stride, offset)
		JMP(LabelRef(begin))
		Label(over)
		for k := range at {
			at[k].store(a[k], p[0])
			at[k].store(b[k], p[1])
		}
	})
	done()
}
