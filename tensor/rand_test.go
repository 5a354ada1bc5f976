package tensor

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// near is how far from torch a number may be: its own vectorised logarithm and
// sine differ by as much between processors.
var near = cmpopts.EquateApprox(0, 1e-6)

// Numbers from torch 2.15: g = torch.Generator().manual_seed(7), then
// torch.randn(n, generator=g) for one n after the other. The short calls use
// the other algorithm and hold a number back, also across the long ones.
func TestRandnContinuesAsTorch(t *testing.T) {
	calls := []struct {
		n    int
		want []float32 // the last len(want) of n
	}{
		{3, []float32{-0.146795094, 0.786141276, 0.94682163}},
		{1, []float32{-1.114344}},
		{2, []float32{1.69079018, -0.894827902}},
		{16, []float32{0.609473467, -0.581133783, 0.0490438677, -0.320476919, -1.58266461, -0.324566633, 1.92636812, -0.330011725, -0.551940501, 0.35274902, -1.08420193, -0.887490094, -0.209340423, -0.215341523, -1.81572866, -0.345241964}},
		{1, []float32{1.39545083}},
		{20, []float32{-0.0835282281, -0.0234779324, 0.174375355, 2.2983427, -2.96616983, -1.06055498, -0.30899629, 0.934288204, -0.38211593, -1.16689408, 0.363575846, -0.315641105, 1.14500749, -0.382184327, -0.355266035, 0.754192531, 0.690124393, -0.144261837, 1.61204672, 1.56712377}},
		{17, []float32{-1.24318969, -0.957782269, 1.75182533, 0.97956574, 0.410504818, 1.7674973, -0.0831893682, 0.508705795, 1.1178118, 0.163286373, 0.501270711, 1.42055094, 1.15420902, -1.53656864, -0.557684064, -0.438334733, 1.15718675}},
		{5, []float32{1.34702265, 0.854489386, 0.621950984, -1.56029403, 0.204036683}},
		{33, []float32{0.0539458953, 0.72349453, -1.08364761}},
		{0, []float32{}},
		{15, []float32{-0.120313339, 2.41977525, -0.324538708, -1.63590145, 0.127961859, -0.00324069522, 0.589961886, -0.760710001, 0.119026378, -0.594258189, 0.10054303, 0.97441572, -0.241735905, 0.743080199, -0.719219208}},
	}
	r := NewRand(7)
	for i, c := range calls {
		got := r.Randn(c.n)
		if len(got) != c.n {
			t.Fatalf("call %d: %d numbers, want %d", i, len(got), c.n)
		}
		if diff := cmp.Diff(c.want, got[c.n-len(c.want):], near); diff != "" {
			t.Errorf("call %d, randn(%d) (-torch +got):\n%s", i, c.n, diff)
		}
	}
}

// Numbers from torch 2.15: randn(2), then the first two of randn(16).
func TestRandSeedsAsTorch(t *testing.T) {
	for seed, want := range map[uint64][]float32{
		0:             {1.54099607, -0.293428898, 0.848710358, 0.692009151},
		1:             {0.661352158, 0.266924113, -0.100167178, -0.609188914},
		5:             {-0.486780763, -0.603821576, 2.01941943, -0.268614441},
		1<<32 - 1:     {1.21976304, -0.392979473, 1.89861786, 1.56420887},
		1 << 32:       {1.54099607, -0.293428898, 0.848710358, 0.692009151},
		1<<32 + 5:     {-0.486780763, -0.603821576, 2.01941943, -0.268614441},
		1234567890123: {0.612099051, -0.930138052, 0.692722738, -1.51851296},
		1 << 63:       {1.54099607, -0.293428898, 0.848710358, 0.692009151},
		1<<64 - 1:     {1.21976304, -0.392979473, 1.89861786, 1.56420887},
	} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := NewRand(seed)
			got := append(r.Randn(2), r.Randn(16)[:2]...)
			if diff := cmp.Diff(want, got, near); diff != "" {
				t.Errorf("(-torch +got):\n%s", diff)
			}
		})
	}
}

// A latent of 1·4·8·8 numbers: the ends of torch.randn(1, 4, 8, 8) with seed 42.
func TestRandnOfALatent(t *testing.T) {
	got := NewRand(42).Randn(256)
	want := []float32{1.92691529, 1.48728406, 0.900717199, 0.565505028, 0.505791724, 0.222453654}
	if diff := cmp.Diff(want, append(got[:3:3], got[253:]...), near); diff != "" {
		t.Errorf("(-torch +got):\n%s", diff)
	}
}

func TestRandnOfNoNumbers(t *testing.T) {
	r := NewRand(1)
	for _, n := range []int{0, -1} {
		if got := r.Randn(n); len(got) != 0 {
			t.Errorf("Randn(%d) returns %d numbers", n, len(got))
		}
	}
	if diff := cmp.Diff(NewRand(1).Randn(4), r.Randn(4)); diff != "" {
		t.Errorf("an empty call changed the generator:\n%s", diff)
	}
}
