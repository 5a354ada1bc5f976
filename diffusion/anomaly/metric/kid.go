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

// kernelTable has the kernel of all pairs of pictures of a part, those of the first set before those of the second.
type kernelTable struct {
	first, second int // how many
	values        []float64
}

// mostFeatures bounds the memory of a part: half a gigabyte.
const mostFeatures = 8192

// Add takes the features of the pictures of a part: at least two of each set, 8192 at most together, all of one length and
// of finite numbers. Nothing of them is kept. After an error nothing was added.
func (k *KID) Add(x, y [][]float32) error {
	if k == nil {
		return errors.New("there is no distance to add to: want new(KID)")
	}
	if err := errors.Join(checkFeatures("the first set", x, 2), checkFeatures("the second set", y, 2)); err != nil {
		return err
	}
	if len(x)+len(y) > mostFeatures {
		return fmt.Errorf("features of %d and %d pictures, want at most %d together", len(x), len(y), mostFeatures)
	}
	if len(x[0]) != len(y[0]) {
		return fmt.Errorf("features of %d numbers in the first set, and of %d in the second", len(x[0]), len(y[0]))
	}
	k.parts = append(k.parts, newKernelTable(x, y))
	return nil
}

// checkFeatures returns an error unless there are features of so many pictures, of one length and finite.
func checkFeatures(of string, x [][]float32, least int) error {
	if len(x) < least {
		return fmt.Errorf("%s has features of %d pictures, want at least %d", of, len(x), least)
	}
	for i, v := range x {
		switch {
		case len(v) == 0 || len(v) != len(x[0]):
			return fmt.Errorf("picture %d of %s has features of %d numbers, the first one %d, want as many and at least one", i, of, len(v), len(x[0]))
		case slices.ContainsFunc(v, func(f float32) bool { return math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) }):
			return fmt.Errorf("a feature of picture %d of %s is not finite", i, of)
		}
	}
	return nil
}

func newKernelTable(x, y [][]float32) kernelTable {
	all := slices.Concat(x, y)
	n, d := len(all), float64(len(all[0]))
	t := kernelTable{len(x), len(y), make([]float64, n*n)}
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

// Value returns the mean of the parts' distances; an error where nothing was added.
func (k *KID) Value() (float64, error) {
	if k == nil || len(k.parts) == 0 {
		return 0, errNoFeatures
	}
	sum := 0.0
	for _, t := range k.parts {
		sum += t.distance(ones(t.first), ones(t.second))
	}
	return sum / float64(len(k.parts)), nil
}

var errNoFeatures = errors.New("there is no distance: no features were added")

// Interval returns where 95 % of the values lie that other pictures of the same kinds would give, by the bootstrap: of each
// set of each part as many pictures are drawn as it has, and some of them several times, so many times over (200 are
// enough; 2 to 10000). A picture is never paired with itself, which would have them look like a set that is more of one
// kind. The seed gives the same draws again.
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
			means[i] += t.distance(drawn(r, t.first), drawn(r, t.second)) / float64(len(k.parts))
		}
	})
	slices.Sort(means)
	return quantile(means, 0.025), quantile(means, 0.975), nil
}

// distance is that of the two sets in which each picture is there so many times.
func (t kernelTable) distance(x, y []float64) float64 {
	n, all := t.first+t.second, slices.Concat(x, y)
	var within [2]float64
	between := 0.0
	for i := range n {
		row, inside, across := t.values[i*n:][:n], 0.0, 0.0
		for j := range t.first {
			inside += all[j] * row[j]
		}
		for j := t.first; j < n; j++ {
			across += all[j] * row[j]
		}
		set := 0
		if i >= t.first {
			set, inside = 1, across
		} else {
			between += all[i] * across
		}
		within[set] += all[i] * (inside - all[i]*row[i])
	}
	return within[0]/pairs(x) + within[1]/pairs(y) - 2*between/(float64(t.first)*float64(t.second))
}

// pairs is how many pairs of different pictures there are, in both orders, with each picture there so many times.
func pairs(times []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, t := range times {
		sum += t
		squares += t * t
	}
	return sum*sum - squares
}

func ones(n int) []float64 { return slices.Repeat([]float64{1}, n) }

// drawn tells how many times each of n pictures comes in n draws, among them two different ones.
func drawn(r *rand.Rand, n int) []float64 {
	for range 64 { // of two pictures every other draw has both
		times := make([]float64, n)
		for range n {
			times[r.IntN(n)]++
		}
		if pairs(times) > 0 {
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
