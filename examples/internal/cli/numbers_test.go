package cli

import (
	"math"
	"testing"
)

func TestWithin(t *testing.T) {
	for _, v := range []float64{0, 0.5, 1} {
		if err := Within("--strength", v, 0, 1); err != nil {
			t.Error(err)
		}
	}
	for v, want := range map[float64]string{
		-1: "--strength is -1, want 0 to 1", 1.5: "--strength is 1.5, want 0 to 1", 1e300: "--strength is 1e+300, want 0 to 1",
		math.Inf(1): "--strength is +Inf, want 0 to 1", math.Inf(-1): "--strength is -Inf, want 0 to 1",
	} {
		if err := Within("--strength", v, 0, 1); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if err := Within("--guidance", float32(math.NaN()), 0, MostGuidance); err == nil || err.Error() != "--guidance is NaN, want 0 to 1000" {
		t.Errorf("NaN: error %v", err)
	}
	if err := Within("--n", math.MinInt, 1, math.MaxInt); err == nil {
		t.Error("the smallest number is within 1 and the largest")
	}
}
