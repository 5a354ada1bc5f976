package cuda

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// BatchMatMul computes batch products of one shape, out[m,n] = scale·a[m,k]·b[k,n]; at(i) gives the operands of product
// i. No out may be transposed, nor overlap another or an operand. Products whose operands lie at equal distances are one
// launch.
func (d *Device) BatchMatMul(batch int, at func(i int) (out, a, b kernels.Matrix), m, n, k int, scale float32) {
	const op = "BatchMatMul"
	var run, last [3]strided // the first product that is not launched yet, and the last
	count := 0
	flush := func() {
		if count > 0 {
			d.products(d.math, count, count, run[0], run[1], run[2], m, n, k, scale)
		}
		count = 0
	}
	for i := range batch {
		out, a, b := at(i)
		if out.Trans {
			panic(fmt.Sprintf("cuda: %s: out is transposed", op))
		}
		next := [3]strided{matrix(op, "out", out, m, n), matrix(op, "a", a, m, k), matrix(op, "b", b, k, n)}
		if count == mostProducts || count > 0 && !continues(&run, last, next, count) {
			flush()
		}
		if count == 0 {
			run = next
		}
		last = next
		count++
	}
	flush()
}

// continues reports whether a product follows the last of a run of count at the run's distances, which the second one
// sets.
func continues(run *[3]strided, last, next [3]strided, count int) bool {
	for i := range run {
		step := int(next[i].data-last[i].data) / 4
		if next[i].row != run[i].row || next[i].column != run[i].column || (next[i].data-last[i].data)%4 != 0 {
			return false
		}
		if count > 1 && step != run[i].inner {
			return false
		}
	}
	if count == 1 {
		for i := range run {
			run[i].inner = int(next[i].data-last[i].data) / 4
		}
	}
	return true
}

// matrix checks that all of a matrix lies inside its slice.
func matrix(op, name string, x kernels.Matrix, rows, columns int) strided {
	lines, length := rows, columns
	if x.Trans {
		lines, length = columns, rows
	}
	if rows > 0 && columns > 0 && (x.Stride < length || len(x.Data) < (lines-1)*x.Stride+length) {
		panic(fmt.Sprintf("cuda: %s: %s has %d elements and stride %d, too few for %d×%d",
			op, name, len(x.Data), x.Stride, rows, columns))
	}
	s := strided{data: address(x.Data), row: x.Stride, column: 1}
	if x.Trans {
		return s.transposed()
	}
	return s
}

// strided is Strided of src/matrix_product.h: the matrices of a batch, in numbers of float32.
type strided struct {
	data                      uintptr
	row, column, inner, outer int
}

func (s strided) transposed() strided {
	s.row, s.column = s.column, s.row
	return s
}

// Sizes of the blocks of src/matrix_product.h.
const (
	productTile  = 64
	productDepth = 32
	mostProducts = 65535 // blocks along z
)

// products launches a batch of products; matrix i is number i%inner of part i/inner, and inner at most mostProducts.
func (d *Device) products(math format, batch, inner int, out, a, b strided, m, n, k int, scale float32) {
	if batch == 0 || m == 0 || n == 0 {
		return
	}
	parts := mostProducts / inner * inner
	for start := 0; start < batch; start += parts {
		count := min(batch-start, parts)
		part := start / inner
		move := func(s strided) uintptr { return s.data + uintptr(4*part*s.outer) }
		d.launch(fmt.Sprintf("matrix_product_f32_%v", math),
			[3]uint32{blocks(m, productTile), blocks(n, productTile), uint32(count)}, [3]uint32{threads, 1, 1},
			2*tileBytes(math, productDepth, productTile),
			move(out), move(a), move(b), int32(m), int32(n), int32(k), scale, int32(inner),
			int64(out.row), int64(out.inner), int64(out.outer),
			int64(a.row), int64(a.column), int64(a.inner), int64(a.outer),
			int64(b.row), int64(b.column), int64(b.inner), int64(b.outer))
	}
}
