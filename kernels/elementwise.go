package kernels

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// wantLen panics when an operand is not as long as the shape says: a mistake in the caller, not in its data.
func wantLen[T any](op, operand string, x []T, want int) {
	if len(x) != want {
		panic(fmt.Sprintf("kernels: %s: %s has %d elements, want %d", op, operand, len(x), want))
	}
}

// Add sets out = a + b. The slices have one length; out may be a or b.
func Add(out, a, b []float32) {
	wantLen("Add", "a", a, len(out))
	wantLen("Add", "b", b, len(out))
	Range(len(out), elementGrain, func(lo, hi int) { vec.Add(out[lo:hi], a[lo:hi], b[lo:hi]) })
}

// Mul sets out = a·b, element by element. The slices have one length; out may be a or b.
func Mul(out, a, b []float32) {
	wantLen("Mul", "a", a, len(out))
	wantLen("Mul", "b", b, len(out))
	Range(len(out), elementGrain, func(lo, hi int) { vec.Mul(out[lo:hi], a[lo:hi], b[lo:hi]) })
}

// Scale sets out = f·x. The slices have one length; out may be x.
func Scale(out, x []float32, f float32) {
	wantLen("Scale", "x", x, len(out))
	Range(len(out), elementGrain, func(lo, hi int) { vec.Scale(out[lo:hi], x[lo:hi], f) })
}

// AddScaled adds f·x to out. The slices have one length; x may be out.
func AddScaled(out, x []float32, f float32) {
	wantLen("AddScaled", "x", x, len(out))
	Range(len(out), elementGrain, func(lo, hi int) { vec.AddScaled(out[lo:hi], x[lo:hi], f) })
}

// Copy sets out = x. The slices have one length.
func Copy(out, x []float32) {
	wantLen("Copy", "x", x, len(out))
	Range(len(out), elementGrain, func(lo, hi int) { copy(out[lo:hi], x[lo:hi]) })
}

// Fill sets every element of out to v.
func Fill(out []float32, v float32) {
	Range(len(out), elementGrain, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			out[i] = v
		}
	})
}

// Affine sets out = factor·x + offset. The slices have one length; out may be x.
func Affine(out, x []float32, factor, offset float32) {
	wantLen("Affine", "x", x, len(out))
	Range(len(out), elementGrain, func(lo, hi int) {
		for i, v := range x[lo:hi] {
			out[lo+i] = factor*v + offset
		}
	})
}

// AffineChannels sets out[r,c] = factor[c]·x[r,c] + offset[c]. out may be x.
func AffineChannels(out, x, factor, offset []float32, rows, c int) {
	wantLen("AffineChannels", "out", out, rows*c)
	wantLen("AffineChannels", "x", x, rows*c)
	wantLen("AffineChannels", "factor", factor, c)
	wantLen("AffineChannels", "offset", offset, c)
	Range(rows, rowGrain(c), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			for j, f := range factor {
				out[r*c+j] = f*x[r*c+j] + offset[j]
			}
		}
	})
}

// AddRows sets out[b,r,c] = x[b,r,c] + t[b,c]: one vector per batch entry added to each of its rows, as a time
// embedding is to a feature map. out may be x.
func AddRows(out, x, t []float32, b, rows, c int) {
	wantLen("AddRows", "out", out, b*rows*c)
	wantLen("AddRows", "x", x, b*rows*c)
	wantLen("AddRows", "t", t, b*c)
	Range(b*rows, rowGrain(c), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			vec.Add(out[r*c:][:c], x[r*c:][:c], t[r/rows*c:][:c])
		}
	})
}

// SumRows sets out[b,c] = Σ_r x[b,r,c], the gradient of [AddRows] with respect to t.
func SumRows(out, x []float32, b, rows, c int) {
	wantLen("SumRows", "out", out, b*c)
	wantLen("SumRows", "x", x, b*rows*c)
	blocks := rowBlocks(b, rows, c)
	partial := make([]float32, blocks.count()*c)
	Parallel(blocks.count(), func(i int) {
		lo, hi := blocks.rows(i)
		sum := partial[i*c:][:c]
		for r := lo; r < hi; r++ {
			vec.Add(sum, sum, x[r*c:][:c])
		}
	})
	total := make([]float64, c)
	for i := range b {
		clear(total)
		for p, end := blocks.of(i); p < end; p++ {
			for j, v := range partial[p*c:][:c] {
				total[j] += float64(v)
			}
		}
		for j, v := range total {
			out[i*c+j] = float32(v)
		}
	}
}
