package modules

import (
	"strings"
	"testing"
)

func TestCandidates(t *testing.T) {
	for _, c := range []struct {
		major, minor, driver int
		want                 string // names, or words of the error
	}{
		{8, 0, 13050, "sm_80 compute_80"},
		{8, 6, 13000, "sm_86 compute_80"},
		{8, 9, 12040, "compute_80"},
		{9, 0, 13050, "sm_90 compute_90 compute_80"},
		{9, 0, 13020, "sm_90 compute_80"},
		{8, 7, 13050, "compute_80"},
		{10, 0, 13050, "compute_90 compute_80"},
		{12, 0, 12080, "compute_80"},
		{7, 5, 13050, "8.0 or later"},
		{8, 0, 11080, "of CUDA 11.8, and the kernels need one of CUDA 12.0 or later"},
	} {
		targets, err := Candidates(c.major, c.minor, c.driver)
		var names []string
		for _, target := range targets {
			names = append(names, target.Name)
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("compute capability %d.%d, driver %d: %s, want %s", c.major, c.minor, c.driver, got, c.want)
		}
	}
}

func TestArguments(t *testing.T) {
	k := Kernel{Name: "k", Params: []int{8, 4, 4, 8}}
	got, err := k.Arguments([]any{uintptr(1 << 40), int32(-1), float32(1), int64(-2)})
	want := []uint64{1 << 40, 0xffffffff, 0x3f800000, ^uint64(1)}
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("argument %d is %#x, want %#x", i, got[i], want[i])
		}
	}
	for _, args := range [][]any{
		{uintptr(0)},
		{uintptr(0), int32(0), float32(0), int32(0)},
		{uintptr(0), 0, float32(0), int64(0)},
	} {
		if _, err := k.Arguments(args); err == nil {
			t.Errorf("arguments %v pass for parameters of %v bytes", args, k.Params)
		}
	}
}
