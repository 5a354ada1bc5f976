package tensor

import (
	"math"
	"testing"

	"github.com/x448/float16"
	gt "gorgonia.org/tensor"
)

// TestNonFinite puts every kind of bad number at every place of tensors of all
// short lengths and of one that several goroutines share.
func TestNonFinite(t *testing.T) {
	bad := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}
	lengths := []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 67}
	for _, dtype := range []gt.Dtype{gt.Float32, Float16, BFloat16} {
		for _, n := range lengths {
			for at := range n {
				v := largest(n)
				v[at] = bad[at%len(bad)]
				v[n-1] += v[at] // a later one must not be reported
				if got := NonFinite(FromFloat32sAs(dtype, v, n)); got != at {
					t.Fatalf("%v[%d] with %v at %d: NonFinite is %d", dtype, n, v[at], at, got)
				}
			}
			if got := NonFinite(FromFloat32sAs(dtype, largest(n), n)); got != -1 {
				t.Fatalf("%v[%d] of finite numbers: NonFinite is %d", dtype, n, got)
			}
		}
	}
}

// largest returns n finite numbers with exponents next to that of NaN in
// float16, and of both signs.
func largest(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = 65504
		if i%2 == 1 {
			v[i] = -65504
		}
	}
	return v
}

func TestNonFiniteInALongTensor(t *testing.T) {
	const n = 3<<20 + 5
	v := make([]float32, n)
	d := FromFloat32s(v, n)
	if got := NonFinite(d); got != -1 {
		t.Fatalf("zeros: NonFinite is %d", got)
	}
	for _, at := range []int{n - 1, n - 2, 2 << 20, 1<<20 + 1, 1<<16 - 1, 0} { // each before the last
		v[at] = float32(math.Inf(-1))
		if got := NonFinite(d); got != at {
			t.Errorf("NonFinite is %d, want %d", got, at)
		}
	}
}

func TestNonFiniteKnowsEveryBitPattern(t *testing.T) {
	for i := range 1 << 16 {
		half, brain := float16.Frombits(uint16(i)), BF16(i)
		if got, want := float16Lanes.bad(uint64(i)<<16) != 0, half.IsNaN() || half.IsInf(0); got != want {
			t.Fatalf("float16 %04x: bad is %v", i, got)
		}
		if got, want := bfloat16Lanes.bad(uint64(i)<<48) != 0, !isFinite(brain.Float32()); got != want {
			t.Fatalf("BF16 %04x: bad is %v", i, got)
		}
		f := math.Float32frombits(uint32(i) << 16)
		if got, want := float32Lanes.bad(uint64(math.Float32bits(f))<<32) != 0, !isFinite(f); got != want {
			t.Fatalf("float32 %v: bad is %v", f, got)
		}
	}
}

func isFinite(f float32) bool { return f-f == 0 }
