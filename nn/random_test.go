package nn

import (
	"math"
	"slices"
	"testing"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
)

type randomModel struct {
	Conv  fakeLinear
	Norm  fakeLinear
	Class *Weight
	Scale *Weight
}

func newRandomModel() *randomModel {
	m := &randomModel{Class: NewWeight(3000), Scale: NewWeight()}
	m.Conv = fakeLinear{NewWeight(128, 64, 3, 3), NewWeight(128)}
	m.Norm = fakeLinear{NewWeight(2000), NewWeight(2000)}
	return m
}

// TestRandomizeDistributions measures mean and deviation. The bounds are five
// standard errors wide.
func TestRandomizeDistributions(t *testing.T) {
	for _, dtype := range []gt.Dtype{gt.Float32, tensor.Float16, tensor.BFloat16} {
		m := newRandomModel()
		if err := Randomize(m, 1, dtype); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			w         *Weight
			mean, std float64
		}{
			{m.Conv.Weight, 0, 1 / math.Sqrt(64*9)},
			{m.Conv.Bias, 0, 0.02},
			{m.Norm.Weight, 1, 0.05},
			{m.Norm.Bias, 0, 0.02},
			{m.Class, 0, 0.02},
		} {
			if c.w.Value().Dtype() != dtype || !c.w.Value().Shape().Eq(c.w.Shape()) {
				t.Errorf("%s is %v%v, want %v%v", c.w.Name(), c.w.Value().Dtype(), c.w.Value().Shape(), dtype, c.w.Shape())
			}
			mean, std := moments(c.w.Float32())
			n := float64(len(c.w.Float32()))
			if math.Abs(mean-c.mean) > 5*c.std/math.Sqrt(n) || math.Abs(std/c.std-1) > 5/math.Sqrt(2*n) {
				t.Errorf("%v %s: mean %.4f, deviation %.4f, want %.4f and %.4f", dtype, c.w.Name(), mean, std, c.mean, c.std)
			}
		}
		if !m.Scale.Loaded() {
			t.Error("a scalar was left out")
		}
	}
}

func moments(v []float32) (mean, std float64) {
	for _, f := range v {
		mean += float64(f) / float64(len(v))
	}
	for _, f := range v {
		std += (float64(f) - mean) * (float64(f) - mean) / float64(len(v))
	}
	return mean, math.Sqrt(std)
}

// TestRandomizeIsReproducible changes one thing at a time.
func TestRandomizeIsReproducible(t *testing.T) {
	defer kernels.SetThreads(kernels.Threads())
	random := func(seed uint64, threads int) *randomModel {
		kernels.SetThreads(threads)
		m := newRandomModel()
		if err := Randomize(m, seed, tensor.Float16); err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := random(1, 1)
	if !sameBits(first.Conv.Weight, random(1, 3).Conv.Weight) {
		t.Error("the number of threads changes the numbers")
	}
	if sameBits(first.Conv.Weight, random(2, 1).Conv.Weight) {
		t.Error("the seed does not change the numbers")
	}
	if sameBits(first.Conv.Bias, first.Norm.Bias) {
		t.Error("two weights have the same numbers")
	}
	alone := &struct{ Class *Weight }{NewWeight(3000)}
	if err := Randomize(alone, 1, tensor.Float16); err != nil {
		t.Fatal(err)
	}
	if !sameBits(first.Class, alone.Class) {
		t.Error("the rest of the model changes a weight's numbers")
	}
}

// sameBits compares as many numbers as both have.
func sameBits(a, b *Weight) bool {
	x, y := a.Float32(), b.Float32()
	n := min(len(x), len(y))
	return slices.Equal(x[:n], y[:n])
}

func TestRandomizeRefusesOtherDtypes(t *testing.T) {
	err := Randomize(newRandomModel(), 1, gt.Float64)
	if err == nil || err.Error() != "random weights: dtype float64; want float32, Float16 or BF16" {
		t.Errorf("got %v", err)
	}
}
