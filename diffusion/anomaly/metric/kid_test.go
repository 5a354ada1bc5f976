package metric

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// features are of n pictures; set tells two of them apart.
func features(n, numbers, set int) [][]float32 {
	all := make([][]float32, n)
	for i := range all {
		for c := range numbers {
			v := float64((i*i*7+c*13+i*c*5+set*29)%97) / 48
			if set > 0 {
				v -= 0.3
			}
			all[i] = append(all[i], float32(v))
		}
	}
	return all
}

// kid is the distance of two sets.
func kid(t *testing.T, x, y [][]float32) *KID {
	t.Helper()
	k := new(KID)
	if err := k.Add(FeatureSet{Features: x}, FeatureSet{Features: y}); err != nil {
		t.Fatal(err)
	}
	return k
}

// TestKID has what NumPy makes of torch-fidelity's formula: polynomial_mmd with degree 3, gamma 1/d, coef0 1 and
// mmd2_unbiased, over all pairs.
func TestKID(t *testing.T) {
	both := new(KID)
	for _, c := range []struct {
		first, second, numbers int
		want                   float64
	}{{7, 5, 11, 0.34166893895888784}, {40, 60, 33, 1.3922143711244939}, {2, 2, 1, 0.2948233549153687}} {
		x, y := features(c.first, c.numbers, 0), features(c.second, c.numbers, 1)
		got, err := kid(t, x, y).Value()
		if err != nil || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%d and %d pictures: %v, %v, want %v", c.first, c.second, got, err, c.want)
		}
		back, err := kid(t, y, x).Value()
		if err != nil || math.Abs(back-got) > 1e-12 {
			t.Errorf("%d and %d pictures: %v, and %v, %v the other way round", c.first, c.second, got, back, err)
		}
		if err := both.Add(FeatureSet{Features: x}, FeatureSet{Features: y}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := both.Value(); err != nil || math.Abs(got-(0.34166893895888784+1.3922143711244939+0.2948233549153687)/3) > 1e-12 {
		t.Errorf("of three parts: %v, %v", got, err)
	}
}

// TestInterval has what NumPy's bootstrap without pairs of a picture and itself makes of 20000 resamples: 1.0863 to 1.7099.
func TestInterval(t *testing.T) {
	k := kid(t, features(40, 33, 0), features(60, 33, 1))
	low, high, err := k.Interval(4000, 1)
	if err != nil || math.Abs(low-1.0863) > 0.02 || math.Abs(high-1.7099) > 0.02 {
		t.Errorf("%v to %v, %v, want 1.086 to 1.710", low, high, err)
	}
	again, _, err := k.Interval(4000, 1)
	if err != nil || again != low {
		t.Errorf("the same seed: from %v, %v, want %v", again, err, low)
	}
	if other, _, _ := k.Interval(4000, 2); other == low {
		t.Error("another seed gives the same draws")
	}
	two := kid(t, features(2, 3, 0), features(2, 3, 1))
	value, err1 := two.Value()
	low, high, err2 := two.Interval(200, 1)
	if err1 != nil || err2 != nil || math.Abs(low-value) > 2 || math.Abs(high-value) > 2 {
		t.Errorf("of two pictures: %v, %v, %v to %v, %v", value, err1, low, high, err2)
	}
}

// TestKIDOfEqualKinds has no distance on the average where both sets are drawn alike, and one where they are not. A biased
// estimate would not pass.
func TestKIDOfEqualKinds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	draw := func(n int, mean float64) (all FeatureSet) {
		for range n {
			v := make([]float32, 20)
			for c := range v {
				v[c] = float32(mean + r.NormFloat64())
			}
			all.Features = append(all.Features, v)
		}
		return all
	}
	alike, apart := new(KID), new(KID)
	for range 200 {
		if err := alike.Add(draw(10, 1), draw(15, 1)); err != nil {
			t.Fatal(err)
		}
		if err := apart.Add(draw(10, 1), draw(15, 1.2)); err != nil {
			t.Fatal(err)
		}
	}
	near, err1 := alike.Value()
	far, err2 := apart.Value()
	if err1 != nil || err2 != nil || math.Abs(near) > 0.15 || far < 0.3 {
		t.Errorf("alike: %v, %v; apart: %v, %v", near, err1, far, err2)
	}
	if low, high, err := apart.Interval(100, 1); err != nil || !(low < far && far < high) {
		t.Errorf("%v, and between %v and %v, %v", far, low, high, err)
	}
}

// TestKIDOfOneOrigin has pictures that are there several times, or with others of the same origin, in the place of more
// pictures.
func TestKIDOfOneOrigin(t *testing.T) {
	x, y := features(6, 9, 0), features(5, 9, 1)
	want, err1 := kid(t, x, y).Value()
	low, high, err2 := kid(t, x, y).Interval(100, 1)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	twice := FeatureSet{slices.Concat(x, x), []int{7, -1, 3, 4, 5, 6, 7, -1, 3, 4, 5, 6}}
	k := new(KID)
	if err := k.Add(twice, FeatureSet{Features: y}); err != nil {
		t.Fatal(err)
	}
	got, err1 := k.Value()
	from, to, err2 := k.Interval(100, 1)
	if err := errors.Join(err1, err2); err != nil || math.Abs(got-want) > 1e-12 || math.Abs(from-low) > 1e-12 || math.Abs(to-high) > 1e-12 {
		t.Errorf("%v, %v to %v, %v, want %v, %v to %v", got, from, to, err, want, low, high)
	}
	if simple, err := kid(t, twice.Features, y).Value(); err != nil || simple < want+1e-3 {
		t.Errorf("%v, %v without what they were made of, %v with it", simple, err, want)
	}
	for says, of := range map[string][]int{
		"the second set tells of 4 pictures what they were made of, and has 5": {1, 2, 3, 4},
		"the second set has 5 pictures, of 1 origins, want at least 2":         {1, 1, 1, 1, 1},
	} {
		if err := k.Add(twice, FeatureSet{y, of}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
}

// TestKIDRefuses has an error for what cannot be compared, and nothing of it added.
func TestKIDRefuses(t *testing.T) {
	odd := func(v ...float32) [][]float32 { return [][]float32{{1, 2}, v} }
	k := new(KID)
	for says, sets := range map[string][2][][]float32{
		"the first set has 1 pictures, of 1 origins, want at least 2":            {features(1, 2, 0), features(2, 2, 1)},
		"the second set has 0 pictures, of 0 origins, want at least 2":           {features(2, 2, 0), nil},
		"picture 1 of the second set has features of 1 numbers, the first one 2": {features(2, 2, 0), odd(3)},
		"picture 0 of the first set has features of 0 numbers":                   {make([][]float32, 2), features(2, 2, 0)},
		"a feature of picture 1 of the first set is not finite":                  {odd(1, float32(math.NaN())), features(2, 2, 0)},
		"a feature of picture 1 of the second set is not finite":                 {features(2, 2, 0), odd(float32(math.Inf(-1)), 0)},
		"features of 3 numbers in the first set, and of 2 in the second":         {features(2, 3, 0), features(2, 2, 0)},
		"features of 8000 and 193 pictures, want at most 8192 together":          {features(8000, 1, 0), features(193, 1, 0)},
	} {
		if err := k.Add(FeatureSet{Features: sets[0]}, FeatureSet{Features: sets[1]}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
	if _, err := k.Value(); err == nil {
		t.Error("a value of nothing")
	}
	for _, resamples := range []int{-1, 1, 10_001} {
		if _, _, err := kid(t, features(2, 2, 0), features(2, 2, 1)).Interval(resamples, 0); err == nil {
			t.Errorf("%d resamples: no error", resamples)
		}
	}
}
