package kernels

import (
	"math"
	"testing"
)

// TestUnitRows compares lengths with those in float64, of rows that no vector register divides, in place, and of a row
// of zeros.
func TestUnitRows(t *testing.T) {
	const rows, c, eps = 5, 37, 0.25
	x, factor := randoms(1, rows*c), randoms(2, c)
	clear(x[2*c : 3*c])
	got := make([]float32, rows*c)
	copy(got, x)
	UnitRows(got, got, factor, rows, c, eps)
	for r := range rows {
		square := 0.0
		for _, v := range x[r*c:][:c] {
			square += float64(v) * float64(v)
		}
		for i, f := range factor {
			want := float64(x[r*c+i]) / (math.Sqrt(square) + eps) * float64(f)
			if math.Abs(float64(got[r*c+i])-want) > 1e-6 {
				t.Errorf("row %d, number %d: %g, want %g", r, i, got[r*c+i], want)
			}
		}
	}
}
