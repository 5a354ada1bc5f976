package kerneltest

import (
	"fmt"
	"math/rand/v2"

	"github.com/sdgraph/sdgraph/kernels"
)

// format is a precision that weights may have.
type format struct {
	name string
	draw func(r *rand.Rand) uint16 // a number between 1/4 and 2 in size, nil for float32
	of   func(v []uint16) kernels.Elements
}

var formats = []format{
	{"float32", nil, nil},
	{"float16", func(r *rand.Rand) uint16 { return uint16(r.IntN(2)<<15 | (13+r.IntN(3))<<10 | r.IntN(1<<10)) }, kernels.Float16s},
	{"bfloat16", func(r *rand.Rand) uint16 { return uint16(r.IntN(2)<<15 | (125+r.IntN(3))<<7 | r.IntN(1<<7)) }, kernels.BFloat16s},
}

// weights draws n weights and gives their values too.
func (f format) weights(n int) (kernels.Elements, []float32) {
	if f.draw == nil {
		v := Normal(5, n)
		return kernels.Float32s(v), v
	}
	r := rand.New(rand.NewPCG(5, uint64(n)))
	bits, v := make([]uint16, n), make([]float32, n)
	for i := range bits {
		bits[i] = f.draw(r)
	}
	w := f.of(bits)
	w.Float32(v)
	return w, v
}

// multiply is the m×n matrix Σ_i a(r,i)·b(i,c), i < k.
func multiply(m, n, k int, a, b func(r, c int) float64) []float64 {
	out := make([]float64, m*n)
	for i := range out {
		for j := range k {
			out[i] += a(i/n, j) * b(j, i%n)
		}
	}
	return out
}

// stored reads a matrix with the given number of columns; transposed reads its transpose.
func stored(x []float64, columns int) func(r, c int) float64 {
	return func(r, c int) float64 { return x[r*columns+c] }
}

func transposed(x []float64, columns int) func(r, c int) float64 {
	return func(r, c int) float64 { return x[c*columns+r] }
}

func matrices(f Functions) []check {
	var checks []check
	for _, s := range []struct{ m, n, k int }{
		{1, 1, 1}, {1, 5, 3}, {3, 1, 17}, {7, 33, 16}, {16, 16, 16}, {13, 47, 31}, {1, 100, 70}, {65, 20, 9}, {30, 70, 300}, {17, 24, 12},
	} {
		for _, form := range formats {
			checks = append(checks, linears(f, form, s.m, s.n, s.k)...)
		}
		for trans := range 4 {
			for _, batch := range []int{1, 3} {
				checks = append(checks, products(f, batch, s.m, s.n, s.k, trans&1 != 0, trans&2 != 0))
			}
		}
	}
	return checks
}

// linears checks a linear layer with bias and residual, and without.
func linears(f Functions, form format, m, n, k int) []check {
	w, values := form.weights(n * k)
	layer := func(in [][]float64) []float64 { return multiply(m, n, k, stored(in[0], k), transposed(in[1], k)) }
	gradients := []gradient{{of: 0, kernel: f.LinearGrad,
		run: func(dx, dy []float32, in [][]float32) { f.LinearGrad(dx, dy, w, m, n, k) },
		reference: func(in [][]float64, dy []float64) []float64 {
			return multiply(m, k, n, stored(dy, n), stored(in[1], k))
		}}}
	x := Normal(1, m*k)
	return []check{
		{name: fmt.Sprintf("Linear/%s/%dx%dx%d", form.name, m, n, k), kernel: f.Linear,
			in: [][]float32{x, values, Normal(2, n), Normal(3, m*n)}, out: m * n, inPlace: []int{3},
			forward: func(out []float32, in [][]float32) { f.Linear(out, in[0], w, in[2], in[3], m, n, k) },
			reference: func(in [][]float64) []float64 {
				out := layer(in)
				for i := range out {
					out[i] += in[2][i%n] + in[3][i]
				}
				return out
			},
			gradients: gradients},
		{name: fmt.Sprintf("Linear/%s/%dx%dx%d plain", form.name, m, n, k), kernel: f.Linear,
			in: [][]float32{x, values}, out: m * n,
			forward:   func(out []float32, in [][]float32) { f.Linear(out, in[0], w, nil, nil, m, n, k) },
			reference: layer},
	}
}

// products checks a batch of matrix products that share their left operand.
func products(f Functions, batch, m, n, k int, transA, transB bool) check {
	const scale = float32(0.4)
	matrix := func(x []float32, rows, columns int, trans bool) kernels.Matrix {
		if trans {
			return kernels.Matrix{Data: x, Stride: rows, Trans: true}
		}
		return kernels.Matrix{Data: x, Stride: columns}
	}
	product := func(in [][]float64) []float64 {
		a, b := stored(in[0], k), stored(in[1], n)
		if transA {
			a = transposed(in[0], m)
		}
		if transB {
			b = transposed(in[1], k)
		}
		out := multiply(m, n, k, a, b)
		for i := range out {
			out[i] *= float64(scale)
		}
		return out
	}
	return check{
		name: fmt.Sprintf("BatchMatMul/%d of %dx%dx%d/%v,%v", batch, m, n, k, transA, transB), kernel: f.BatchMatMul,
		in: normals(m*k, batch*k*n), out: batch * m * n,
		forward: func(out []float32, in [][]float32) {
			f.BatchMatMul(batch, func(i int) (o, a, b kernels.Matrix) {
				return matrix(out[i*m*n:][:m*n], m, n, false), matrix(in[0], m, k, transA),
					matrix(in[1][i*k*n:][:k*n], k, n, transB)
			}, m, n, k, scale)
		},
		reference: func(in [][]float64) (out []float64) {
			for i := range batch {
				out = append(out, product([][]float64{in[0], in[1][i*k*n:]})...)
			}
			return out
		},
	}
}
