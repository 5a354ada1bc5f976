package diffusion

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// Options that a scheduler has not, and values that none could use, are refused.
func TestSchedulerOptionErrors(t *testing.T) {
	zeros := WithNoise(func(n int) []float32 { return make([]float32, n) })
	for _, c := range []struct {
		kind  string
		steps int
		opts  []SchedulerOption
		says  string
	}{
		{"ddim", 4, []SchedulerOption{WithEta(0.5)}, "say WithNoise"},
		{"ddim", 4, []SchedulerOption{zeros, WithEta(1.5)}, "WithEta(1.5): it must be between 0 and 1"},
		{"tcd", 4, []SchedulerOption{zeros, WithEta(math.NaN())}, "WithEta(NaN)"},
		{"euler", 4, []SchedulerOption{WithEta(0)}, "WithEta is for ddim and tcd"},
		{"lcm", 4, []SchedulerOption{zeros, WithEta(0.5)}, "WithEta is for ddim and tcd"},
		{"ddim", 1, []SchedulerOption{WithTimesteps(800)}, "WithTimesteps is for lcm and tcd"},
		{"lcm", 2, []SchedulerOption{zeros, WithTimesteps(800)}, "1 timesteps for 2 steps"},
		{"lcm", 2, []SchedulerOption{zeros, WithTimesteps(800, 800)}, "timestep 800 of step 1: timesteps fall"},
		{"tcd", 1, []SchedulerOption{zeros, WithTimesteps(1000)}, "from at most 999 to at least 0"},
		{"tcd", 1, []SchedulerOption{zeros, WithTimesteps(-1)}, "timestep -1 of step 0"},
		{"lcm", 4, []SchedulerOption{zeros, WithStrength(0)}, "WithStrength(0): it must be more than 0"},
		{"lcm", 1, []SchedulerOption{zeros, WithStrength(0.5), WithTimesteps(800)}, "not with WithTimesteps"},
		{"unipc", 4, []SchedulerOption{WithStrength(0.5)}, "WithStrength is for lcm and tcd"},
		{"lcm", 51, []SchedulerOption{zeros}, "51 steps: the model knows 50 timesteps"},
		{"tcd", 26, []SchedulerOption{zeros, WithStrength(0.5)}, "26 steps: the model knows 25 timesteps of original_inference_steps 50 at strength 0.5"},
	} {
		_, err := NewScheduler(c.kind, SchedulerConfig{}, c.steps, c.opts...)
		if err == nil || !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s, %d steps: error %v, want an ErrArgument that says %s", c.kind, c.steps, err, c.says)
		}
	}
	for field, config := range map[string]SchedulerConfig{
		"original_inference_steps is 1001": {OriginalInferenceSteps: 1001},
		"original_inference_steps is -1":   {OriginalInferenceSteps: -1},
		"timestep_scaling is -1":           {TimestepScaling: -1},
		"want v_prediction":                {RescaleBetas: true},
	} {
		if _, err := NewScheduler("lcm", config, 4, zeros); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("error %v, want one that says %s", err, field)
		}
	}
}

// TCD without fresh noise needs no source of it.
func TestTCDWithoutNoise(t *testing.T) {
	if _, err := NewScheduler("tcd", SchedulerConfig{}, 4, WithEta(0)); err != nil {
		t.Error(err)
	}
}

// The noise levels of a run are one more than its steps, and belong to the caller.
func TestSigmas(t *testing.T) {
	zeros := WithNoise(func(n int) []float32 { return make([]float32, n) })
	for _, kind := range SchedulerNames() {
		s, err := NewScheduler(kind, SchedulerConfig{SkipPRKSteps: true}, 5, zeros)
		if err != nil {
			t.Fatal(err)
		}
		got := Sigmas(s)
		if slices.Contains([]string{"ddim", "pndm", "lcm", "tcd"}, kind) {
			if got != nil {
				t.Errorf("%s: noise levels %v, want none", kind, got)
			}
			continue
		}
		if len(got) != 6 || got[5] != 0 || !slices.IsSortedFunc(got, func(a, b float64) int { return int(math.Copysign(1, b-a)) }) {
			t.Errorf("%s: noise levels %v, want six that fall to 0", kind, got)
		}
		got[0] = -1
		if Sigmas(s)[0] == -1 {
			t.Errorf("%s: the caller changed the scheduler's own levels", kind)
		}
	}
}
