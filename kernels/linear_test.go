package kernels

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// sizes are m, n, k of products: smaller than a tile, odd, and across the edges
// of tiles, panels and blocks.
var sizes = [][3]int{
	{1, 1, 1}, {1, 3, 2}, {2, 5, 3}, {3, 8, 17}, {7, 31, 33}, {13, 33, 8}, {14, 32, 40}, {15, 48, 9},
	{29, 65, 385}, {77, 40, 100}, {1, 400, 770}, {200, 17, 31}, {15, 40, 512}, {15, 24, 40}, {9, 56, 20}, {8, 12, 9}, {20, 28, 30},
}

func TestLinear(t *testing.T) {
	for _, size := range sizes {
		for _, format := range formats {
			m, n, k := size[0], size[1], size[2]
			r := source("linear", m, n, k)
			x, bias, residual := random(r, m*k), random(r, n), random(r, m*n)
			w, wv := randomElements(r, format, n*k)
			everyWay(t, fmt.Sprint(size, format), func(t *testing.T) []float32 {
				out := nan(m * n)
				Float32.Linear(out, x, w, nil, nil, m, n, k)
				compare(t, "plain", out, naiveLinear(x, wv, nil, nil, m, n, k), 8)
				Float32.Linear(out, x, w, bias, residual, m, n, k)
				want := naiveLinear(x, wv, bias, residual, m, n, k)
				compare(t, "bias and residual", out, want, 8)
				inPlace := append([]float32(nil), residual...)
				Float32.Linear(inPlace, x, w, bias, inPlace, m, n, k)
				compare(t, "in place", inPlace, want, 8)
				return out
			})
		}
	}
}

func TestLinearGrad(t *testing.T) {
	for _, size := range sizes {
		for _, format := range formats {
			m, n, k := size[0], size[1], size[2]
			r := source("linear grad", m, n, k)
			dy := random(r, m*n)
			w, wv := randomElements(r, format, n*k)
			everyWay(t, fmt.Sprint(size, format), func(t *testing.T) []float32 {
				dx := nan(m * k)
				Float32.LinearGrad(dx, dy, w, m, n, k)
				compare(t, "dx", dx, naiveProduct(at(dy, n, false), at(wv, k, false), 1, m, k, n), 8)
				return dx
			})
		}
	}
}

// TestKeptWeights: weights that stay packed, for whichever instruction set came first, give the bits of others, to
// several products at once too, forward and backward.
func TestKeptWeights(t *testing.T) {
	for _, size := range sizes {
		m, n, k := size[0], size[1], size[2]
		r := source("kept", m, n, k)
		x, dy := random(r, m*k), random(r, m*n)
		w, _ := randomElements(r, formats[(m+n)%3], n*k)
		kept := w.KeepPacked(n, k)
		s := ConvShape{B: 1, H: m, W: 1, Cin: k, Cout: n, KH: 1, KW: 1, Stride: 1, Act: ReLU}
		everyWay(t, fmt.Sprint(size), func(t *testing.T) []float32 {
			run := func(w Elements) []float32 {
				out, conv, dx := nan(m*n), nan(m*n), nan(m*k)
				Float32.Linear(out, x, w, nil, nil, m, n, k)
				Float32.Conv(conv, x, w, nil, nil, s)
				Float32.LinearGrad(dx, dy, w, m, n, k)
				return slices.Concat(out, conv, dx)
			}
			want := run(w)
			var wait sync.WaitGroup
			for range 3 {
				wait.Go(func() {
					if !slices.Equal(run(kept), want) {
						t.Error("results differ")
					}
				})
			}
			wait.Wait()
			return want
		})
	}
	wantPanic(t, "other weights", func() { Float32s(make([]float32, 5)).KeepPacked(2, 3) })
}

func TestLinearEmpty(t *testing.T) {
	Float32.Linear(nil, nil, Float32s(make([]float32, 6)), nil, nil, 0, 2, 3)
	out := nan(2)
	Float32.Linear(out, nil, Float32s(nil), []float32{1, 2}, nil, 1, 2, 0)
	if out[0] != 1 || out[1] != 2 {
		t.Errorf("a sum over nothing plus bias is %v", out)
	}
}

func TestLinearRefusesWrongLengths(t *testing.T) {
	x, w, out := make([]float32, 6), Float32s(make([]float32, 12)), make([]float32, 8)
	wantPanic(t, "x", func() { Float32.Linear(out, x[:5], w, nil, nil, 2, 4, 3) })
	wantPanic(t, "w", func() { Float32.Linear(out, x, w.Slice(0, 11), nil, nil, 2, 4, 3) })
	wantPanic(t, "out", func() { Float32.Linear(out[:7], x, w, nil, nil, 2, 4, 3) })
	wantPanic(t, "bias", func() { Float32.Linear(out, x, w, x[:3], nil, 2, 4, 3) })
}

func naiveLinear(x, w, bias, residual []float32, m, n, k int) []number {
	out := naiveProduct(at(x, k, false), at(w, k, true), 1, m, n, k)
	for i := range out {
		if bias != nil {
			out[i].add(float64(bias[i%n]))
		}
		if residual != nil {
			out[i].add(float64(residual[i]))
		}
	}
	return out
}

// at reads a matrix stored with the given distance of rows, or of columns.
func at(x []float32, stride int, trans bool) func(r, c int) float64 {
	return func(r, c int) float64 {
		if trans {
			r, c = c, r
		}
		return float64(x[r*stride+c])
	}
}

func naiveProduct(a, b func(r, c int) float64, scale float64, m, n, k int) []number {
	out := make([]number, m*n)
	for i := range m {
		for j := range n {
			for l := range k {
				out[i*n+j].add(scale * a(i, l) * b(l, j))
			}
		}
	}
	return out
}
