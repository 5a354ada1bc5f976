package metric

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sdgraph/sdgraph/kernels"
)

// KID is a distance between two sets of pictures, of which a network has made features: the kernel Inception distance
// (Bińkowski, Sutherland, Arbel and Gretton, "Demystifying MMD GANs", ICLR 2018, section 4), which goes by this name for
// features of Inception only; those of others give other numbers. It is the unbiased estimate of the squared maximum mean
// discrepancy with the kernel (x·y/d + 1)³, d being how many numbers a picture's features have: 0 on the average for sets
// that are drawn alike, and for two given ones below 0 as easily as above. All pairs count once, where torch-fidelity takes
// the mean over random subsets.
//
// Pictures of several parts are compared part by part, by an Add for each, and the distance is the mean over parts: in one
// set, how parts differ from each other would hide how their defects do. It takes 8 bytes of memory for each pair of
// pictures of a part. The zero value has no parts. One goroutine at a time may use it.
type KID struct{ parts []kernelTable }

// FeatureSet is what a network has made of pictures: of each as many finite numbers.
type FeatureSet struct {
	Features [][]float32

	// Of tells of each picture what it was made of, such as the number of a normal picture. Those that were made of one are
	// more alike than others, and would look like a set of less variety: pairs of them do not count. Default: nil, each is
	// of its own.
	Of []int
}

// check returns an error unless there are pictures of at least two origins, with features of one length and finite.
func (s FeatureSet) check(name string) error {
	if err := checkFeatures(name, s.Features); err != nil {
		return err
	}
	if s.Of != nil && len(s.Of) != len(s.Features) {
		return fmt.Errorf("%s tells of %d pictures what they were made of, and has %d", name, len(s.Of), len(s.Features))
	}
	if n, groups := s.groups(); groups < 2 {
		return fmt.Errorf("%s has %d pictures, of %d origins, want at least 2", name, len(n), groups)
	}
	return nil
}

// groups number what pictures were made of, from 0, and tell how many there are.
func (s FeatureSet) groups() (of []int, groups int) {
	number := map[int]int{}
	for i := range s.Features {
		from := i
		if s.Of != nil {
			from = s.Of[i]
		}
		if _, known := number[from]; !known {
			number[from] = len(number)
		}
		of = append(of, number[from])
	}
	return of, len(number)
}

// mostFeatures bounds the memory of a part: half a gigabyte.
const mostFeatures = 8192

// Add takes two sets of pictures of a part: each of pictures of at least two origins, and together of 8192 pictures at
// most. Nothing of them is kept. After an error nothing was added.
func (k *KID) Add(x, y FeatureSet) error {
	if k == nil {
		return errors.New("there is no distance to add to: want new(KID)")
	}
	if err := errors.Join(x.check("the first set"), y.check("the second set")); err != nil {
		return err
	}
	first, second := len(x.Features), len(y.Features)
	if first+second > mostFeatures {
		return fmt.Errorf("features of %d and %d pictures, want at most %d together", first, second, mostFeatures)
	}
	if a, b := len(x.Features[0]), len(y.Features[0]); a != b {
		return fmt.Errorf("features of %d numbers in the first set, and of %d in the second", a, b)
	}
	k.parts = append(k.parts, newKernelTable(x, y))
	return nil
}

// checkFeatures returns an error unless all have one length, and are finite.
func checkFeatures(name string, x [][]float32) error {
	for i, v := range x {
		switch {
		case len(v) == 0 || len(v) != len(x[0]):
			return fmt.Errorf("picture %d of %s has features of %d numbers, the first one %d, want as many and at least one", i, name, len(v), len(x[0]))
		case slices.ContainsFunc(v, func(f float32) bool { return math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) }):
			return fmt.Errorf("a feature of picture %d of %s is not finite", i, name)
		}
	}
	return nil
}

// Value returns the mean of the parts' distances; an error where nothing was added.
func (k *KID) Value() (float64, error) {
	if k == nil || len(k.parts) == 0 {
		return 0, errNoFeatures
	}
	sum := 0.0
	for _, t := range k.parts {
		sum += t.distance(ones(t.first.groups), ones(t.second.groups))
	}
	return sum / float64(len(k.parts)), nil
}

var errNoFeatures = errors.New("there is no distance: no features were added")

// Interval returns where 95 % of the values lie that other pictures of the same kinds would give, by the bootstrap: of each
// set of each part as many origins are drawn as it has, some of them several times, with all of their pictures, so many
// times over (200 are enough; 2 to 10000). A picture is never paired with itself, which would have sets look as if they had
// less variety. The seed gives the same draws again.
func (k *KID) Interval(resamples int, seed uint64) (low, high float64, err error) {
	if k == nil || len(k.parts) == 0 {
		return 0, 0, errNoFeatures
	}
	if resamples < 2 || resamples > 10_000 {
		return 0, 0, fmt.Errorf("%d resamples, want 2 to 10000", resamples)
	}
	means := make([]float64, resamples)
	kernels.Parallel(resamples, func(i int) {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		for _, t := range k.parts {
			means[i] += t.distance(drawn(r, t.first.groups), drawn(r, t.second.groups)) / float64(len(k.parts))
		}
	})
	slices.Sort(means)
	return quantile(means, 0.025), quantile(means, 0.975), nil
}

// kernelTable has the kernel of all pairs of pictures of a part, those of the first set before those of the second.
type kernelTable struct {
	first, second kernelSet
	values        []float64
}

// kernelSet is one of the two sets: the number of the group that each picture is in.
type kernelSet struct {
	of     []int
	groups int
}

func newKernelTable(x, y FeatureSet) kernelTable {
	all := slices.Concat(x.Features, y.Features)
	n, d := len(all), float64(len(all[0]))
	t := kernelTable{values: make([]float64, n*n)}
	t.first.of, t.first.groups = x.groups()
	t.second.of, t.second.groups = y.groups()
	kernels.Parallel(n, func(i int) {
		for j := range i + 1 {
			dot := 0.0
			for c, v := range all[i] {
				dot += float64(v) * float64(all[j][c])
			}
			v := dot/d + 1
			v *= v * v
			t.values[i*n+j], t.values[j*n+i] = v, v
		}
	})
	return t
}

// distance is that of the two sets in which each group is there so many times.
func (t kernelTable) distance(x, y []float64) float64 {
	n, k := len(t.first.of), len(t.first.of)+len(t.second.of)
	within := func(s kernelSet, times []float64, at int) float64 {
		return weighted(s, times, s, times, func(i int) []float64 { return t.values[(at+i)*k+at:] }, true)
	}
	between := weighted(t.first, x, t.second, y, func(i int) []float64 { return t.values[i*k+n:] }, false)
	return within(t.first, x, 0) + within(t.second, y, n) - 2*between
}

// weighted is the mean of the kernel over pairs of pictures of two sets, with their groups there so many times; apart leaves
// out pairs of one group.
func weighted(a kernelSet, timesA []float64, b kernelSet, timesB []float64, row func(i int) []float64, apart bool) float64 {
	sum, weights := 0.0, 0.0
	for i, g := range a.of {
		if timesA[g] == 0 {
			continue
		}
		values, s, w := row(i), 0.0, 0.0
		for j, h := range b.of {
			if apart && g == h {
				continue
			}
			s += timesB[h] * values[j]
			w += timesB[h]
		}
		sum += timesA[g] * s
		weights += timesA[g] * w
	}
	return sum / weights
}

func ones(n int) []float64 { return slices.Repeat([]float64{1}, n) }

// drawn tells how many times each of n groups comes in n draws, among them two different ones.
func drawn(r *rand.Rand, n int) []float64 {
	for range 64 { // of two groups every other draw has both
		times := make([]float64, n)
		for range n {
			times[r.IntN(n)]++
		}
		if slices.Max(times) < float64(n) {
			return times
		}
	}
	return ones(n)
}

// quantile is that of sorted numbers, on straight lines between them.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-2)
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
