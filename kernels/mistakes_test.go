package kernels

import (
	"strings"
	"testing"
)

// TestMistakesPanic: lengths that contradict the shape end in a panic that names the operand, not in wrong numbers.
func TestMistakesPanic(t *testing.T) {
	v := func(n int) []float32 { return make([]float32, n) }
	for want, call := range map[string]func(){
		"Add: b has 3 elements, want 4":           func() { Add(v(4), v(4), v(3)) },
		"Mul: a has 5 elements, want 4":           func() { Mul(v(4), v(5), v(4)) },
		"AddRows: t has 3 elements, want 6":       func() { AddRows(v(12), v(12), v(3), 2, 2, 3) },
		"SumRows: out has 3 elements, want 6":     func() { SumRows(v(3), v(12), 2, 2, 3) },
		"SiLUForward: x has 1 elements, want 2":   func() { SiLUForward(v(2), v(1)) },
		"GELUGrad: dy has 1 elements, want 2":     func() { GELUGrad(v(2), v(1), v(2)) },
		"GEGLU: x has 6 elements, want 12":        func() { GEGLU(v(6), v(6), 2, 3) },
		"Softmax: x has 5 elements, want 6":       func() { Softmax(v(6), v(5), 2, 3) },
		"LayerNorm: gamma has 2 elements, want 3": func() { LayerNorm(v(6), v(6), v(2), v(3), 2, 3, 1e-5) },
		"UnitRows: factor has 2 elements, want 3": func() { UnitRows(v(6), v(6), v(2), 2, 3, 0) },
		"SquaredDistance: b has 2 elements":       func() { SquaredDistance(v(3), v(2)) },
		"GroupNorm: 2 groups do not divide 3":     func() { GroupNorm(v(6), v(6), v(3), v(3), 1, 2, 3, 2, 1e-5, SiLU) },
		"UpsampleNearest: out has 6 elements":     func() { UpsampleNearest(v(6), v(6), 1, 2, 3, 1, 2) },
		"ConcatChannels: a part has 2 elements":   func() { ConcatChannels(v(6), 2, [][]float32{v(2), v(2)}, []int{1, 2}) },
		"SplitChannels: channels 2 to 4 of 3":     func() { SplitChannels(v(4), v(6), 2, 3, 2, 2) },
		"ChannelsLast: x has 5 elements, want 6":  func() { ChannelsLast(v(6), v(5), 1, 2, 3) },
		"Resample: taps for 2×3 positions":        func() { Resample(v(6), v(6), 1, 3, 2, 1, identityTaps(2), identityTaps(3)) },
		"BicubicTaps: from 0 positions to 3":      func() { BicubicTaps(0, 3, true) },
		"BilinearTaps: from 3 positions to 0":     func() { BilinearTaps(3, 0) },
		"BilinearAntialiasTaps: from 1 positions": func() { BilinearAntialiasTaps(1, 0) },
		"GaussianTaps: size 4, want an odd":       func() { GaussianTaps(3, 4, func(float64) float64 { return 1 }) },
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, want) {
					t.Errorf("panic %q, want one with %q", got, want)
				}
			}()
			call()
		})
	}
}
