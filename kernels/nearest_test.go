package kernels

import (
	"math"
	"testing"
)

// TestNearestOfEqualOnes: of several vectors at one distance the first is found, wherever blocks and jobs are cut, and
// a vector of the bank has no distance below 0 from itself.
func TestNearestOfEqualOnes(t *testing.T) {
	const n, k, m = 1500, 24, 700
	rows := random(source("bank"), n*k)
	for i := n / 3; i < n; i++ { // two copies of the first third, out of order
		copy(rows[i*k:][:k], rows[(i*7+i/500)%(n/3)*k:][:k])
	}
	first := map[[2]float32]int{}
	for i := n - 1; i >= 0; i-- {
		first[[2]float32{rows[i*k], rows[i*k+1]}] = i
	}
	everyWay(t, "equal", func(t *testing.T) []float32 {
		dist, index := nan(m), make([]int, m)
		NewBank(rows, n, k).Nearest(dist, index, rows[(n-m)*k:], m)
		for i, at := range index {
			if want := first[[2]float32{rows[(n-m+i)*k], rows[(n-m+i)*k+1]}]; at != want {
				t.Fatalf("row %d: vector %d, want %d", i, at, want)
			}
			if !(dist[i] >= 0 && dist[i] < 1e-4) {
				t.Fatalf("row %d: %v from itself", i, dist[i])
			}
		}
		return dist
	})
}

// TestDistances compares all distances with their definition.
func TestDistances(t *testing.T) {
	for _, s := range []struct{ m, n, k int }{{1, 1, 1}, {2, 500, 7}, {20, 37, 512}, {0, 3, 2}} {
		r := source("distances", s.n, s.k)
		x, rows := random(r, s.m*s.k), random(r, s.n*s.k)
		want := make([]number, s.m*s.n)
		for i := range want {
			for d := range s.k {
				a, b := float64(x[i/s.n*s.k+d]), float64(rows[i%s.n*s.k+d])
				want[i].value += (a - b) * (a - b)
				want[i].scale += a*a + b*b
			}
		}
		everyWay(t, shapeName(s), func(t *testing.T) []float32 {
			b, out := NewBank(rows, s.n, s.k), nan(s.m*s.n)
			if b.Distances(out, x, s.m); b.Len() != s.n || b.Dims() != s.k {
				t.Errorf("a bank of %d vectors of %d numbers", b.Len(), b.Dims())
			}
			compare(t, "distances", out, want, 8)
			return out
		})
	}
}

// TestNearestOfNaN: a row with a NaN is at no distance from anything, and the others are where they were.
func TestNearestOfNaN(t *testing.T) {
	rows, dist, index := []float32{0, 1, 4, 4}, make([]float32, 2), make([]int, 2)
	NewBank(rows, 2, 2).Nearest(dist, index, []float32{float32(math.NaN()), 0, 4, 3}, 2)
	if dist[0] == dist[0] || index[0] != 0 || dist[1] != 1 || index[1] != 1 {
		t.Errorf("distances %v to vectors %v", dist, index)
	}
}

func TestBankRefusesImpossibleSizes(t *testing.T) {
	x := make([]float32, 4)
	b := NewBank(x, 2, 2)
	wantPanic(t, "no vector", func() { NewBank(nil, 0, 2) })
	wantPanic(t, "no numbers", func() { NewBank(nil, 2, 0) })
	wantPanic(t, "too few numbers", func() { NewBank(x, 2, 3) })
	wantPanic(t, "rows of another length", func() { b.Nearest(x[:2], make([]int, 2), x[:3], 2) })
	wantPanic(t, "too little room", func() { b.Nearest(x[:1], make([]int, 2), x, 2) })
	wantPanic(t, "too few indices", func() { b.Nearest(x[:2], make([]int, 1), x, 2) })
	wantPanic(t, "too little room for all", func() { b.Distances(x[:3], x, 2) })
}

func BenchmarkNearest(b *testing.B) {
	for _, s := range []struct{ m, n, k int }{{784, 784, 152}, {784, 784, 1536}, {784, 6272, 1536}, {784, 50000, 152}, {8000, 50000, 152}, {784, 6272, 384}} {
		b.Run(shapeName(s), func(b *testing.B) {
			r := source("nearest", s.n, s.k)
			x, bank := random(r, s.m*s.k), NewBank(random(r, s.n*s.k), s.n, s.k)
			dist, index := make([]float32, s.m), make([]int, s.m)
			measure(b, 2*float64(s.m*s.n*s.k), func() { bank.Nearest(dist, index, x, s.m) })
		})
	}
}
