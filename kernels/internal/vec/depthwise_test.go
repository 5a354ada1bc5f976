package vec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/internal/isa"
)

// TestDepthwise compares with float64, between guard words, at numbers of channels that leave all kinds of remainders
// and at every number of windows up to several blocks of them.
func TestDepthwise(t *testing.T) {
	before := isa.Current()
	defer isa.Force(before)
	for _, level := range isa.Supported() {
		isa.Force(level)
		for i := range 26 * 5 {
			n, c := i/5, []int{1, 16, 31, 67, 150}[i%5]
			name := fmt.Sprintf("%v, %d channels, %d windows", level, c, n)
			checkDepthwise(t, name, Windows{C: c + 5, N: c, KH: 3, KW: 2, Step: 2 * c, OutStep: c + 3, Row: 5*c + 31, WRow: 4*c + 40, Low: -1, High: 2}, n)
			checkDepthwise(t, name+", below", Windows{C: c, N: c, KH: 1, KW: 1, Step: 9 * c, OutStep: 7 * c, Low: 0, High: float32(math.Inf(1))}, n)
			checkDepthwise(t, name+", outside", Windows{C: c, N: c, KW: 3, Step: c, OutStep: c, Low: 0, High: 1}, n)
		}
	}
}

func checkDepthwise(t *testing.T, name string, s Windows, n int) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(s.C), uint64(n)))
	line := (s.KW-1)*s.C + s.N
	x := newVector(r, max((n-1)*s.Step+(s.KH-1)*s.Row+line, 0)).values()
	w, bias := newVector(r, max((s.KH-1)*s.WRow+line, 0)).values(), newVector(r, s.N).values()
	out := newVector(r, max((n-1)*s.OutStep+s.N, 0))
	old := append([]float32(nil), out.values()...)
	s.Depthwise(out.values(), x, w, bias, n)
	if !out.intact() {
		t.Fatalf("%s: wrote outside its result", name)
	}
	for i, got := range out.values() {
		p, c := i/s.OutStep, i%s.OutStep
		if c >= s.N {
			if got != old[i] {
				t.Fatalf("%s: wrote between the results of windows, number %d", name, i)
			}
			continue
		}
		want := float64(bias[c])
		for tap := range s.KH * s.KW {
			ky, kx := tap/s.KW, tap%s.KW
			want += float64(x[p*s.Step+ky*s.Row+kx*s.C+c]) * float64(w[ky*s.WRow+kx*s.C+c])
		}
		want = min(max(want, float64(s.Low)), float64(s.High))
		if !(math.Abs(float64(got)-want) < 2e-5) {
			t.Fatalf("%s: window %d, channel %d is %v, want %v", name, p, c, got, want)
		}
	}
}

// TestNaNStays: a NaN is neither within limits nor outside, and larger than all.
func TestNaNStays(t *testing.T) {
	nan := float32(math.NaN())
	eachSet(t, func(t *testing.T, s *functions) {
		for i := range 20 {
			one, other, out := make([]float32, 20), make([]float32, 20), make([]float32, 20)
			one[i] = nan
			for _, f := range []func(){
				func() { s.clamp(out, one, -1, 1) },
				func() { s.larger(out, one, other) },
				func() { s.larger(out, other, one) },
			} {
				f()
				for j, v := range out {
					if (v != v) != (i == j) {
						t.Fatalf("element %d is %v with a NaN at %d", j, v, i)
					}
				}
			}
		}
	})
}

func TestDepthwiseChecksLengths(t *testing.T) {
	x := make([]float32, 8)
	s := Windows{C: 2, N: 2, KH: 1, KW: 2, Step: 2, OutStep: 2}
	for name, f := range map[string]func(){
		"result":  func() { s.Depthwise(x[:3:3], x, x, x, 2) },
		"picture": func() { s.Depthwise(x, x[:5:5], x, x, 2) },
		"weights": func() { s.Depthwise(x, x, x[:3:3], x, 2) },
		"bias":    func() { s.Depthwise(x, x, x, x[:1:1], 2) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a short %s is no panic", name)
				}
			}()
			f()
		}()
	}
}
