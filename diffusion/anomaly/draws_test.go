package anomaly

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestDistributions compares what comes with what is to come: the largest distance between the two
// distribution functions (Kolmogorov and Smirnov's), for which the bound holds 999 times of 1000.
func TestDistributions(t *testing.T) {
	const n = 20_000
	for name, c := range map[string]struct {
		draw func(d Draws) float64
		cdf  func(x float64) float64
	}{
		"uniform":     {func(d Draws) float64 { return d.Uniform(-2, 6) }, distuv.Uniform{Min: -2, Max: 6}.CDF},
		"normal":      {func(d Draws) float64 { return d.Normal(1, 0.5) }, distuv.Normal{Mu: 1, Sigma: 0.5}.CDF},
		"gamma":       {func(d Draws) float64 { return d.Gamma(2, 0.05) }, distuv.Gamma{Alpha: 2, Beta: 20}.CDF},
		"small gamma": {func(d Draws) float64 { return d.Gamma(0.15, 3) }, distuv.Gamma{Alpha: 0.15, Beta: 1.0 / 3}.CDF},
		"exponential": {func(d Draws) float64 { return d.Gamma(1, 4) }, distuv.Exponential{Rate: 0.25}.CDF},
	} {
		d := NewDraws(7)
		drawn := make([]float64, n)
		for i := range drawn {
			drawn[i] = c.draw(d)
		}
		if distance := kolmogorov(drawn, c.cdf); distance > 1.95/math.Sqrt(n) {
			t.Errorf("%s: the distribution is off by %.4f", name, distance)
		}
	}
	first := make([]float64, n) // of one seed after the other
	for seed := range first {
		first[seed] = NewDraws(uint64(seed)).Uniform(0, 1)
	}
	if distance := kolmogorov(first, distuv.UnitUniform.CDF); distance > 1.95/math.Sqrt(n) {
		t.Errorf("first draws of seeds: the distribution is off by %.4f", distance)
	}
}

// kolmogorov is the largest distance between the share of numbers up to x and what it should be.
func kolmogorov(drawn []float64, cdf func(x float64) float64) (largest float64) {
	slices.Sort(drawn)
	n := float64(len(drawn))
	for i, x := range drawn {
		largest = max(largest, math.Abs(cdf(x)-float64(i)/n), math.Abs(float64(i+1)/n-cdf(x)))
	}
	return largest
}

// TestWholeNumbers counts how often each comes, and each ordered choice: the squares of the differences
// from the mean, by the mean, are as many as there are numbers, give or take.
func TestWholeNumbers(t *testing.T) {
	const n = 60_000
	d := NewDraws(3)
	whole, choices := map[int]int{}, map[[2]int]int{}
	for range n {
		whole[d.Whole(-2, 4)]++
		c := d.Choose(4, 2)
		choices[[2]int(c)]++
	}
	check := func(what string, kinds int, counts []int) {
		if len(counts) != kinds {
			t.Fatalf("%s: %d different, want %d", what, len(counts), kinds)
		}
		mean, sum := float64(n)/float64(kinds), 0.0
		for _, count := range counts {
			sum += (float64(count) - mean) * (float64(count) - mean) / mean
		}
		if free := float64(kinds - 1); sum > free+5*math.Sqrt(2*free) {
			t.Errorf("%s: not all are as frequent: χ² is %.1f with %g degrees of freedom", what, sum, free)
		}
	}
	values := func(m map[int]int) (v []int) {
		for k, count := range m {
			if k < -2 || k >= 4 {
				t.Errorf("%d is not from -2 to 3", k)
			}
			v = append(v, count)
		}
		return v
	}
	check("whole numbers", 6, values(whole))
	var counts []int
	for pair, count := range choices {
		if pair[0] == pair[1] || min(pair[0], pair[1]) < 0 || max(pair[0], pair[1]) > 3 {
			t.Errorf("a choice is %v", pair)
		}
		counts = append(counts, count)
	}
	check("choices", 4*3, counts)
}

// TestSeeds: a seed always has the same draws, and another seed others.
func TestSeeds(t *testing.T) {
	some := func(seed uint64) []float64 {
		d := NewDraws(seed)
		all := []float64{float64(d.Whole(0, 1<<40)), d.Uniform(0, 1), d.Normal(0, 1), d.Gamma(2, 1)}
		for _, i := range d.Choose(1000, 5) {
			all = append(all, float64(i))
		}
		return all
	}
	if a, b := some(5), some(5); !slices.Equal(a, b) {
		t.Errorf("seed 5 has %v and %v", a, b)
	}
	for i, v := range some(6) {
		if v == some(5)[i] {
			t.Errorf("draw %d of seeds 5 and 6 is %v", i, v)
		}
	}
	d := NewDraws(5)
	if got, want := []int{d.Whole(0, 1<<30), d.Whole(-9, 9), d.Choose(100, 3)[2]}, []int{612223547, -1, 81}; !slices.Equal(got, want) {
		t.Errorf("seed 5 has the whole numbers %v, and had %v", got, want)
	}
}

// TestDrawsOfNothing asks for what cannot be drawn.
func TestDrawsOfNothing(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, d := range map[string]Draws{"seed": NewDraws(1), "recorder": NewRecorder(nil), "player": NewPlayer(nil), "no seed": NewRecorder(NewDraws(2))} {
		for i, got := range []float64{
			float64(d.Whole(3, 3)), float64(d.Whole(3, math.MinInt)), float64(d.Whole(3, 2)), d.Uniform(3, 3), d.Uniform(3, 2), d.Uniform(3, nan), d.Uniform(3, inf), d.Normal(3, 0),
			3 + d.Gamma(0, 1), 3 + d.Gamma(nan, 1), 3 + d.Gamma(inf, 1), 3 + d.Gamma(1, -1), 3 + float64(len(d.Choose(-1, 4))), 3 + float64(len(d.Choose(4, -1))),
			float64(len(d.Choose(3, math.MaxInt))),
		} {
			if got != 3 {
				t.Errorf("%s, call %d: %v", name, i, got)
			}
		}
	}
	if n := NewDraws(1).Choose(math.MaxInt, 2); len(n) != 2 || n[0] == n[1] || min(n[0], n[1]) < 0 {
		t.Errorf("two of very many: %v", n)
	}
}

// TestUniformExcludesItsEnd draws between two neighbouring numbers.
func TestUniformExcludesItsEnd(t *testing.T) {
	d, next := NewDraws(1), math.Nextafter(1, 2)
	for range 100 {
		if x := d.Uniform(1, next); x != 1 {
			t.Fatalf("%v is not below %v", x, next)
		}
	}
}
