package tensor

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/x448/float16"
)

// The three lines "philox4x32 10" of Random123's kat_vectors: counter, key, result.
func TestPhiloxKnownAnswers(t *testing.T) {
	const ones = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{want: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, [2]uint32{ones, ones}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox4x32(c.counter, c.key); got != c.want {
			t.Errorf("counter %x, key %x: %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

// printed is how far from a number of torch a printed one with four decimals may be.
var printed = cmpopts.EquateApprox(0, 6e-5)

// Beginnings of torch.randn(…, device="cuda") as published: seed 0 by the module rng_philox of the Stable
// Diffusion web UI and by others, seed 42 in the documentation of several libraries.
func TestPhiloxAsTorchOnCUDA(t *testing.T) {
	for _, c := range []struct {
		seed uint64
		want []float32
	}{
		{0, []float32{-0.9247, -0.4253, -2.6438, 0.1452, -0.1209, -0.5797, -0.6229, -0.3284, -1.0745, -0.3631, -1.6711, 2.2655}},
		{42, []float32{0.1940, 2.1614, -0.1721, 0.8491, -1.9244, 0.6530, -0.6494, -0.8175, 0.5280, -1.2753}},
	} {
		for _, n := range []int{len(c.want), 4 * 64 * 64} {
			got := NewPhilox(c.seed).Randn(n)
			if diff := cmp.Diff(c.want, got[:len(c.want)], printed); diff != "" || len(got) != n {
				t.Errorf("seed %d, %d of %d numbers (-torch +got):\n%s", c.seed, len(got), n, diff)
			}
		}
	}
}

// Seed 0, x = randn(8, 8), y = randn(8, 8), b = randn(8), of which max(0, x + y/2 + b) was published.
func TestPhiloxContinuesAsTorch(t *testing.T) {
	p := NewPhilox(0)
	x, y, b := p.Randn(64), p.Randn(64), p.Randn(8)
	sum := func(i int) float32 { return max(0, x[i]+y[i]/2+b[i%8]) }
	want := []float32{1.7098, 0, 0, 0, 0.67049, 0, 0.34424, 0.011223, 1.8750, 0, 0, 2.2105, 0.66808, 0, 1.8445, 1.9246}
	var got []float32
	for i := range want {
		got = append(got, sum(i))
	}
	if diff := cmp.Diff(want, got, printed); diff != "" {
		t.Errorf("(-torch +got):\n%s", diff)
	}
}

// A tensor larger than a launch: the matrix product of Triton's tutorial 03, of two randn(512, 512) in float16
// with seed 0, as an A100 printed it. Its 864 blocks of 256 threads draw 262144 numbers in two turns.
func TestPhiloxLargerThanALaunch(t *testing.T) {
	p := NewPhilox(0)
	p.Threads = 108 * 2048
	const n = 512
	half := func(v []float32) []float32 {
		for i := range v {
			v[i] = float16.Fromfloat32(v[i]).Float32()
		}
		return v
	}
	a, b := half(p.Randn(n*n)), half(p.Randn(n*n))
	for _, c := range []struct {
		row, column int
		want        float64
	}{
		{0, 0, -10.9531}, {0, 1, -4.7109}, {0, 2, 15.6953}, {0, n - 3, -28.4062}, {0, n - 2, 4.3320}, {0, n - 1, -26.4219},
		{1, 0, 26.8438}, {n - 3, n - 1, 41.0000}, {n - 1, 0, -17.0938}, {n - 1, 2, -0.3831}, {n - 1, n - 1, -13.2188},
	} {
		got := 0.0
		for k := range n {
			got += float64(a[c.row*n+k]) * float64(b[k*n+c.column])
		}
		if diff := cmp.Diff(c.want, got, cmpopts.EquateApprox(1e-3, 5e-3)); diff != "" { // printed in float16
			t.Errorf("product, row %d, column %d (-torch +got):\n%s", c.row, c.column, diff)
		}
	}
}

// The seed is 64 bits wide, unlike that of Rand.
func TestPhiloxSeeds(t *testing.T) {
	first := map[string]uint64{}
	for _, seed := range []uint64{0, 1, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<64 - 1} {
		got := fmt.Sprint(NewPhilox(seed).Randn(3))
		if other, ok := first[got]; ok {
			t.Errorf("seeds %d and %d give the same numbers", seed, other)
		}
		first[got] = seed
	}
}

func TestPhiloxOfNoNumbers(t *testing.T) {
	p := NewPhilox(1)
	for _, n := range []int{0, -1} {
		if got := p.Randn(n); len(got) != 0 {
			t.Errorf("Randn(%d) returns %d numbers", n, len(got))
		}
	}
	if diff := cmp.Diff(NewPhilox(1).Randn(4), p.Randn(4)); diff != "" {
		t.Errorf("an empty call changed the generator:\n%s", diff)
	}
}
