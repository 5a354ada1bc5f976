package kernels

import (
	"math"

	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// UnitRows divides every row of [rows, c] by its Euclidean length, to which eps is added, and multiplies its numbers by
// those of factor [c]. out may be x.
func UnitRows(out, x, factor []float32, rows, c int, eps float32) {
	wantLen("UnitRows", "out", out, rows*c)
	wantLen("UnitRows", "x", x, rows*c)
	wantLen("UnitRows", "factor", factor, c)
	Range(rows, rowGrain(c), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row, to := x[r*c:][:c], out[r*c:][:c]
			length := math.Sqrt(float64(vec.Dot(row, row)))
			vec.Scale(to, row, float32(1/(length+float64(eps))))
			vec.Mul(to, to, factor)
		}
	})
}
