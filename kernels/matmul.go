package kernels

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
)

// Matrix is a matrix inside a slice: element (r, c) at Data[r*Stride+c], or
// with Trans at Data[c*Stride+r].
type Matrix struct {
	Data   []float32
	Stride int
	Trans  bool
}

// BatchMatMul computes batch products of one shape, out[m,n] =
// scale·a[m,k]·b[k,n]; at(i) gives the operands of product i. No out may be
// transposed, nor overlap another or an operand.
func BatchMatMul(batch int, at func(i int) (out, a, b Matrix), m, n, k int, scale float32) {
	products := make([]gemm.Product, batch)
	for i := range products {
		out, a, b := at(i)
		products[i] = product(out, a, b, m, n, k, scale)
	}
	run(products...)
}

func product(out, a, b Matrix, m, n, k int, scale float32) gemm.Product {
	const op = "BatchMatMul"
	if out.Trans {
		panic(fmt.Sprintf("kernels: %s: out is transposed", op))
	}
	out.check(op, "out", m, n)
	a.check(op, "a", m, k)
	b.check(op, "b", k, n)
	p := gemm.Product{M: m, N: n, K: k, Out: out.Data, Stride: out.Stride}
	if p.Left = (gemm.Rows{Data: a.Data, Stride: a.Stride, Scale: scale}); a.Trans {
		p.Left = gemm.Columns{Data: a.Data, Stride: a.Stride, Scale: scale}
	}
	src := gemm.Numbers{Format: gemm.Float32, F32: b.Data}
	if p.Right = (gemm.Straight{Src: src, Stride: b.Stride}); b.Trans {
		p.Right = gemm.Transposed{Src: src, Stride: b.Stride}
	}
	return p
}

// check panics unless the slice holds a rows×cols matrix.
func (m Matrix) check(op, operand string, rows, cols int) {
	if m.Trans {
		rows, cols = cols, rows
	}
	if rows == 0 || cols == 0 {
		return
	}
	if need := (rows-1)*m.Stride + cols; m.Stride < cols || len(m.Data) < need {
		panic(fmt.Sprintf("kernels: %s: %s with stride %d and %d elements cannot hold %d rows of %d",
			op, operand, m.Stride, len(m.Data), rows, cols))
	}
}
