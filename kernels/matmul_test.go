package kernels

import (
	"fmt"
	"testing"
)

// multiply is one product.
func multiply(out, a, b Matrix, m, n, k int, scale float32) {
	BatchMatMul(1, func(int) (o, x, y Matrix) { return out, a, b }, m, n, k, scale)
}

func TestMatMul(t *testing.T) {
	for _, size := range sizes {
		m, n, k := size[0], size[1], size[2]
		for _, trans := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
			r := source("matmul", m, n, k)
			a, b := randomMatrix(r, m, k, trans[0]), randomMatrix(r, k, n, trans[1])
			want := naiveProduct(at(a.Data, a.Stride, a.Trans), at(b.Data, b.Stride, b.Trans), -0.3, m, n, k)
			everyWay(t, fmt.Sprint(size, trans), func(t *testing.T) []float32 {
				const gap = 3 // columns of out that must stay as they are
				out := random(source("out"), m*(n+gap))
				before := append([]float32(nil), out...)
				multiply(Matrix{Data: out, Stride: n + gap}, a, b, m, n, k, -0.3)
				got := make([]float32, 0, m*n)
				for i := range m {
					got = append(got, out[i*(n+gap):][:n]...)
					for j := range gap {
						if at := i*(n+gap) + n + j; out[at] != before[at] {
							t.Fatalf("row %d: wrote behind its end", i)
						}
					}
				}
				compare(t, "out", got, want, 8)
				return got
			})
		}
	}
}

// TestBatchMatMul multiplies heads that lie side by side in one matrix.
func TestBatchMatMul(t *testing.T) {
	const batch, m, n, k = 5, 9, 6, 10
	r := source("batch")
	a, b := random(r, m*batch*k), random(r, n*batch*k)
	everyWay(t, "heads", func(t *testing.T) []float32 {
		out := nan(batch * m * n)
		BatchMatMul(batch, func(i int) (o, x, y Matrix) {
			return Matrix{Data: out[i*m*n:], Stride: n},
				Matrix{Data: a[i*k:], Stride: batch * k}, Matrix{Data: b[i*k:], Stride: batch * k, Trans: true}
		}, m, n, k, 2)
		for i := range batch {
			want := naiveProduct(at(a[i*k:], batch*k, false), at(b[i*k:], batch*k, true), 2, m, n, k)
			compare(t, "head", out[i*m*n:][:m*n], want, 8)
		}
		return out
	})
}

func TestMatMulZeroScale(t *testing.T) {
	out := nan(4)
	x := Matrix{Data: []float32{1, 2, 3, 4}, Stride: 2}
	multiply(Matrix{Data: out, Stride: 2}, x, x, 2, 2, 2, 0)
	for _, v := range out {
		if v != 0 {
			t.Fatalf("zero times a product is %v", out)
		}
	}
}

func TestMatMulRefusesWrongShapes(t *testing.T) {
	x := Matrix{Data: make([]float32, 4), Stride: 2}
	wantPanic(t, "transposed out", func() { multiply(Matrix{x.Data, 2, true}, x, x, 2, 2, 2, 1) })
	wantPanic(t, "short", func() { multiply(x, x, Matrix{x.Data[:3], 2, false}, 2, 2, 2, 1) })
	wantPanic(t, "stride", func() { multiply(x, Matrix{x.Data, 1, false}, x, 2, 2, 2, 1) })
}
